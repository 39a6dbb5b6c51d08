"""Sleeping until there is work: PostgreSQL says so, of SQLite one looks at the file."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from types import TracebackType
from typing import Any, Self

import psycopg

from wa_integrasi.store.engine import CHANNEL, Store

_LOOK_EVERY_S = 0.05
_CONNECT_AGAIN_S = 1.0

log = logging.getLogger(__name__)


class Waker:
    """Waits for somebody to enqueue a message or to end a hold; a context manager that owns one connection."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listening: psycopg.AsyncConnection[Any] | None = None
        self._file: sqlite3.Connection | None = None
        self._version = 0
        self._deaf = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._listening is not None:
            await self._listening.close()
        if self._file is not None:
            self._file.close()

    async def wait(self, at_most_s: float) -> bool:
        """Return when there may be work, or False after `at_most_s` seconds. Never raises for a store that is away."""
        if self._store.dialect == "sqlite":
            return await self._look(at_most_s)
        try:
            return await self._listen(at_most_s)
        except psycopg.Error as error:
            if not self._deaf:
                log.warning("not woken by the store, looking every second: %s", type(error).__name__)
            self._deaf = True
            if self._listening is not None:
                await self._listening.close()
            self._listening = None
            await asyncio.sleep(min(at_most_s, _CONNECT_AGAIN_S))
            return True

    async def _listen(self, at_most_s: float) -> bool:
        if self._listening is None:
            arguments, options = self._store.engine.dialect.create_connect_args(self._store.engine.url)
            self._listening = await psycopg.AsyncConnection.connect(*arguments, **options, autocommit=True)
            await self._listening.execute(f"LISTEN {CHANNEL}".encode())
            self._deaf = False
            return True  # something may have come before we listened
        async for _ in self._listening.notifies(timeout=at_most_s, stop_after=1):
            return True
        return False

    async def _look(self, at_most_s: float) -> bool:
        clock = asyncio.get_running_loop().time
        ends = clock() + at_most_s
        while (left := ends - clock()) > 0:
            if self._changed():
                return True
            await asyncio.sleep(min(left, _LOOK_EVERY_S))
        return False

    def _changed(self) -> bool:
        """Whether another connection has committed since the last look; it is a look at one page, so no thread."""
        try:
            if self._file is None:
                self._file = sqlite3.connect(str(self._store.engine.url.database))
            version = self._file.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.OperationalError:
            return True
        changed, self._version = version != self._version, version
        return bool(changed)
