"""The commands that one run answers, and what the sources gave for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar

from tasks.standby import Progress
from wa_integrasi.answering.desk import Desk, Ticket
from wa_integrasi.answering.fetching import Fetched, Kitchen
from wa_integrasi.answering.leaves import Leaf
from wa_integrasi.answering.telling import Answer

_RENEW_EVERY_S = 10.0

log = logging.getLogger(__name__)


class Batch(Progress):
    """Some commands, and what is needed to answer them. No dataclass: Prefect would look through all of it."""

    def __init__(self, desk: Desk, kitchen: Kitchen, tickets: Sequence[Ticket], *, dry_run: bool = False) -> None:
        super().__init__()
        self.desk = desk
        self.kitchen = kitchen
        self.tickets = tickets
        self.dry_run = dry_run

    @contextmanager
    def given(self) -> Iterator[None]:
        """Within the block this is what a run finds. Parameters would not do: Prefect keeps those, as JSON."""
        token = _given.set(self)
        try:
            yield
        finally:
            _given.reset(token)

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Within the block the commands stay ours."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_EVERY_S)
            try:
                await asyncio.to_thread(self.desk.renew, self.tickets)
            except Exception as error:
                log.warning("commands are not renewed: %s", type(error).__name__)


class Gathered:
    """What the sources gave for each command of a batch. No dataclass either."""

    def __init__(self, leaves: Sequence[Sequence[Leaf]], fetched: Sequence[Sequence[Fetched]]) -> None:
        self.leaves = leaves
        self.fetched = fetched


class Answers:
    """What is to be said to each command of a batch."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = answers


_given: ContextVar[Batch | None] = ContextVar("batch", default=None)


def given_batch() -> Batch | None:
    """What this run was given by the process that it is in; nothing where it was started by hand."""
    return _given.get()
