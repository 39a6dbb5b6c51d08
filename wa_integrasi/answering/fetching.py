"""What triggers want of their sources: equal questions asked once, kept for as long as they may serve again."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from wa_integrasi.answering.leaves import Leaf, Need
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.commands.grammar import binds
from wa_integrasi.privacy.masking import Masker
from wa_integrasi.privacy.names import Names
from wa_integrasi.reporting import assembled, summarise
from wa_integrasi.sources.ai import ChatMessage
from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.patience import LeftAloneError
from wa_integrasi.sources.pi import Read

PAUSES_S = (0.5, 2.0)
"""Waits before a source that was away is asked again; only while the trigger's own time is not over."""

log = logging.getLogger(__name__)

_MOST_KEPT = 500


class Sources(Protocol):
    """Where questions go. All of them raise `SourceError`."""

    async def rows(
        self, kind: str, source: str, statement: str, parameters: Mapping[str, Any], timeout_s: float, max_rows: int
    ) -> Rows:
        """The rows of one query; `kind` of the source: `sql`, or that of a plug-in."""
        ...

    async def readings(
        self, source: str, tags: Sequence[str], read: Read, days: tuple[str, str] | None, timeout_s: float
    ) -> Rows:
        """What a PI server has of some tags: their values now or, within `days` (UTC text), what `read` says.

        A tag that cannot be read is a row without a value.
        """
        ...

    async def said(self, source: str, messages: Sequence[ChatMessage], timeout_s: float) -> str:
        """What an AI answers."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """What a source gave, and when it was asked."""

    rows: Rows = field(repr=False)
    at: datetime
    source: str
    others: Sequence[Rows] = field(default=(), repr=False)
    """What the other questions of a report gave, in their order."""
    summaries: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What an AI says of a report, by language."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is nothing: `away`, `wrong` or `unsupported`, and for the log what happened."""

    kind: str
    source: str
    note: str
    until: datetime | None = None
    """When a source that has failed is asked again."""


Fetched = Found | Trouble


class Kitchen:
    """Fetches what is needed; lives as long as its process, so that what is kept may serve again."""

    def __init__(self, sources: Sources, clock: Clock = utc_now, pauses_s: Sequence[float] = PAUSES_S) -> None:
        self._sources = sources
        self._clock = clock
        self._pauses_s = pauses_s
        self._kept: dict[tuple[str, Need], Found] = {}

    async def fetch(self, wanted: Sequence[tuple[Sequence[Leaf], bool]], names: Names) -> list[list[Fetched]]:
        """What each of some orders gets, in its order: its leaves, and whether they are asked one after the other.

        `names` are masked before an AI is asked.
        """
        going: dict[Need, asyncio.Task[Fetched]] = {}

        async def one(leaf: Leaf) -> Fetched:
            for need in leaf.needs:
                if need not in going:
                    going[need] = asyncio.create_task(self._one(leaf, need, names))
            found = _joined(leaf, await asyncio.gather(*(going[need] for need in leaf.needs)))
            return await self._summarised(leaf, found)

        async def all_of(leaves: Sequence[Leaf], sequence: bool) -> list[Fetched]:
            if sequence:
                return [await one(leaf) for leaf in leaves]
            return await asyncio.gather(*map(one, leaves))

        try:
            return await asyncio.gather(*(all_of(leaves, sequence) for leaves, sequence in wanted))
        finally:
            for task in going.values():
                task.cancel()

    async def _summarised(self, leaf: Leaf, found: Fetched) -> Fetched:
        """A report with what an AI says of it, where it is to say something."""
        job = leaf.job
        if job is None or job.report.summary is None or not isinstance(found, Found):
            return found
        source, limit_s = job.report.summary.source, leaf.trigger.timeout_s
        data = assembled(job, [found.rows, *found.others])
        summaries = await summarise(
            job, data, lambda messages: self._sources.said(source, messages, limit_s), found.at, limit_s
        )
        for problem in summaries.problems:
            log.warning("%s", problem)
        return replace(found, summaries=summaries.texts)

    async def _one(self, leaf: Leaf, need: Need, names: Names) -> Fetched:
        kept = self._kept.get((leaf.name, need))
        at = self._clock()
        if kept is not None and timedelta() <= at - kept.at < timedelta(seconds=leaf.trigger.cache_s):
            return kept
        try:
            found = Found(await self._patiently(need, names), at, need.source)
        except LeftAloneError as error:
            return Trouble("away", need.source, str(error), error.until)
        except SourceError as error:
            return Trouble("away" if error.transient else "wrong", need.source, str(error))
        except Exception as error:  # whatever a driver comes up with must not cost the others their answers
            return Trouble("wrong", need.source, type(error).__name__)
        if leaf.trigger.cache_s:
            self._keep(leaf.name, need, found)
        return found

    async def _patiently(self, need: Need, names: Names) -> Rows:
        ends = asyncio.get_running_loop().time() + need.timeout_s
        for pause_s in (*self._pauses_s, None):
            try:
                return await self._asked(need, names)
            except LeftAloneError:
                raise
            except SourceError as error:
                late = pause_s is None or asyncio.get_running_loop().time() + max(pause_s, error.wait_s) > ends
                if late or not error.transient:
                    raise
            await asyncio.sleep(pause_s or 0)
        raise AssertionError("the last try answers or raises")

    async def _asked(self, need: Need, names: Names) -> Rows:
        given = json.loads(need.given)
        if need.kind == "pi":
            days = (given["days"][0], given["days"][1]) if given["days"] else None
            read = cast(Read, need.asked)
            rows = await self._sources.readings(need.source, given["tags"], read, days, need.timeout_s)
            return rows.capped(need.max_rows)
        if need.kind == "ai":
            masker = Masker(names)
            messages = [ChatMessage("system", need.asked), ChatMessage("user", masker.mask(given["said"]))]
            answer = await self._sources.said(need.source, messages, need.timeout_s)
            return Rows(("answer",), ((masker.unmask(answer),),))
        moment = {"now": binds({}, "UTC", self._clock())["now"]} if given.get("now", "") is None else {}
        asked = given | moment
        return await self._sources.rows(need.kind, need.source, need.asked, asked, need.timeout_s, need.max_rows)

    def _keep(self, name: str, need: Need, found: Found) -> None:
        while len(self._kept) >= _MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept.pop((name, need), None)
        self._kept[name, need] = found


def _joined(leaf: Leaf, fetched: Sequence[Fetched]) -> Fetched:
    """What a leaf gets of its needs: all of them, or what went wrong with one."""
    if trouble := next((each for each in fetched if isinstance(each, Trouble)), None):
        return trouble
    first, *others = (each for each in fetched if isinstance(each, Found))
    return replace(first, at=min(each.at for each in (first, *others)), others=[each.rows for each in others])
