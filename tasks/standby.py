"""What a process that stays has ready for the runs that it makes: connected senders, and the word to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Protocol

from blocks.gateways import load_gateway
from wa_integrasi.providers.base import Sender


class Lender(Protocol):
    """Whoever keeps senders."""

    def lent(self, account: str) -> AbstractAsyncContextManager[Sender]:
        """The connected sender of an account."""
        ...


class Progress:
    """Says how a run gets on, since Prefect can keep one waiting for long."""

    def __init__(self) -> None:
        self._at_work = 0
        self._left_at = time.monotonic()
        self.drained = False
        """Whether all that the run was made for is done."""

    @property
    def idle_s(self) -> float:
        """For how many seconds no step of the run has been at work."""
        return 0.0 if self._at_work else time.monotonic() - self._left_at

    @contextmanager
    def working(self) -> Iterator[None]:
        """Within the block a step of the run is at work."""
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            self._left_at = time.monotonic()


class Standby(Progress):
    """Of one run of the gateway."""

    def __init__(self, lender: Lender, stop: asyncio.Event) -> None:
        super().__init__()
        self._lender = lender
        self.stop = stop
        """Once it is set, the run ends what it has begun and takes on no more."""

    @asynccontextmanager
    async def lent(self, account: str) -> AsyncIterator[Sender]:
        """The sender of an account, for one step of the run."""
        with self.working():
            async with self._lender.lent(account) as sender:
                yield sender

    @contextmanager
    def given(self) -> Iterator[None]:
        """Within the block this is what a run finds. Parameters would not do: Prefect keeps those, as JSON."""
        token = _given.set(self)
        try:
            yield
        finally:
            _given.reset(token)


_given: ContextVar[Standby | None] = ContextVar("standby", default=None)


def standby() -> Standby | None:
    """What this run was given; nothing where it has a process of its own."""
    return _given.get()


@asynccontextmanager
async def sender_of(account: str) -> AsyncIterator[Sender]:
    """The sender of an account, ready or connected now. Raises `GatewayError`."""
    if (given := standby()) is not None:
        async with given.lent(account) as sender:
            yield sender
        return
    block = await load_gateway(account)
    async with block.sender() as sender:
        yield sender
