"""Reads many tags in one call, and says by name what could not be read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.pi.access import PiError, PiMemory
from wa_integrasi.sources.pi.asking import Ask, Params, Recorded
from wa_integrasi.sources.pi.config import MOST_ITEMS, PiConfig
from wa_integrasi.sources.pi.points import Points, named
from wa_integrasi.sources.pi.streams import Stream, by_web_id
from wa_integrasi.sources.pi.times import moment_of, sent
from wa_integrasi.sources.pi.values import PiProblem, PiReading, PiValue, Point
from wa_integrasi.sources.pi.wire import Answer, PiHttp, Sleep

_LONGEST_QUERY = 6_000
"""Windows refuses addresses from 16 KB on, proxies before it may do so from 8 KB on."""

_ONE_BY_ONE = frozenset({400, 403, 404, 409, 413, 500})
"""Statuses of a stream set of which one bad tag of many may be the cause."""


@dataclass(frozen=True, slots=True)
class PiCheck:
    """What a test of the connection found."""

    latency_s: float
    """Of one small request that was let in."""
    version: str
    """Of the data server; empty where it does not say."""
    connected: bool
    """Whether PI Web API reaches the data server."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One reading while it goes on."""

    ask: Ask
    params: Params
    count: int
    """Recorded values of one tag that one request asks for."""
    ends_before: datetime | None
    ends: float
    """Moment of the event loop at which its time is over."""

    def page(self, start: str | None = None) -> Params:
        """The query, from another start where there is one."""
        moved = [(name, start if start and name == "startTime" else value) for name, value in self.params]
        return [*moved, ("maxCount", str(self.count))] if isinstance(self.ask, Recorded) else moved


