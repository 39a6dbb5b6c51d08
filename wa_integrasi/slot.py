"""The period that a report speaks of: a day, a week or a month of the business zone."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo


class Cadence(StrEnum):
    """How often a report is made, and so how long its slot is."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Shift:
    """Hours of each day that one crew works; across midnight where they end before they begin."""

    name: str
    begin: time
    end: time

    @property
    def hours(self) -> str:
        """`23:00–07:00`."""
        return f"{self.begin:%H:%M}–{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Slot:
    """One period: `start` is in it, `end` is not. `key` names it in dedupe keys: 2026-11-19, 2026-W47, 2026-10."""

    cadence: Cadence
    first_day: date
    zone: str
    shift: Shift | None = None
    """Of a day: only this shift, which belongs to the day on which it begins."""

    @property
    def next_day(self) -> date:
        """The first day after the slot."""
        match self.cadence:
            case Cadence.DAILY:
                return self.first_day + timedelta(days=1)
            case Cadence.WEEKLY:
                return self.first_day + timedelta(days=7)
            case Cadence.MONTHLY:
                _, days = calendar.monthrange(self.first_day.year, self.first_day.month)
                return self.first_day + timedelta(days=days)
            case _:
                assert_never(self.cadence)

    @property
    def previous(self) -> Slot:
        """The slot before this one."""
        before = Slot.containing(self.first_day - timedelta(days=1), self.cadence, self.zone)
        return replace(before, shift=self.shift)

    @property
    def following(self) -> Slot:
        """The slot after this one."""
        return replace(self, first_day=self.next_day)

    @property
    def start(self) -> datetime:
        """Midnight in the business zone, or the shift's first moment; aware."""
        return datetime.combine(self.first_day, self.shift.begin if self.shift else time(), ZoneInfo(self.zone))

    @property
    def end(self) -> datetime:
        """Midnight after the last day, or where the shift ends; aware."""
        if self.shift is None:
            return datetime.combine(self.next_day, time(), ZoneInfo(self.zone))
        day = self.next_day if self.shift.end <= self.shift.begin else self.first_day
        return datetime.combine(day, self.shift.end, ZoneInfo(self.zone))

    @property
    def key(self) -> str:
        """The slot's name, the same for every run that speaks of it."""
        match self.cadence:
            case Cadence.DAILY:
                return self.first_day.isoformat()
            case Cadence.WEEKLY:
                year, week, _ = self.first_day.isocalendar()
                return f"{year}-W{week:02}"
            case Cadence.MONTHLY:
                return f"{self.first_day:%Y-%m}"
            case _:
                assert_never(self.cadence)

    @property
    def binds(self) -> dict[str, str]:
        """The slot as bound parameters of a query; moments in UTC, so that they compare as text too."""
        return {
            "slot_start": self.start.astimezone(UTC).isoformat(),
            "slot_end": self.end.astimezone(UTC).isoformat(),
            "slot_date": self.first_day.isoformat(),
        }

    @classmethod
    def containing(cls, day: date, cadence: Cadence, zone: str) -> Slot:
        """The slot that `day` lies in."""
        match cadence:
            case Cadence.DAILY:
                return cls(cadence, day, zone)
            case Cadence.WEEKLY:
                return cls(cadence, day - timedelta(days=day.weekday()), zone)
            case Cadence.MONTHLY:
                return cls(cadence, day.replace(day=1), zone)
            case _:
                assert_never(cadence)

    @classmethod
    def ended(cls, now: datetime, cadence: Cadence, zone: str) -> Slot:
        """The last slot that was over at `now`: what a scheduled run reports on."""
        today = now.astimezone(ZoneInfo(zone)).date()
        current = cls.containing(today, cadence, zone)
        return cls.containing(current.first_day - timedelta(days=1), cadence, zone)


@dataclass(frozen=True, slots=True)
class Span:
    """The time since something was last told: what a recap speaks of that goes out when something has changed.

    `start` is in it, `end` is not: the end of one is the start of the next, so that they leave nothing out.
    """

    start: datetime
    end: datetime
    zone: str
    number: int = 0
    """How often was told before: a clock that is set back may give two spans the same end."""

    @property
    def key(self) -> str:
        """Names it in dedupe keys: its end in UTC, and its number but for the first: 2026-11-19T003005Z-7."""
        return f"{self.end.astimezone(UTC):%Y-%m-%dT%H%M%SZ}{f'-{self.number}' if self.number else ''}"

    @property
    def binds(self) -> dict[str, str]:
        """As `Slot.binds`; `slot_date` is the local day of its end."""
        return {
            "slot_start": _whole(self.start),
            "slot_end": _whole(self.end),
            "slot_date": self.end.astimezone(ZoneInfo(self.zone)).date().isoformat(),
        }

    @property
    def next_day(self) -> date:
        """The local day after its end."""
        return self.end.astimezone(ZoneInfo(self.zone)).date() + timedelta(days=1)

    @classmethod
    def within(cls, day: date, now: datetime, zone: str) -> Span:
        """A day, or as much of it as is over at `now`."""
        whole = Slot(Cadence.DAILY, day, zone)
        return cls(whole.start, max(whole.start, min(whole.end, now)), zone)


def _whole(moment: datetime) -> str:
    """In UTC and whole seconds: with a fraction it would not compare as text with moments that have none."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()
