"""Senders of a process that stays: connected once, kept while Prefect is away, changed when their block is."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from blocks.gateways.loading import Gateway, GatewayError, load_gateway
from wa_integrasi.providers.base import Sender

FRESH_S = 30.0
"""For how long a block is believed to be as it was."""

_LOADS_WITHIN_S = 5.0

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Kept:
    fields: tuple[type[Any], dict[str, Any]]
    sender: Sender
    users: int = 0
    looked_at: float = field(default_factory=time.monotonic)


class KeptSenders:
    """The senders of all accounts, in memory only; a context manager that disconnects them at its end."""

    def __init__(self, load: Callable[[str], Awaitable[Gateway]] = load_gateway, *, fresh_s: float = FRESH_S) -> None:
        self._load = load
        self._fresh_s = fresh_s
        self._kept: dict[str, _Kept] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._stale: set[str] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for account in list(self._kept):
            await self._kept.pop(account).sender.__aexit__(None, None, None)

    def doubt(self, account: str) -> None:
        """The block of `account` may have changed: look before its sender is used again."""
        if account in self._kept:
            self._kept[account].looked_at = -math.inf

    @asynccontextmanager
    async def lent(self, account: str, *, look: bool = True) -> AsyncIterator[Sender]:
        """The sender of an account, which stays connected to the end of the block, whatever happens to its account.

        Without `look` it is the one that is kept, if there is one. Raises `GatewayError`.
        """
        kept = self._kept.get(account)
        if kept is None or (look and time.monotonic() - kept.looked_at >= self._fresh_s):
            async with self._turns[account]:
                kept = await self._current(account)
        kept.users += 1
        try:
            yield kept.sender
        finally:
            kept.users -= 1
            await self._let_go(account, kept)

    async def _current(self, account: str) -> _Kept:
        kept = self._kept.get(account)
        if kept is not None and time.monotonic() - kept.looked_at < self._fresh_s:
            return kept
        try:
            async with asyncio.timeout(_LOADS_WITHIN_S):
                block = await self._load(account)
        except GatewayError:
            await self._forget(account)
            raise
        except Exception as error:
            if kept is None:
                raise GatewayError(f"the block of {account!r} cannot be loaded: {type(error).__name__}") from None
            if account not in self._stale:
                log.warning("the block of %s is used as it was: %s", account, type(error).__name__)
            self._stale.add(account)
            kept.looked_at = time.monotonic()
            return kept
        self._stale.discard(account)
        fields = type(block), {name: getattr(block, name) for name in type(block).model_fields}
        if kept is not None and kept.fields == fields:
            kept.looked_at = time.monotonic()
            return kept
        fresh = _Kept(fields, await block.sender().__aenter__())
        await self._forget(account)
        self._kept[account] = fresh
        return fresh

    async def _forget(self, account: str) -> None:
        if (kept := self._kept.pop(account, None)) is not None:
            await self._let_go(account, kept)

    async def _let_go(self, account: str, kept: _Kept) -> None:
        """Disconnect a sender that has been replaced, once nobody uses it."""
        if kept.users == 0 and self._kept.get(account) is not kept:
            await kept.sender.__aexit__(None, None, None)
