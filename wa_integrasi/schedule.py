"""Cron expressions as node-cron has them, made into Prefect's, and when they come.

Five fields (minute, hour, day of month, month, day of week) or six, where node-cron has the seconds first and Prefect
has them last. What the two would read in two ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_PART = re.compile(r"(?P<all>\*)(?:/(?P<every>\d{1,3}))?|(?P<low>\w+)(?:-(?P<high>\w+)(?:/(?P<step>\d{1,3}))?)?")
_LONGEST = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}
_NEAR = timedelta(hours=3)
"""Further than any zone's clocks are put forward or back at once."""

_YEARS = 9
"""The longest time between two days that come: 29 February, around a century that is no leap year."""


class CronError(ValueError):
    """An expression that cannot be kept. Its message says what it must be."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the six: its name, its limits, and the words it knows for its numbers."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= 2 and self.low <= int(text) <= self.high:
            return int(text)
        found = [
            at + self.low for at, word in enumerate(self.words) if text.isalpha() and text.lower() in (word, word[:3])
        ]
        if not found:
            also = f" or {self.words[0][:3]} to {self.words[-1][:3]}" if self.words else ""
            raise CronError(f"{self.name}: {self.low} to {self.high}{also}")
        return found[0]

    def numbers(self, part: str) -> range:
        found = _PART.fullmatch(part)
        if found is None:
            raise CronError(
                f"{self.name}: *, numbers, ranges such as 1-5, steps such as */10, with commas between them"
            )
        step = int(found["every"] or found["step"] or 1)
        if not 1 <= step <= self.high:
            raise CronError(f"{self.name}: a step of 1 to {self.high}")
        if found["all"]:
            return range(self.low, self.high + 1, step)
        low = self.number(found["low"])
        high = self.number(found["high"]) if found["high"] else low
        if self is _WEEKDAY and high == 0 < low:
            high = 7  # a range may end on a Sunday
        if high < low:
            raise CronError(f"{self.name}: a range that begins with the smaller number")
        return range(low, high + 1, step)

    def read(self, text: str) -> frozenset[int]:
        found = frozenset(number for part in text.split(",") for number in self.numbers(part))
        return frozenset(number % 7 for number in found) if self is _WEEKDAY else found


_SECOND = _Field("second", 0, 59)
_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_DAY = _Field("day of month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTHS)
_WEEKDAY = _Field("day of week", 0, 7, _DAYS)


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression that has been read."""

    prefect: str
    """The same for Prefect: seconds last, numbers instead of words, Sunday as 0."""
    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def local(self, start: datetime) -> Iterator[datetime]:
        """The times from `start` on that a clock without a zone shows."""
        day = start.date()
        while day.year <= start.year + _YEARS:
            if day.month in self.months and day.day in self.days and (day.weekday() + 1) % 7 in self.weekdays:
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        for second in sorted(self.seconds):
                            moment = datetime.combine(day, time(hour, minute, second))
                            if moment >= start:
                                yield moment
            day += timedelta(days=1)


@lru_cache
def read_cron(text: str) -> Cron:
    """Read an expression. Raises `CronError`."""
    given = text.split()
    if len(given) not in (5, 6):
        raise CronError("five fields: minute, hour, day of month, month, day of week; or six, with the second first")
    texts = given if len(given) == 6 else ["0", *given]
    fields = (_SECOND, _MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)
    seconds, minutes, hours, days, months, weekdays = (
        field.read(given) for field, given in zip(fields, texts, strict=True)
    )
    if len(days) < 31 and len(weekdays) < 7:
        # Prefect would take days that fit either, node-cron those that fit both.
        raise CronError("a day of month or a day of week, not both: which of them counts differs among programs")
    if min(days) > max(_LONGEST[month] for month in months):
        raise CronError(f"a day that comes: no month among those has a day {min(days)}")
    shown = [
        _shown(*pair) for pair in zip(fields, texts, (seconds, minutes, hours, days, months, weekdays), strict=True)
    ]
    written = " ".join(shown[1:] if seconds == {0} else [*shown[1:], shown[0]])
    return Cron(written, seconds, minutes, hours, days, months, weekdays)


def prefect_cron(text: str) -> str:
    """The expression as Prefect takes it. Raises `CronError`."""
    return read_cron(text).prefect


def next_times(cron: str, zone: str, after: datetime, count: int) -> list[datetime]:
    """The next `count` times behind `after`, in the zone: those at which Prefect starts a run.

    Where clocks are put forward, a time that is left out comes as if they had been before; where they are put back, the
    first of the two counts. Raises `CronError`.
    """
    found: set[datetime] = set()
    enough: datetime | None = None
    for moment in _moments(cron, zone, after):
        if enough is not None and moment > enough + _NEAR:
            break
        if moment > after:
            found.add(moment)
            enough = enough or (max(found) if len(found) >= count else None)
    return [moment.astimezone(ZoneInfo(zone)) for moment in sorted(found)[:count]]


def times_between(cron: str, zone: str, after: datetime, until: datetime) -> list[datetime]:
    """The times behind `after` up to `until`, in the zone. Raises `CronError`."""
    found: set[datetime] = set()
    for moment in _moments(cron, zone, after):
        if moment > until + _NEAR:
            break
        if after < moment <= until:
            found.add(moment)
    return [moment.astimezone(ZoneInfo(zone)) for moment in sorted(found)]


def _moments(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """In UTC, and in the order of the clock on the wall: not quite that of time where clocks are put forward."""
    place = ZoneInfo(zone)
    begin = (after - _NEAR).astimezone(place).replace(tzinfo=None)
    for local in read_cron(cron).local(begin):
        yield min(local.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))


def _shown(field: _Field, text: str, numbers: frozenset[int]) -> str:
    """A field as Prefect reads it: as it was written, unless a word or a Sunday of its own is in it."""
    if len(numbers) == (7 if field is _WEEKDAY else field.high - field.low + 1):
        return "*"
    plain = not re.search(r"[A-Za-z]", text) and not (field is _WEEKDAY and text != "*")
    return text if plain else ",".join(map(str, sorted(numbers)))
