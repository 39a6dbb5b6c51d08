"""One value of a tag as PI Web API answers it: data, or why there is none.

The number of a digital or system state is never data: a boiler in the state *I/O Timeout* is not at 246 °C. States are
told by `IsSystem` and `Good`, not by their names, which each site translates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from wa_integrasi.sources.base import Rows
from wa_integrasi.sources.pi.times import received

Datum = float | str | int | None


class Quality(StrEnum):
    """How far a value can be trusted."""

    GOOD = "good"
    QUESTIONABLE = "questionable"
    """The value is there, and the system that measured it doubts it."""
    SUBSTITUTED = "substituted"
    """The value is there, and a person or program has changed it."""
    BAD = "bad"
    """There is no value; `state` may say why."""


@dataclass(frozen=True, slots=True)
class PiValue:
    """One value. A float tag gives floats, an integer tag ints, a digital tag the names of its states."""

    tag: str
    """As it was asked for."""
    time: datetime | None
    """UTC; None where the server gave none, as for a summary of nothing."""
    value: Datum
    unit: str
    quality: Quality
    state: str | None = None
    """Name of the digital or system state."""
    code: int | None = None
    """Number of a digital state in its set; never of a system state."""
    summary: str | None = None
    """Which summary it is; None for values that are none."""


@dataclass(frozen=True, slots=True)
class PiProblem:
    """What was wrong with one tag, or with all of them, for people; no text of the server is in it."""

    tag: str | None
    code: str
    """One word: missing, forbidden, refused, unreadable, unavailable, absent, stuck, cut."""
    text: str

    def __str__(self) -> str:
        return f"{self.tag}: {self.text}" if self.tag else self.text


COLUMNS = tuple(field.name for field in fields(PiValue))


@dataclass(frozen=True, slots=True)
class PiReading:
    """What came, in the order of the tags and of time, and what did not."""

    values: tuple[PiValue, ...]
    problems: tuple[PiProblem, ...] = ()
    truncated: bool = False
    """Whether the cap on values has left some out."""

    @property
    def rows(self) -> Rows:
        """The values as rows, which are the same columns whatever was read."""
        rows = tuple((v.tag, v.time, v.value, v.unit, str(v.quality), v.state, v.code, v.summary) for v in self.values)
        return Rows(COLUMNS, rows, truncated=self.truncated)


@dataclass(frozen=True, slots=True)
class Point:
    """A tag as the server knows it."""

    tag: str
    web_id: str
    kind: str = ""
    """PI's point type: Float32, Int16, Digital, String, Timestamp, Blob …"""
    unit: str = ""


def value_of(answer: object, point: Point, *, summary: str | None = None, whole: bool = True) -> PiValue | None:
    """The value in a `TimedValue`; None where the answer is none.

    `whole` says whether an integer tag's value must be a whole number, which an interpolated one need not be.
    """
    if not isinstance(answer, Mapping):
        return None
    time, raw = received(answer.get("Timestamp")), answer.get("Value")
    if time is None and summary is None:
        return None
    unit = answer.get("UnitsAbbreviation")
    unit = unit if isinstance(unit, str) and unit else point.unit if summary not in ("Count", "PercentGood") else ""
    state, code, system = _state(raw)
    data = None
    if answer.get("Good") is True and not system and not answer.get("Errors") and not answer.get("WebException"):
        data = _data(raw, state, _kind(point.kind, summary, whole))
    if data is None:
        return PiValue(point.tag, time, None, unit, Quality.BAD, state, None if system else code, summary)
    quality = (
        Quality.QUESTIONABLE
        if answer.get("Questionable") is True
        else Quality.SUBSTITUTED
        if answer.get("Substituted") is True
        else Quality.GOOD
    )
    return PiValue(point.tag, time, data, unit, quality, state, code, summary)


def _state(raw: object) -> tuple[str | None, int | None, bool]:
    """Name and number of a state, and whether it is not known to be one of the tag's own."""
    if not isinstance(raw, Mapping):
        return None, None, False
    name, code = raw.get("Name"), raw.get("Value")
    return (
        name if isinstance(name, str) else None,
        code if isinstance(code, int) and not isinstance(code, bool) else None,
        raw.get("IsSystem") is not False,
    )


def _kind(kind: str, summary: str | None, whole: bool) -> str:
    """`float`, `int`, `state`, `text`, or empty where the answer itself must say."""
    if summary is not None:
        return "int" if summary == "Count" else "float"
    kind = kind.lower()
    if kind.startswith("int"):
        return "int" if whole else "float"
    if kind.startswith("float"):
        return "float"
    return {"digital": "state", "string": "text", "timestamp": "text", "blob": "none"}.get(kind, "")


def _data(raw: object, state: str | None, kind: str) -> Datum:
    """The datum of a good value; None where it is not what such a tag has."""
    if isinstance(raw, Mapping):
        return state if kind in ("state", "") else None
    if isinstance(raw, str):
        return raw if kind in ("text", "") else None
    if isinstance(raw, bool) or not isinstance(raw, int | float) or kind not in ("float", "int", ""):
        return None
    try:
        number = float(raw)
    except OverflowError:
        return None
    if not math.isfinite(number):
        return None
    if kind == "int":
        return int(raw) if number.is_integer() else None
    return number


def problem_of_status(tag: str, status: int) -> PiProblem:
    """What an HTTP status says about one tag."""
    if status == 404:
        return PiProblem(tag, "missing", "there is no such tag, or this account may not see it")
    if status in (401, 403):
        return PiProblem(tag, "forbidden", "this account may not read it")
    if status in TRANSIENT:
        return PiProblem(tag, "unavailable", f"the server could not read it now (HTTP {status})")
    return PiProblem(tag, "refused", f"the server refuses to read it (HTTP {status})")


TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may work."""


def status_within(answer: object) -> int | None:
    """The status of a `WebException`, or 500 for bare `Errors`, inside an answer that calls itself good; else None."""
    if not isinstance(answer, Mapping):
        return None
    exception: Any = answer.get("WebException")
    if exception:
        status = exception.get("StatusCode") if isinstance(exception, Mapping) else None
        return status if isinstance(status, int) and not isinstance(status, bool) and 400 <= status <= 599 else 500
    return 500 if answer.get("Errors") and "Value" not in answer else None
