"""A pause after failures in a row, so that a dead service does not cost every question its time limit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Pause:
    """Of one client, in its process. All moments are seconds of one clock that only goes forward."""

    after: int = 3
    """Failures in a row."""
    first_s: float = 30.0
    longest_s: float = 600.0
    in_a_row: int = 0
    until: float | None = None
    pauses: int = 0
    """How often in a row; each doubles the next one."""
    probing: bool = False

    def enter(self, now: float) -> bool:
        """Whether a question may be asked. After a pause it is one, and the others wait for what becomes of it."""
        if self.until is None:
            return True
        if now < self.until or self.probing:
            return False
        self.probing = True
        return True

    def worked(self) -> None:
        """A question was answered, or refused for its own sake: the service is there."""
        self.in_a_row, self.until, self.pauses = 0, None, 0

    def failed(self, now: float, asked_s: float = 0.0) -> None:
        """A question met a service in trouble, which may have asked for a wait."""
        if self.until is not None and now < self.until:
            return  # it was asked before the pause began
        self.in_a_row += 1
        if self.until is None and self.in_a_row < self.after:
            return
        wait = min(self.longest_s, max(asked_s, self.first_s * 2 ** min(self.pauses, 10)))
        self.until = now + wait
        self.pauses += 1

    def left(self) -> None:
        """A question is over, however it ended."""
        self.probing = False
