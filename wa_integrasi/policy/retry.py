"""What becomes of a message after one attempt: the numbers behind a provider's `Action`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import assert_never

from wa_integrasi.message import Status
from wa_integrasi.providers.base import Accepted, Action, Failed, Outcome, Unanswered

Jitter = Callable[[float, float], float]
"""A number between two others; `random.uniform` in production."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The status a message takes after an attempt, and how long it then waits."""

    status: Status
    wait: timedelta = timedelta()
    counts: bool = True
    """Whether the attempt is one of the message's tries."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter (a wait between nothing and twice the last bound), then a dead letter."""

    tries: int = 6
    base: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(hours=1)
    hold: timedelta = timedelta(minutes=15)
    """The first wait for a template that its channel has paused; each next one is twice as long."""
    away: timedelta = timedelta(minutes=2)
    """The longest wait while the channel cannot be reached; the tries are not counted."""
    held: timedelta = timedelta(minutes=3)
    """The first wait of a message for which its account was refused; longer than the breaker's hold."""
    defer: timedelta = timedelta(hours=24)
    fewer: Mapping[str, int] = field(
        default_factory=lambda: {"1": 3, "135000": 2, "132001": 2, "132005": 2, "132007": 2}
    )
    """Tries of failures that seldom pass, by their codes (Cloud API, error codes)."""
    evidence: timedelta = timedelta(seconds=45)
    """How long an unknown message waits for a receipt before it is sent again."""

    def decide(self, outcome: Outcome, attempts: int, jitter: Jitter, *, probing: bool = False) -> Decision:
        """Decide after the attempt number `attempts` (from 1). `probing`: the account was held by then."""
        match outcome:
            case Accepted():
                return Decision(Status.SENT)
            case Unanswered():
                return Decision(Status.UNKNOWN, self.evidence)
            case Failed():
                return self._after_failure(outcome, attempts, jitter, probing)
            case _:
                assert_never(outcome)

    def _after_failure(self, failure: Failed, attempts: int, jitter: Jitter, probing: bool) -> Decision:
        match failure.action:
            case Action.RETRY:
                bound = min(self.cap, self.base * 2 ** min(attempts, 20))
                return self._again(attempts, timedelta(seconds=jitter(0, bound.total_seconds())), failure)
            case Action.AWAY:
                bound = min(self.away, self.base * 2 ** min(attempts, 20))
                return Decision(Status.PENDING, timedelta(seconds=jitter(0, bound.total_seconds())), counts=False)
            case Action.RETRY_RECIPIENT:
                return self._again(attempts, min(self.cap, timedelta(seconds=4 ** min(attempts, 10))), failure)
            case Action.DEFER:
                return self._again(attempts, self.defer, failure)
            case Action.HOLD_ACCOUNT:
                # The account is at fault. A while, so that the next probe is another message; counted where the account
                # was not held by then (`probing`), so that a message which alone is refused comes to its end.
                if probing:
                    return Decision(Status.PENDING, self.held, counts=False)
                return self._again(attempts, self.held * 2 ** min(attempts - 1, 4), failure)
            case Action.HOLD_TEMPLATE:
                return self._again(attempts, self.hold * 2 ** min(attempts - 1, 4), failure)
            case Action.OPTED_OUT | Action.NEEDS_TEMPLATE:
                return Decision(Status.REFUSED)
            case Action.DEAD:
                return Decision(Status.DEAD)
            case _:
                assert_never(failure.action)

    def _again(self, attempts: int, wait: timedelta, failure: Failed) -> Decision:
        if attempts >= min(self.tries, self.fewer.get(failure.code, self.tries)):
            return Decision(Status.DEAD)
        return Decision(Status.PENDING, max(wait, timedelta(seconds=failure.retry_after or 0)))
