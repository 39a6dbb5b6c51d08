"""How often a key may ask: an allowance that refills evenly, kept in this process."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

PERIOD_S = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a key's requests."""

    limit: int
    left: int
    full_in_s: float
    """Until all of them are there again."""
    wait_s: float = 0.0
    """Until the next may come; 0 when this one may."""

    def headers(self) -> dict[str, str]:
        """As the IETF's draft "RateLimit header fields for HTTP" has it."""
        return {
            "RateLimit-Policy": f'"key";q={self.limit};w={PERIOD_S:.0f}',
            "RateLimit": f'"key";r={self.left};t={math.ceil(self.wait_s or self.full_in_s)}',
        }


class Rates:
    """The allowances of all keys. Several processes have several: a key gets as much from each.

    Kept as one moment for each key, when its allowance is full again (the generic cell rate algorithm).
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._full_at: dict[str, float] = {}

    def spend(self, name: str, per_minute: int) -> Allowance:
        """Count one request of a key, if it has one left."""
        now = self._monotonic()
        each = PERIOD_S / per_minute
        full_at = max(now, self._full_at.get(name, now)) + each
        over = full_at - now - PERIOD_S
        if over > each * 1e-6:
            return Allowance(per_minute, 0, full_at - each - now, wait_s=over)
        self._full_at[name] = full_at
        return Allowance(per_minute, int((now + PERIOD_S - full_at) / each + 1e-6), full_at - now)
