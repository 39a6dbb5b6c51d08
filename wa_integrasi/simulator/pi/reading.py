"""What each kind of reading gives for one tag, as bodies of PI Web API."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from wa_integrasi.simulator.pi.config import PiSimulation
from wa_integrasi.simulator.pi.plant import SYSTEM_STATES, Event, Tag, between, event_before, events
from wa_integrasi.simulator.pi.times import span_of, time_of, written

Query = Mapping[str, Sequence[str]]
Body = dict[str, Any]
_KNOWN = ("Average", "Minimum", "Maximum", "Total", "Range", "Count", "PercentGood", "StdDev")
_DAY_S = 86_400


class PiRefusalError(Exception):
    """A status other than 200, in the words of the server."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, read once for all its tags."""

    simulation: PiSimulation
    query: Query
    now: datetime

    def one(self, name: str, default: str) -> str:
        """The last of the values of a parameter."""
        return (self.query.get(name) or [default])[-1]

    def time(self, name: str, default: str) -> datetime:
        """A time. Raises `PiRefusalError`."""
        try:
            return time_of(self.one(name, default), self.now, self.simulation.zone)
        except (ValueError, OverflowError):
            raise PiRefusalError(400, f"The specified {name} is not a valid time.") from None

    def span(self, name: str, default: str) -> timedelta:
        """A length of time. Raises `PiRefusalError`."""
        try:
            return span_of(self.one(name, default))
        except (ValueError, OverflowError):
            raise PiRefusalError(400, f"The specified {name} is not a valid time span.") from None

    def whole(self, name: str, default: int) -> int:
        """A number from 1 to what the server gives. Raises `PiRefusalError`."""
        text = self.one(name, str(default))
        if not text.isdecimal() or not 1 <= int(text) <= self.simulation.max_items:
            raise PiRefusalError(400, f"The parameter {name} must be 1 to {self.simulation.max_items}.")
        return int(text)

    def between(self) -> tuple[datetime, datetime]:
        """Start and end."""
        return self.time("startTime", "*-1d"), self.time("endTime", "*")

    def past(self, tag: Tag, start: datetime, end: datetime) -> list[Event]:
        """The stored values between two moments, both included, none of the future."""
        return list(events(tag, self.simulation.seed, start, min(end, self.now)))

    def at(self, tag: Tag, moment: datetime) -> Event:
        """The value at a moment."""
        return between(tag, self.simulation.seed, min(moment, self.now))

    def shown(self, tag: Tag, event: Event) -> Body:
        """A value as the server writes it."""
        body = shown(tag, event)
        if tag.name in self.simulation.faults.untransferred:
            body["Errors"] = [{"FieldName": "Value", "Message": ["An error has occurred."]}]
        return body


def value(asked: Asked, tag: Tag) -> Body:
    """The value now, or at `time`."""
    if asked.query.get("time"):
        return asked.shown(tag, asked.at(tag, asked.time("time", "*")))
    return asked.shown(tag, event_before(tag, asked.simulation.seed, asked.now))


def recorded(asked: Asked, tag: Tag) -> Body:
    """What was stored, cut at `maxCount`."""
    start, end = asked.between()
    found = asked.past(tag, min(start, end), max(start, end))
    if start > end:
        found.reverse()
    simulation = asked.simulation
    most = min(asked.whole("maxCount", 1_000), simulation.most_recorded or simulation.max_items)
    body = _values(asked, tag, found[:most])
    if len(found) > most and simulation.faults.next_links:
        body["Links"] = {"Next": f"?startTime={written(found[most].at)}"}
    return body


def interpolated(asked: Asked, tag: Tag) -> Body:
    """Values at even steps."""
    start, end = asked.between()
    step = asked.span("interval", "1h")
    count = int((end - start) / step) + 1
    if count > asked.simulation.max_items:
        raise PiRefusalError(400, "The number of values requested is too large.")
    moments = [start + step * number for number in range(max(0, count))]
    return _values(asked, tag, [asked.at(tag, moment) for moment in moments])


