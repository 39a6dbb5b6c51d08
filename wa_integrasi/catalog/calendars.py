"""The calendar of a plant: which days are worked, and in which shifts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from functools import cached_property, lru_cache
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from wa_integrasi.catalog.fields import Entry, Flag, Line, Slug, wrong
from wa_integrasi.slot import Shift

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?")
_SHIFT = re.compile(r"([01]\d|2[0-3]):([0-5]\d) ?- ?([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_LONGEST = 366
"""Days that one entry may mean, and after which no workday is looked for any more."""

_MUST = "must be a day such as 2026-12-24, or several as 2026-12-24..2026-12-31"


def _span(text: str) -> tuple[date, date]:
    match = _SPAN.fullmatch(text)
    try:
        first, last = (date.fromisoformat(day or match[1]) for day in match.groups()) if match else (date.max, date.min)
    except ValueError:
        raise wrong(f"found {text[:40]!r}, {_MUST}") from None
    if not first <= last < first + timedelta(days=_LONGEST):
        raise wrong(f"found {text[:40]!r}, {_MUST}")
    return first, last


def _days(text: str) -> str:
    _span(text)
    return text


def _shift(text: str) -> str:
    match = _SHIFT.fullmatch(text)
    if match is None or match.groups()[:2] == match.groups()[2:]:
        raise wrong(f"found {text[:20]!r}, must be hours such as 07:00-15:00, or 23:00-07:00 across midnight")
    return text


Days = Annotated[str, AfterValidator(_days)]
ShiftHours = Annotated[str, AfterValidator(_shift)]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class WorkCalendar(Entry):
    """Which days a plant works, and its shifts."""

    weekend: tuple[Weekday, ...] = Field(
        default=("saturday", "sunday"), description="Days of the week on which nobody works.", examples=[["sunday"]]
    )
    holidays: Literal["ID", "none"] = Field(
        default="ID", description="Public holidays: ID for those of Indonesia, or none."
    )
    joint_leave: Flag = Field(
        default=True, description="Whether cuti bersama counts as a holiday, as far as the government has decreed it."
    )
    closed: dict[Days, Line] = Field(
        default_factory=dict,
        description="More days off, each with its reason: plant shutdowns, further holidays. "
        "A day such as 2026-12-24, or several as 2026-12-24..2026-12-31.",
        examples=[{"2026-12-28..2026-12-31": "Perbaikan tahunan kiln"}],
    )
    open: dict[Days, Line] = Field(
        default_factory=dict,
        description="Days that are worked though they would be off, each with its reason; they go before all others.",
        examples=[{"2026-12-26": "Tukar hari dengan 28 Desember"}],
    )
    shifts: dict[Slug, ShiftHours] = Field(
        default_factory=dict,
        description="Shifts by name. One across midnight belongs to the day on which it begins.",
        examples=[{"pagi": "07:00-15:00", "sore": "15:00-23:00", "malam": "23:00-07:00"}],
    )

    @model_validator(mode="after")
    def _some_day_is_worked(self) -> Self:
        if len(set(self.weekend)) == len(_DAYS):
            raise wrong("found a weekend of seven days, must leave a day on which somebody works")
        return self

    def day_off(self, day: date) -> str:
        """Why nobody works on a day; empty where it is worked."""
        if _named(self._open, day) is not None:
            return ""
        if (closed := _named(self._closed, day)) is not None:
            return closed or "closed"
        if self.holidays != "none" and (name := public_holidays(day.year, self.joint_leave).get(day)):
            return name
        name = _DAYS[day.weekday()]
        return name if name in self.weekend else ""

    def next_workday(self, day: date) -> date:
        """The first day behind `day` that is worked; one a year later where there is none."""
        for ahead in range(1, _LONGEST):
            if not self.day_off(day + timedelta(days=ahead)):
                return day + timedelta(days=ahead)
        return day + timedelta(days=_LONGEST)

    def shift(self, name: str) -> Shift:
        """One of the shifts."""
        begin, _, end = self.shifts[name].partition("-")
        return Shift(name, time.fromisoformat(begin.strip()), time.fromisoformat(end.strip()))

    @cached_property
    def _closed(self) -> Mapping[tuple[date, date], str]:
        return {_span(text): reason for text, reason in self.closed.items()}

    @cached_property
    def _open(self) -> Mapping[tuple[date, date], str]:
        return {_span(text): reason for text, reason in self.open.items()}


def _named(spans: Mapping[tuple[date, date], str], day: date) -> str | None:
    return next((reason for (first, last), reason in spans.items() if first <= day <= last), None)


@lru_cache(maxsize=32)
def public_holidays(year: int, joint_leave: bool) -> Mapping[date, str]:
    """Indonesia's holidays of a year with their names.

    Those that follow the moon are estimated until the government decrees them; the catalog's `closed` and `open` put
    right what the library does not know yet.
    """
    import holidays

    categories = ("public", "government") if joint_leave else ("public",)
    return dict(holidays.country_holidays("ID", years=year, categories=categories, language="id").items())
