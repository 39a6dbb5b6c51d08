"""How fast messages may go: evenly spaced, so that no window of any length ever holds more than its share.

The virtual-scheduling form of the generic cell rate algorithm (ITU-T I.371): of all that went before, one moment is
kept, the theoretical arrival time of the next message. That moment is a row that all workers share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

_CLOCKS_DIFFER = timedelta(minutes=1)
"""No two machines' clocks do so by more."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One message every `every`, and up to `burst` at once after a silence."""

    every: timedelta
    burst: int = 1

    def slots(self, next_at: datetime | None, now: datetime, want: int, ahead: timedelta) -> list[datetime]:
        """The moments at which up to `want` messages may go, none later than `now + ahead`.

        `next_at` is the kept moment. After taking `n` of them, keep `after(next_at, now, n)`.
        """
        found: list[datetime] = []
        for _ in range(want):
            moment = self.moment(next_at, now)
            if moment > now + ahead:
                break
            found.append(moment)
            next_at = self.after(next_at, now, 1)
        return found

    def moment(self, next_at: datetime | None, now: datetime) -> datetime:
        """When the next message may go."""
        return max(now, self._believed(next_at, now) - self.every * (self.burst - 1))

    def after(self, next_at: datetime | None, now: datetime, taken: int) -> datetime:
        """The moment to keep once `taken` messages have been let go."""
        return max(self._believed(next_at, now), now) + self.every * taken

    def _believed(self, next_at: datetime | None, now: datetime) -> datetime:
        """The kept moment; one further ahead than any claim leaves it is from before the clock was set back."""
        furthest = now + self.every * (self.burst + 1) + _CLOCKS_DIFFER
        return now if next_at is None or next_at > furthest else next_at


def per_second(rate: float, burst: int = 1) -> Pace:
    """`rate` messages a second."""
    return Pace(timedelta(microseconds=math.ceil(1_000_000 / rate)), burst)


META_NUMBER = per_second(80)
"""A Cloud API number, in and out together (Cloud API, messaging limits)."""

META_PAIR = Pace(timedelta(seconds=6), burst=45)
"""One business number to one user (Cloud API, pair rate limit)."""

WEB_SESSION = Pace(timedelta(seconds=3))
"""A paired phone: slower than its 40 a minute, as bulk senders are banned."""