def plot(asked: Asked, tag: Tag) -> Body:
    """Of each interval the first, last, highest and lowest value, and one that is bad."""
    start, end = asked.between()
    intervals = asked.whole("intervals", 24)
    length = (end - start) / intervals
    kept: dict[datetime, Event] = {}
    for number in range(intervals):
        part = asked.past(tag, start + length * number, start + length * (number + 1))
        numbers = [event for event in part if isinstance(event.datum, float | int)]
        chosen = [*part[:1], *part[-1:], *[event for event in part if event.system][:1]]
        if numbers:
            chosen += [min(numbers, key=_number), max(numbers, key=_number)]
        kept |= {event.at: event for event in chosen}
    return _values(asked, tag, [kept[at] for at in sorted(kept)])


def summary(asked: Asked, tag: Tag) -> Body:
    """Averages and the like, weighted by time, for each part of the length `summaryDuration`."""
    start, end = asked.between()
    kinds = asked.query.get("summaryType") or ["Total"]
    if unknown := set(kinds) - set(_KNOWN):
        raise PiRefusalError(400, f"Unknown summary type {min(unknown)[:40]}.")
    step = asked.span("summaryDuration", "1d") if asked.query.get("summaryDuration") else end - start
    if end <= start or (end - start) / step > asked.simulation.max_items:
        raise PiRefusalError(400, "The time range cannot be summarised.")
    items: list[Body] = []
    begin = start
    while begin < end:
        until = min(begin + step, end)
        figures = _figures(asked, tag, begin, until)
        items += [{"Type": kind, "Value": _figure(tag, kind, figures, begin)} for kind in kinds]
        begin = until
    return {"Items": items}


READINGS: dict[str, Callable[[Asked, Tag], Body]] = {
    "value": value,
    "recorded": recorded,
    "interpolated": interpolated,
    "plot": plot,
    "summary": summary,
}


def shown(tag: Tag, event: Event) -> Body:
    """A value as the server writes it."""
    datum: Any = event.datum
    if event.system:
        datum = {"Name": event.system, "Value": SYSTEM_STATES[event.system], "IsSystem": True}
    elif tag.kind == "Digital":
        datum = {"Name": datum, "Value": tag.states.index(str(datum)), "IsSystem": False}
    return {
        "Timestamp": written(event.at),
        "Value": datum,
        "UnitsAbbreviation": tag.unit,
        "Good": not event.system,
        "Questionable": event.questionable,
        "Substituted": event.substituted,
        "Annotated": False,
    }


def _values(asked: Asked, tag: Tag, found: Sequence[Event]) -> Body:
    return {"Items": [asked.shown(tag, event) for event in found], "UnitsAbbreviation": tag.unit}


def _number(event: Event) -> float:
    return float(event.datum) if isinstance(event.datum, float | int) else math.nan


def _figures(asked: Asked, tag: Tag, start: datetime, end: datetime) -> dict[str, float]:
    """The summaries of one part; without good values `Count` and `PercentGood` only."""
    inner = asked.past(tag, start, end)
    edges = [asked.at(tag, start), *inner, asked.at(tag, end)]
    good_s, area, square = 0.0, 0.0, 0.0
    for one, other in pairwise(edges):
        if one.system or isinstance(one.datum, str) or one.datum is None:
            continue
        length = (other.at - one.at).total_seconds()
        middle = _number(one) if other.system else (_number(one) + _number(other)) / 2
        good_s, area, square = good_s + length, area + length * middle, square + length * middle * middle
    numbers = [_number(event) for event in edges if isinstance(event.datum, float | int)]
    figures = {
        "Count": float(sum(not event.system for event in inner)),
        "PercentGood": round(100 * good_s / (end - start).total_seconds(), 3),
    }
    if not good_s or not numbers:
        return figures
    average = area / good_s
    return figures | {
        "Average": round(average, 4),
        "Minimum": min(numbers),
        "Maximum": max(numbers),
        "Range": round(max(numbers) - min(numbers), 4),
        "Total": round(area / _DAY_S, 4),
        "StdDev": round(math.sqrt(max(0.0, square / good_s - average * average)), 4),
    }


def _figure(tag: Tag, kind: str, figures: Mapping[str, float], at: datetime) -> Body:
    if kind not in figures:
        return shown(tag, Event(at, None, "No Data"))
    unit = {"Count": "", "PercentGood": "%"}.get(kind, tag.unit)
    datum = int(figures[kind]) if kind == "Count" else figures[kind]
    return shown(Tag(tag.name, "", unit), Event(at, datum))
