"""What a trigger asks: the triggers that it is made of, and the questions of each to its source."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
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
from wa_integrasi.commands.grammar import Setting, Value, binds, dump
from wa_integrasi.commands.grammar.values import Reader
from wa_integrasi.reporting import ReportJob, due_reports, questions
from wa_integrasi.slot import Cadence, Slot, Span
from wa_integrasi.typed.days import Days

_PLACE = re.compile(r"\{([a-z0-9_]+)\}")


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
