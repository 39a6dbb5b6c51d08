"""The sources of triggers, by their blocks: kept by a process that stays, looked at anew now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Self, TypeVar

from blocks.sources import load_ai, load_pi_soon, load_source_soon
from wa_integrasi.sources.ai import AiClient, ChatMessage
from wa_integrasi.sources.ai_answers import AiError
from wa_integrasi.sources.base import QuerySource, Rows, SourceError
from wa_integrasi.sources.pi import COLUMNS, PiServer, Read

T = TypeVar("T")
_Key = tuple[str, str]
"""Kind and name of a source."""

FRESH_S = 30.0
"""For how long a block is believed to be as it was."""

_THREADS = 8
"""Queries at once; they have threads of their own, so that slow ones hold up nothing else."""


class TriggerSources:
    """What `wa_integrasi.answering.fetching.Sources` asks for; a context manager that disconnects the AIs."""

    def __init__(self, *, fresh_s: float = FRESH_S) -> None:
        self._fresh_s = fresh_s
        self._threads = ThreadPoolExecutor(_THREADS, "trigger")
        self._queried: dict[_Key, tuple[QuerySource, float]] = {}
        self._servers: dict[_Key, tuple[PiServer, float]] = {}
        self._ais: dict[str, tuple[AiClient, float]] = {}
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client, _at in self._ais.values():
            await client.__aexit__()
        self._ais.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def rows(
        self, kind: str, source: str, statement: str, parameters: Mapping[str, Any], timeout_s: float, max_rows: int
    ) -> Rows:
        """The rows of one query, within the block's limits and those of the trigger. Raises `SourceError`."""
        found = await self._kept(self._queried, (kind, source), lambda: load_source_soon(source, kind))
        limited = found.within(timeout_s, max_rows)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, limited.query, statement, parameters)

    async def readings(
        self, source: str, tags: Sequence[str], read: Read, days: tuple[str, str] | None, timeout_s: float
    ) -> Rows:
        """What a PI server has of some tags; one that cannot be read is a row without a value. Raises `SourceError`."""
        server = await self._kept(self._servers, ("pi", source), lambda: load_pi_soon(source))
        limited = server.within(timeout_s)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: _read(limited, tags, read, days))

    async def said(self, source: str, messages: Sequence[ChatMessage], timeout_s: float) -> str:
        """What an AI answers. Raises `SourceError`."""
        client = await self._ai(source)
        try:
            async with asyncio.timeout(timeout_s):
                return await client.chat(messages)
        except TimeoutError:
            raise AiError("no answer of the AI service in time", code="timeout", transient=True) from None

    async def _kept(self, known: dict[_Key, tuple[T, float]], key: _Key, load: Callable[[], Awaitable[T]]) -> T:
        kept = known.get(key)
        if kept is not None and time.monotonic() - kept[1] < self._fresh_s:
            return kept[0]
        try:
            loaded = await load()
        except SourceError:
            known.pop(key, None)
            raise
        except Exception as error:
            loaded = _as_it_was(key[1], kept, error)
        known[key] = loaded, time.monotonic()
        return loaded

    async def _ai(self, name: str) -> AiClient:
        async with self._turn:
            kept = self._ais.get(name)
            if kept is not None and time.monotonic() - kept[1] < self._fresh_s:
                return kept[0]
            try:
                loaded = await load_ai(name)
            except Exception as error:
                loaded = _as_it_was(name, kept, error)
            if kept is not None and (loaded is None or loaded.config != kept[0].config):
                await self._ais.pop(name)[0].__aexit__()
                kept = None
            if loaded is None:
                raise SourceError(f"no AI block is called {name}: make one in the Prefect UI", transient=False)
            client = kept[0] if kept is not None else await loaded.__aenter__()
            self._ais[name] = client, time.monotonic()
            return client


def _as_it_was(name: str, kept: tuple[T, float] | None, error: Exception) -> T:
    if kept is None:
        raise SourceError(f"the block {name} cannot be loaded: {type(error).__name__}", transient=True) from None
    return kept[0]


def _read(server: PiServer, tags: Sequence[str], read: Read, days: tuple[str, str] | None) -> Rows:
    start, end = (datetime.fromisoformat(day) for day in days) if days else (None, None)
    reading = server.read(tags, read, None if read == "value" else start, None if read == "value" else end)
    read_tags = {value.tag for value in reading.values}
    unread = tuple(_unread(p.tag) for p in reading.problems if p.tag is not None and p.tag not in read_tags)
    return Rows(COLUMNS, (*reading.rows.values, *unread), reading.truncated)


def _unread(tag: str) -> tuple[object, ...]:
    """The row of a tag that could not be read."""
    known = {"tag": tag, "unit": "", "quality": "bad"}
    return tuple(known.get(column) for column in COLUMNS)
