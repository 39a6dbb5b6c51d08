"""What people ask as a work of `wa live`: answered at once, or by a run of `on-demand-trigger`."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from blocks.gateways import KeptSenders
from deployments.runs import RunError, Runs
from flows.on_demand import on_demand
from tasks.batch import Batch
from wa_integrasi.answering.desk import Desk, Ticket
from wa_integrasi.answering.fetching import Kitchen
from wa_integrasi.answering.marks import Marks

MOST_RUNS = 3
"""Runs at once; what comes meanwhile waits and becomes one more."""

SLOW_S = 1.0
"""A run that takes longer waits for a slow source: another may begin beside it. Runs that begin together hold each
other up in Prefect's database."""

_FULL = timedelta(seconds=0.05)
_ENDS_WITHIN_S = 1.5
_MARKS_END_WITHIN_S = 0.5
_TIDY_EVERY_S = 300.0

log = logging.getLogger(__name__)


class CommandsWork:
    """Answers commands. While Prefect is away, those that want a source wait, and their askers are told once."""

    name = "commands"

    def __init__(self, desk: Desk, kitchen: Kitchen, runs: Runs, senders: KeptSenders) -> None:
        self._desk = desk
        self._kitchen = kitchen
        self._runs = runs
        self._marks = Marks(desk.store, lambda account: senders.lent(account, look=False), clock=desk.clock)
        self._going: set[asyncio.Task[None]] = set()
        self._began_at = -math.inf
        self._tidy_at = time.monotonic()

    def due_in(self) -> timedelta | None:
        """Until a command is due; while no further run may begin, none is."""
        due = self._desk.due_in()
        return due if due is None or self._may_begin() else max(due, _FULL)

    async def run(self) -> bool:
        """Take what waits, answer at once what can be, and begin a run for the others."""
        if time.monotonic() > self._tidy_at:
            self._tidy_at = time.monotonic() + _TIDY_EVERY_S
            await asyncio.to_thread(self._desk.tidy)
        opened = await asyncio.to_thread(self._desk.open)
        if opened.tickets:
            self._began_at = time.monotonic()
            task = asyncio.create_task(self._answer(opened.tickets), name="commands in a run")
            self._going.add(task)
            task.add_done_callback(self._going.discard)
        for command in opened.given_up:
            self._marks.give_up(command)
        warned = await asyncio.to_thread(self._desk.warn)
        return opened.taken + warned > 0

    async def close(self) -> None:
        """Let what goes on end, for a moment; what does not is taken by others when its lease ends."""
        if tasks := set(self._going):
            _, late = await asyncio.wait(tasks, timeout=_ENDS_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._marks.close(_MARKS_END_WITHIN_S)

    def _may_begin(self) -> bool:
        going = len(self._going)
        return going == 0 or (going < MOST_RUNS and time.monotonic() - self._began_at > SLOW_S)

    async def _answer(self, tickets: Sequence[Ticket]) -> None:
        async with self._marks.shown(tickets):
            await self._run(tickets)

    async def _run(self, tickets: Sequence[Ticket]) -> None:
        batch = Batch(self._desk, self._kitchen, tickets)
        counts = Counter(ticket.order.trigger for ticket in tickets)
        shown = ", ".join(name if count == 1 else f"{name} ×{count}" for name, count in counts.items())
        try:
            async with batch.renewed():
                made = await self._runs.possible() and await self._runs.make(
                    lambda: on_demand(shown, return_state=True), batch
                )
            if not made:
                await asyncio.to_thread(self._desk.wait, tickets, "Prefect does not answer")
        except Exception as error:
            why = str(error) if isinstance(error, RunError) else type(error).__name__
            log.error("commands were not answered: %s", why)  # noqa: TRY400 - it may hold what people wrote
            await self._stumble(tickets, why)

    async def _stumble(self, tickets: Sequence[Ticket], why: str) -> None:
        try:
            await asyncio.to_thread(self._desk.stumble, tickets, why)
        except Exception as error:
            log.warning("they come back when their leases end: %s", type(error).__name__)