class PiClient:
    """One PI server over one pool of kept connections; an async context manager."""

    def __init__(
        self,
        config: PiConfig,
        memory: PiMemory | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """`memory`: what earlier clients of the same source have learnt. `clock`: seconds that only go forward."""
        memory = memory or PiMemory()
        self._config = config
        self._clock = clock
        self._now = now
        self._http = PiHttp(config, memory, clock=clock, sleep=sleep)
        self._points = Points(config, self._http, memory, clock)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.__aexit__()

    async def read(self, tags: Sequence[str], ask: Ask) -> PiReading:
        """Read all tags at once: one request where their WebIds are known, one more where they are not.

        Raises `SourceError` where nothing can be read; a tag that cannot be read is a problem of the reading.
        """
        wanted = named(tags, self._config.max_tags)
        async with self._in_time() as ends:
            reading = self._reading(ask, len(wanted), ends)
            found = await self._points.find(wanted, ends)
            streams = await self._streams(found.points, reading)
            problems = {problem.tag: problem for problem in found.problems}
            moved = [tag for tag, stream in streams.items() if stream.gone and tag in found.remembered]
            if moved:
                self._points.forget(moved)
                again = await self._points.find(moved, ends)
                problems |= {problem.tag: problem for problem in again.problems}
                for tag in moved:
                    del streams[tag]
                streams |= await self._streams(again.points, reading)
            await self._further_pages(streams, reading)
        if streams and not problems and all(stream.unavailable and not stream.values for stream in streams.values()):
            raise PiError("PI Web API could read none of the tags now", transient=True)
        return self._result(wanted, streams, problems)

    async def check(self) -> PiCheck:
        """Test address, certificate, login and data server. Raises `SourceError`."""
        async with self._in_time() as ends:
            began = self._clock()
            await self._http.get(self._http.resource("", []), ends)
            latency = self._clock() - began
            listed = await self._http.get(self._http.resource("/dataservers", []), ends)
        items = listed.get("Items")
        for item in items if isinstance(items, list) else []:
            name = item.get("Name") if isinstance(item, dict) else None
            if isinstance(name, str) and name.lower() == self._config.data_server.lower():
                version = item.get("ServerVersion")
                return PiCheck(latency, version if isinstance(version, str) else "", item.get("IsConnected") is True)
        raise PiError("PI Web API lists no data server of the name in data_server", transient=False)

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[float]:
        try:
            async with asyncio.timeout(self._config.timeout_s) as limit:
                yield limit.when() or 0.0
        except TimeoutError:
            text = f"PI Web API took longer than the time limit of {self._config.timeout_s:g} s"
            raise PiError(text, transient=True) from None

    def _reading(self, ask: Ask, tags: int, ends: float) -> _Reading:
        now = self._now()
        params = ask.params(lambda moment: sent(moment, self._config.timezone, now))
        given = dict(params)
        start, end = (moment_of(given[name]) if name in given else None for name in ("startTime", "endTime"))
        if start is not None and end is not None and start >= end:
            raise SourceError("the start of a reading must be before its end", transient=False)
        count = max(2, min(self._config.page, self._config.max_values + 1, MOST_ITEMS // tags))
        return _Reading(ask, params, count, end if isinstance(ask, Recorded) else None, ends)

    async def _streams(self, points: Sequence[Point], reading: _Reading) -> dict[str, Stream]:
        """The first page of every point, by tag."""
        streams = {point.tag: Stream(point) for point in points}
        answers = await self._as_set(points, reading) if points else {}
        for stream in streams.values():
            answer = answers.get(stream.point.web_id, (0, None))
            stream.take(answer, reading.ask, reading.count, reading.ends_before)
        return streams

    async def _as_set(self, points: Sequence[Point], reading: _Reading) -> dict[str, Answer]:
        """What the points' streams say, by WebId, in one request; in one more where some tag spoils the set."""
        path = f"/streamsets/{reading.ask.name}"
        ids = list(dict.fromkeys(point.web_id for point in points))
        sets = list(_sets(ids))
        resources = [self._http.resource(path, [*(("webId", each) for each in one), *reading.page()]) for one in sets]
        whole: list[Answer]
        if len(sets) == 1:
            try:
                whole = [(200, await self._http.get(resources[0], reading.ends))]
            except PiError as error:
                if error.status not in _ONE_BY_ONE:
                    raise
                whole = [(error.status, None)]
        else:
            given = await self._http.batch({str(n): resource for n, resource in enumerate(resources)}, reading.ends)
            whole = [given[str(number)] for number in range(len(sets))]
        answers: dict[str, Answer] = {}
        spoilt: list[str] = []
        for one, (status, content) in zip(sets, whole, strict=True):
            if status == 200:
                answers |= {web_id: answer for web_id, answer in by_web_id(content, reading.ask) if web_id in one}
            else:
                spoilt += one
        return answers | await self._one_by_one(dict.fromkeys(spoilt, None), reading)

    async def _one_by_one(self, starts: dict[str, str | None], reading: _Reading) -> dict[str, Answer]:
        """What single streams say, each from its own start, in one request."""
        name = reading.ask.name
        resources = {
            web_id: self._http.resource(f"/streams/{web_id}/{name}", reading.page(start))
            for web_id, start in starts.items()
        }
        return await self._http.batch(resources, reading.ends) if resources else {}

    async def _further_pages(self, streams: dict[str, Stream], reading: _Reading) -> None:
        """Read on where a page was full, all such tags in one request, until the cap on values."""
        while going := [stream for stream in streams.values() if stream.next_from]:
            if sum(len(stream.values) for stream in streams.values()) > self._config.max_values:
                return
            starts = {stream.point.web_id: stream.next_from for stream in going}
            answers = await self._one_by_one(starts, reading)
            for stream in going:
                answer = answers.get(stream.point.web_id, (0, None))
                stream.take(answer, reading.ask, reading.count, reading.ends_before)

    def _result(
        self, wanted: Sequence[str], streams: dict[str, Stream], problems: dict[str | None, PiProblem]
    ) -> PiReading:
        values: list[PiValue] = []
        told: list[PiProblem] = []
        for tag in wanted:
            if tag in streams:
                values += streams[tag].values
                told += streams[tag].problems
            if tag in problems:
                told.append(problems[tag])
        cut = len(values) > self._config.max_values
        if cut:
            text = f"more than {self._config.max_values} values: the rest is left out"
            told.append(PiProblem(None, "cut", text))
        return PiReading(tuple(values[: self._config.max_values]), tuple(told), truncated=cut)


def _sets(web_ids: Iterable[str]) -> Iterable[list[str]]:
    """WebIds in groups that fit into one address each."""
    group: list[str] = []
    length = 0
    for web_id in web_ids:
        length += len(web_id) + len("webId=&")
        if group and length > _LONGEST_QUERY:
            yield group
            group, length = [], len(web_id) + len("webId=&")
        group.append(web_id)
    if group:
        yield group
