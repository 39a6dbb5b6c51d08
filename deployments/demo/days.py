"""The days of the demo plant: which go badly, which are holidays, and the draws of each."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Jakarta")
_IDUL_FITRI = (date(2025, 3, 31), date(2026, 3, 21), date(2027, 3, 10), date(2028, 2, 27), date(2029, 2, 15))
"""The first day of each; the plant rests on it and on the next."""
_FIXED = frozenset({(1, 1), (5, 1), (8, 17), (12, 25)})
_OVERHAUL_DAYS = 5


@dataclass(frozen=True)
class Day:
    """One day in Jakarta. Everything of it is drawn from the seed and its date, so it is the same in every range."""

    date: date
    seed: int

    @cached_property
    def midnight(self) -> datetime:
        """Where it begins, in UTC."""
        return datetime(self.date.year, self.date.month, self.date.day, tzinfo=ZONE).astimezone(UTC)

    def draw(self, what: str) -> random.Random:
        """Numbers of its own for one thing that is drawn."""
        return random.Random(f"{self.seed}/{self.date}/{what}")  # noqa: S311

    def moment(self, minutes: float) -> str:
        """So many minutes after midnight, as UTC text; up to the end of the third day."""
        hour, minute = divmod(int(minutes), 60)
        return f"{self._hours[hour]}{minute:02}:00+00:00"

    @cached_property
    def _hours(self) -> list[str]:
        """The hours from midnight on, as far as texts of moments begin alike: there are many of them."""
        return [f"{self.midnight + timedelta(hours=hour):%Y-%m-%dT%H:}" for hour in range(72)]

    @cached_property
    def is_bad(self) -> bool:
        """Whether it goes badly for the whole plant, as one day of every month does."""
        drawn = random.Random(f"{self.seed}/{self.date:%Y-%m}").randint(1, 28)  # noqa: S311
        return self.date.day == drawn and not self.is_rest

    @cached_property
    def is_rest(self) -> bool:
        """Whether everything but the kiln rests: Idul Fitri and the day after."""
        return any(0 <= (self.date - first).days < 2 for first in _IDUL_FITRI)

    @property
    def is_holiday(self) -> bool:
        """Whether it is a holiday on which the packers work one shift less."""
        return (self.date.month, self.date.day) in _FIXED

    @cached_property
    def is_overhaul(self) -> bool:
        """Whether the kiln is cold for its yearly repair: five days from the second Monday of February on."""
        first = date(self.date.year, 2, 8)
        first += timedelta(days=-first.weekday() % 7)
        return 0 <= (self.date - first).days < _OVERHAUL_DAYS
