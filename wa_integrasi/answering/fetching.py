"""What triggers want of their sources: equal questions asked once, kept for as long as they may serve again."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

from wa_integrasi.answering.asking import HTTP_JSON, asked_of
from wa_integrasi.catalog.arguments import TextArgument
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.triggers import (
    AiTrigger,
    ApiTrigger,
    GroupTrigger,
    PiTrigger,
    ReportTrigger,
    SqlTrigger,
    Trigger,
)
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.commands.grammar import Setting, Value, binds, dump
from wa_integrasi.commands.grammar.values import Reader
from wa_integrasi.privacy.masking import Masker
from wa_integrasi.privacy.names import Names
from wa_integrasi.reporting import ReportJob, assembled, due_reports, questions, summarise
from wa_integrasi.slot import Cadence, Slot, Span
from wa_integrasi.sources.ai import ChatMessage
from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.patience import LeftAloneError
from wa_integrasi.sources.pi import Read
from wa_integrasi.typed.days import Days

PAUSES_S = (0.5, 2.0)
"""Waits before a source that was away is asked again; only while the trigger's own time is not over."""

log = logging.getLogger(__name__)

_MOST_KEPT = 500
_UNANSWERED = "a report of several queries, or one that compares, is not answered yet: run it with 'wa report run'"
_PLACE = re.compile(r"\{([a-z0-9_]+)\}")


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
class Need:
    """One question to one source."""

    source: str
    asked: str = field(repr=False)
    """The statement, how tags are read, or what the AI is told to do."""
    given: str = field(repr=False)
    """What goes with it, as JSON: so equal needs are equal."""
    timeout_s: float
    max_rows: int
    kind: str
    """Of the source: `pi`, `ai`, `sql`, or that of a plug-in."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One trigger to be answered; of a group there are several."""

    name: str
    trigger: Trigger
    arguments: Mapping[str, Value] = field(repr=False)
    needs: Sequence[Need]
    """What it asks, a report as often as it has queries."""
    job: ReportJob | None = None


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


def leaves_of(name: str, arguments: Mapping[str, Value], catalog: Catalog, zone: str, now: datetime) -> list[Leaf]:
    """The triggers that a trigger is made of; itself, where it is no group."""
    trigger = catalog.triggers[name]
    if isinstance(trigger, GroupTrigger):
        found = []
        for member in trigger.triggers:
            given = _own(catalog.triggers[member], arguments, zone, now)
            found += leaves_of(member, given, catalog, zone, now)
        return found
    if isinstance(trigger, ReportTrigger):
        job = _job(trigger, arguments, catalog, zone, now)
        return [Leaf(name, trigger, arguments, _needs_of_report(trigger, job), job)]
    return [Leaf(name, trigger, arguments, _needs(trigger, arguments, zone, now))]


def in_sequence(trigger: Trigger) -> bool:
    """Whether the triggers of a group are asked one after the other."""
    return isinstance(trigger, GroupTrigger) and trigger.mode == "sequence"


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


def _needs(trigger: Trigger, arguments: Mapping[str, Value], zone: str, now: datetime) -> Sequence[Need]:
    match trigger:
        case SqlTrigger():
            # Which moment is now is filled in when it is asked: two who ask within a second ask the same.
            given = json.dumps({**binds(arguments, zone, now), "now": None})
            limits = trigger.timeout_s, trigger.max_rows
            return [Need(trigger.source, trigger.query, given, *limits, trigger.source_kind)]
        case PiTrigger():
            wanted = {"tags": _tags(trigger, arguments), "days": _days(arguments, zone, now)}
            said = json.dumps(wanted)
            return [Need(trigger.source, trigger.read, said, trigger.timeout_s, trigger.max_rows, "pi")]
        case AiTrigger():
            said = json.dumps({"said": _question(trigger, arguments)})
            return [Need(trigger.source, trigger.prompt, said, trigger.timeout_s, 1, "ai")]
        case ApiTrigger():
            query = asked_of(trigger).text()
            given = json.dumps({**binds(arguments, zone, now), "now": None})
            return [Need(trigger.source, query, given, trigger.timeout_s, trigger.max_rows, HTTP_JSON)]
    raise AssertionError(f"a {trigger.kind} is no leaf")


def _job(
    trigger: ReportTrigger, arguments: Mapping[str, Value], catalog: Catalog, zone: str, now: datetime
) -> ReportJob:
    """The report for the period that the trigger's own date lies in; its other arguments are the parameters."""
    # An answer is a text: its note of cut rows must not point to a file.
    report = catalog.reports[trigger.report].model_copy(update={"attach": None})
    own = {parameter.name for parameter in report.parameters}
    days = (value for name, value in arguments.items() if name not in own and isinstance(value, date | Days))
    day = next(days, None)
    slot = _slot(report.cadence, day.first if isinstance(day, Days) else day, zone, now)
    if isinstance(slot, Slot):
        slot = due_reports(catalog, slot, [trigger.report])[0].slot  # of a report of one shift, that shift
    job = ReportJob(trigger.report, report, catalog.chat_templates[report.template], slot, catalog)
    return replace(job, chosen={name: value for name, value in arguments.items() if name in own and value is not None})


def _slot(cadence: str, day: date | None, zone: str, now: datetime) -> Slot | Span:
    """The period that a day lies in, else the last that is over; of what is told by the half-hour, the day so far."""
    if cadence == "task_delivery":
        return Span.within(day or now.astimezone(ZoneInfo(zone)).date(), now, zone)
    return Slot.containing(day, Cadence(cadence), zone) if day else Slot.ended(now, Cadence(cadence), zone)


def _needs_of_report(trigger: ReportTrigger, job: ReportJob) -> Sequence[Need]:
    limits = trigger.timeout_s, job.report.max_rows, job.report.source_kind
    return [Need(job.report.source, each.statement, json.dumps(each.binds), *limits) for each in questions(job)]


def _tags(trigger: PiTrigger, arguments: Mapping[str, Value]) -> list[str]:
    """The tags with their arguments; the catalog lets only whole numbers, choices and tags stand in them."""
    return [_PLACE.sub(lambda place: str(arguments[place[1]]), tag) for tag in trigger.tags]


def _days(arguments: Mapping[str, Value], zone: str, now: datetime) -> list[str] | None:
    """Where the days of the date argument begin and end; None where there is none."""
    for name, value in arguments.items():
        if isinstance(value, date | Days):
            of_it = binds({name: value}, zone, now)
            return [str(of_it[f"{name}_start"]), str(of_it[f"{name}_end"])]
    return None


def _own(trigger: Trigger, given: Mapping[str, Value], zone: str, now: datetime) -> dict[str, Value]:
    """The arguments of a group's member: those of the same names, else its defaults."""
    setting = Setting("id", now.astimezone(ZoneInfo(zone)).date())
    return {
        argument.name: given[argument.name] if argument.name in given else Reader.of(argument).default(setting)
        for argument in trigger.arguments
    }


def _question(trigger: AiTrigger, arguments: Mapping[str, Value]) -> str:
    """What the AI is asked: the text as it was typed, and the other arguments with their names."""
    texts = {argument.name for argument in trigger.arguments if isinstance(argument, TextArgument)}
    lines = [
        str(value) if name in texts else f"{name}: {dump({name: value})[name]}"
        for name, value in arguments.items()
        if value is not None
    ]
    return "\n".join(lines)
