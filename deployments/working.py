"""Works that go on for as long as the process does: each is woken, done when it is due, and survives its errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self

from wa_integrasi.store.engine import Store
from wa_integrasi.store.waking import Waker

ENDS_WITHIN_S = 6.0
"""How long works may take to end what they have begun, before they are cancelled."""

_LOOK_ANYWAY_S = {"postgresql": 1.0, "sqlite": 10.0}
"""How often works are asked in any case: an old producer's plain INSERT into PostgreSQL wakes nobody."""

_LOOK_AGAIN_S = 0.5
"""After a run that left something due: it waits for somebody else."""

_WAKE_NOT_BEFORE_S = 0.02
"""The shortest time between two wakes: a store that is busy, or away, wakes all the time."""

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_SAY_EVERY_S = 60.0

log = logging.getLogger(__name__)


class Work(Protocol):
    """Something that a long-lived process does again and again, whenever it is due."""

    @property
    def name(self) -> str:
        """What logs call it."""
        ...

    def due_in(self) -> timedelta | None:
        """How long until there is something to do; None when nothing is known to come. Asked in a thread."""
        ...

    async def run(self) -> bool:
        """Do what is due; whether there may be more. Raises whatever goes wrong: it is run again, after a pause."""
        ...


class _Loop:
    """One work, at it until it is told to stop."""

    def __init__(self, work: Work, look_s: float, said: tuple[type[Exception], ...]) -> None:
        self._work = work
        self._look_s = look_s
        self._said = said
        self._woken = asyncio.Event()
        self._stop = asyncio.Event()
        self._trouble: str | None = None
        self._failures = 0
        self._runs = 0
        self.task = asyncio.create_task(self._go(), name=work.name)

    def wake(self) -> None:
        """Look now; one that pauses after an error does not."""
        self._woken.set()

    def stop(self) -> None:
        """End with the run that goes on now."""
        self._stop.set()
        self._woken.set()

    def count(self) -> str:
        """How often it has run since the last time, and what is wrong with it."""
        runs, self._runs = self._runs, 0
        return f"{self._work.name} {runs}" + (f" ({self._trouble})" if self._trouble else "")

    async def _go(self) -> None:
        while not self._stop.is_set():
            self._woken.clear()
            if self._stop.is_set():
                return
            try:
                due = await self._turn()
            except Exception as error:
                await self._after(error)
            else:
                self._well()
                if due > 0:
                    await _within(self._woken, due)

    async def _turn(self) -> float:
        """Run the work if it is due; seconds until it is to be asked again."""
        due = await asyncio.to_thread(self._work.due_in)
        if due is None or due > timedelta():
            return self._look_s if due is None else min(self._look_s, due.total_seconds())
        self._runs += 1
        if await self._work.run():
            return 0.0
        due = await asyncio.to_thread(self._work.due_in)
        return self._look_s if due is None else min(self._look_s, max(_LOOK_AGAIN_S, due.total_seconds()))

    async def _after(self, error: Exception) -> None:
        """Say what has changed, and nothing at the tries that change nothing; then wait, longer each time."""
        trouble = str(error) if isinstance(error, self._said) else type(error).__name__
        if trouble != self._trouble:
            log.warning("%s waits: %s", self._work.name, trouble)
        self._trouble = trouble
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._failures, 10))
        self._failures += 1
        await _within(self._stop, pause)

    def _well(self) -> None:
        if self._trouble is not None:
            log.warning("%s goes on", self._work.name)
        self._trouble, self._failures = None, 0


class Runner:
    """Does works, each in a loop of its own; a context manager that ends them in order.

    `said` are the errors whose text is for people; of all others only the type is logged.
    """

    def __init__(self, store: Store, works: Collection[Work] = (), *, said: tuple[type[Exception], ...] = ()) -> None:
        self._store = store
        self._first = works
        self._said = said
        self._loops: dict[str, _Loop] = {}
        self._ended: list[_Loop] = []
        self._own: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for work in self._first:
            self.add(work)
        self._own = [asyncio.create_task(self._wake(), name="wake"), asyncio.create_task(self._say(), name="say")]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._loops):
            self.drop(name)
        for task in self._own:
            task.cancel()
        tasks = [loop.task for loop in self._ended]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=ENDS_WITHIN_S)
            for task in late:
                log.warning("%s is stopped in the middle", task.get_name())
                task.cancel()
        await asyncio.gather(*tasks, *self._own, return_exceptions=True)

    def add(self, work: Work) -> None:
        """Begin a work; its name must be its own."""
        if work.name in self._loops:
            raise ValueError(f"there is a work called {work.name} already")
        self._loops[work.name] = _Loop(work, _LOOK_ANYWAY_S[self._store.dialect], self._said)

    def drop(self, name: str) -> None:
        """Let a work end with what it does now."""
        loop = self._loops.pop(name)
        loop.stop()
        self._ended = [ended for ended in self._ended if not ended.task.done()] + [loop]

    async def _wake(self) -> None:
        async with Waker(self._store) as waker:
            while True:
                try:
                    woken = await waker.wait(_SAY_EVERY_S)
                except Exception as error:
                    log.warning("works are not woken, but look by themselves: %s", type(error).__name__)
                    await asyncio.sleep(_SAY_EVERY_S)
                    continue
                for loop in self._loops.values() if woken else ():
                    loop.wake()
                await asyncio.sleep(_WAKE_NOT_BEFORE_S)

    async def _say(self) -> None:
        """Show that the process is alive: it has no other sign that an operator could look for."""
        while True:
            await asyncio.sleep(_SAY_EVERY_S)
            log.info("alive; runs in the last minute: %s", ", ".join(loop.count() for loop in self._loops.values()))


async def _within(event: asyncio.Event, seconds: float) -> None:
    # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the event.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
