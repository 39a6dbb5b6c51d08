"""A worker at full speed: it claims ahead, sends, settles and asks, all at the same time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from wa_integrasi.delivery.flight import Flight
from wa_integrasi.delivery.tally import Tally
from wa_integrasi.delivery.worker import Worker
from wa_integrasi.store.waking import Waker

_AHEAD_S = 0.25
_MOST_AHEAD = 500
"""So much work is claimed ahead; more would make the messages of a lost worker wait for no reason."""

_GATHER_S = 0.02
_GATHER = 128
"""Answers are settled together: when so many are there, or the first has waited so long, or no other can come."""

_LOOK_AGAIN_S = 0.5
_LOOK_NOT_BEFORE_S = 0.05
"""The shortest time between two claims of which the first found nothing."""

_LOOK_ANYWAY_S = 1.0
"""How often a sleeping worker looks for what nobody told it of: an old producer's plain INSERT into PostgreSQL."""

_CLAIM_ANYWAY_S = 10.0
"""How often it claims in any case: a claim finds also rows that another program has set back to `pending`."""

_PATIENCE_S = 30.0
"""How long after its end a stream still waits for a store that is away, to write down what has come back."""

Finished = Callable[[float], Awaitable[bool]]
"""Asked with the seconds left whenever nothing is on its way."""


class Stream:
    """One go of a worker: until `finished` says so, or `budget_s` seconds are over and all is settled."""

    def __init__(
        self,
        worker: Worker,
        budget_s: float,
        finished: Finished,
        waker: Waker | None = None,
        stop: asyncio.Event | None = None,
    ) -> None:
        """With a `waker` it sleeps until there is work; `stop` ends its budget."""
        self._worker = worker
        self._waker = waker
        self._told_to_stop = stop
        self._clock = asyncio.get_running_loop().time
        self._finished = finished
        self._ends = self._clock() + budget_s
        self._look_at = self._ask_at = self._clock()
        self._empty_at = self._claimed_at = -math.inf
        self._ahead = worker.at_once
        self._work: dict[str, asyncio.Task[None]] = {}

    async def go(self) -> Tally:
        """Work until the end."""
        if math.isfinite(self._ends):
            self._worker.patience.end_at(self._ends + _PATIENCE_S)
        async with self._worker.flight() as flight:
            try:
                while True:
                    self._begin(flight)
                    await self._until_something_happens(flight)
                    if await self._over(flight):
                        return self._worker.tally
            finally:
                await self._stop()

    def _begin(self, flight: Flight) -> None:
        """Start whatever is due and not at work already."""
        now = self._clock()
        due = {name for name, moment in self._moments(flight).items() if moment <= now}
        if "settle" in due:
            self._start("settle", self._settle(flight))
        if "claim" in due:
            self._start("claim", self._claim(flight, self._room(flight)))
        if "ask" in due:
            self._start("ask", self._ask())
        if now < self._ends:
            if self._waker is not None:
                self._start("wake", self._wake(self._waker))
            if self._told_to_stop is not None:
                self._start("stop", self._obey(self._told_to_stop))
        self._start("land", _landing(flight))

    def _moments(self, flight: Flight) -> dict[str, float]:
        """When each kind of work that could begin is due; only such, so that none is waited for in vain."""
        moments = {}
        if flight.landed:
            together = flight.landed >= _GATHER or flight.landed == len(flight)
            moments["settle"] = -math.inf if together else flight.landed_at + _GATHER_S
        if self._clock() < self._ends:
            moments["ask"] = self._ask_at
            if self._room(flight):
                moments["claim"] = self._look_at
        return {name: moment for name, moment in moments.items() if name not in self._work}

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        if name in self._work:
            work.close()
        else:
            self._work[name] = asyncio.create_task(work, name=name)

    async def _until_something_happens(self, flight: Flight) -> None:
        if self._idle(flight) and self._clock() >= self._ends:
            return  # nothing is left that could happen
        first = min([*self._moments(flight).values(), self._ends if self._clock() < self._ends else math.inf])
        left = None if first == math.inf else max(0.0, first - self._clock())
        await asyncio.wait(self._work.values(), timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for name in [name for name, task in self._work.items() if task.done()]:
            self._work.pop(name).result()

    async def _over(self, flight: Flight) -> bool:
        if not self._idle(flight):
            return False
        left = self._ends - self._clock()
        return left <= 0 or await self._finished(left)

    def _idle(self, flight: Flight) -> bool:
        return not flight and not self._work.keys() & {"settle", "claim", "ask"}

    def _room(self, flight: Flight) -> dict[str, int]:
        """Of how many messages of each account there is room: one that is slow or has many keeps no other back.

        Of one with a pace nothing more is claimed until all have gone: their moments would pass, and they bunch up.
        """
        return {
            account: self._ahead - waiting
            for account, rules in self._worker.rules.items()
            if (waiting := flight.waiting(account)) <= (self._ahead // 2 if rules.pace is None else 0)
        }

    async def _claim(self, flight: Flight, room: dict[str, int]) -> None:
        began, self._look_at = self._clock(), math.inf
        wanted = sum(room.values())
        claimed = await self._worker.claim(wanted, room)
        flight.start(claimed)
        if len(claimed) >= min(room.values()):
            lasted, self._claimed_at = began - self._claimed_at, began
            if lasted < _AHEAD_S / 2:
                self._ahead = min(_MOST_AHEAD, 2 * self._ahead)
            elif lasted > 2 * _AHEAD_S:
                self._ahead = max(self._worker.at_once, self._ahead // 2)
        if claimed:
            self._look_at = self._clock()
        else:
            self._empty_at = self._clock()
            self._look_within(await self._pause())

    async def _pause(self) -> float:
        """How many seconds to wait after a claim that found nothing: what is due now waits for somebody else."""
        if self._waker is None:
            return _LOOK_AGAIN_S
        due = await self._worker.due_in()
        return min(due, _CLAIM_ANYWAY_S) if due > 0 else _LOOK_AGAIN_S

    def _look_within(self, seconds: float) -> None:
        self._look_at = min(self._look_at, max(self._clock() + seconds, self._empty_at + _LOOK_NOT_BEFORE_S))

    async def _settle(self, flight: Flight) -> None:
        await self._worker.settle(flight)
        self._look_within(0)  # the next of a chat may go now

    async def _ask(self) -> None:
        self._ask_at = math.inf
        if await self._worker.ask():
            self._look_within(0)
        self._ask_at = self._clock() + _LOOK_AGAIN_S

    async def _wake(self, waker: Waker) -> None:
        woken = await waker.wait(_LOOK_ANYWAY_S)
        self._look_within(0 if woken else await self._worker.due_in())

    async def _obey(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._ends = self._clock()
        self._worker.patience.end_at(self._ends + _PATIENCE_S)

    async def _stop(self) -> None:
        """Let a transaction that has begun come to its end; what is not written by then is of unknown fate."""
        self._worker.patience.end_at(self._clock())
        for name in self._work.keys() & {"land", "wake", "stop", "ask"}:
            self._work[name].cancel()
        await asyncio.gather(*self._work.values(), return_exceptions=True)


async def _landing(flight: Flight) -> None:
    await flight.changed.wait()
    flight.changed.clear()
    flight.check()
