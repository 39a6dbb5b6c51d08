"""What came of many messages, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from wa_integrasi.message import Status


@dataclass(slots=True)
class Tally:
    """How many messages took which status."""

    statuses: Counter[Status] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All messages that were tried."""
        return self.statuses.total()

    def __iadd__(self, other: Tally) -> Tally:
        self.statuses += other.statuses
        return self

    def __str__(self) -> str:
        counts = [f"{count} {status.value}" for status, count in sorted(self.statuses.items())]
        return ", ".join(counts) or "nothing to send"
