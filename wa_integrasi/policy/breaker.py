"""The circuit breaker of an account: a channel that keeps failing is left alone for a while, then tried with a few.

Its state is a row that all workers share; what happens to it is decided here, without a database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from wa_integrasi.providers.base import Accepted, Action, Failed, Outcome, Unanswered


class Circuit(StrEnum):
    """Closed: everything may go. Open: nothing. Half-open: a few, to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of one account. The counts are those of the window that began with the first failure."""

    circuit: Circuit = Circuit.CLOSED
    in_a_row: int = 0
    tried: int = 0
    failed: int = 0
    window_ends: datetime | None = None
    until: datetime | None = None
    """While open: when it becomes half-open."""
    openings: int = 0
    """How often in a row it has opened; each doubles the wait."""
    code: str | None = None
    reason: str | None = None
    """Of the failure that opened it, for people."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a breaker opens, and for how long."""

    in_a_row: int = 5
    share: float = 0.5
    at_least: int = 20
    """Tries in a window before their share counts."""
    window: timedelta = timedelta(minutes=1)
    wait: timedelta = timedelta(seconds=15)
    longest: timedelta = timedelta(minutes=10)
    hold: timedelta = timedelta(minutes=2)
    """The first wait when the account itself was refused: its key, its billing, its session."""
    probes: int = 2
    """How many may go while half-open; all of them must succeed to close it."""

    def allowed(self, breaker: Breaker, now: datetime) -> int | None:
        """How many messages may go now; None for no limit."""
        match breaker.circuit:
            case Circuit.CLOSED:
                return None
            case Circuit.HALF_OPEN:
                return self.probes
            case Circuit.OPEN:
                return self.probes if breaker.until is None or breaker.until <= now else 0
            case _:
                assert_never(breaker.circuit)

    def after(self, breaker: Breaker, outcomes: list[Outcome], now: datetime) -> Breaker:
        """The state once `outcomes` are known, in their order. The same object when nothing has changed."""
        for outcome in outcomes:
            breaker = self._after_one(breaker, outcome, now)
        return breaker

    def _after_one(self, breaker: Breaker, outcome: Outcome, now: datetime) -> Breaker:
        outage = is_outage(outcome)
        if is_hold(outcome):
            return self._opened(breaker, outcome, now)
        if breaker.circuit is Circuit.OPEN and breaker.until is not None and breaker.until > now:
            return breaker  # an answer to what was sent before it opened
        if breaker.circuit is not Circuit.CLOSED:
            if outage:
                return self._opened(breaker, outcome, now)
            succeeded = breaker.tried - breaker.failed + 1
            if succeeded >= self.probes:
                return Breaker()
            return replace(breaker, circuit=Circuit.HALF_OPEN, tried=breaker.tried + 1)
        if breaker.window_ends is not None and breaker.window_ends <= now:
            breaker = Breaker()
        if not outage and breaker.window_ends is None:
            return breaker
        breaker = replace(
            breaker,
            in_a_row=breaker.in_a_row + 1 if outage else 0,
            tried=breaker.tried + 1,
            failed=breaker.failed + outage,
            window_ends=breaker.window_ends or now + self.window,
        )
        too_many = breaker.tried >= self.at_least and breaker.failed >= self.share * breaker.tried
        return self._opened(breaker, outcome, now) if breaker.in_a_row >= self.in_a_row or too_many else breaker

    def _opened(self, breaker: Breaker, outcome: Outcome, now: datetime) -> Breaker:
        if breaker.circuit is Circuit.OPEN and breaker.until is not None and breaker.until > now:
            return breaker  # answers to what was sent before it opened
        first = self.hold if is_hold(outcome) else self.wait
        wait = min(self.longest, first * 2 ** min(breaker.openings, 10))
        asked = timedelta(seconds=(outcome.retry_after or 0) if isinstance(outcome, Failed) else 0)
        code, reason = ("", "") if isinstance(outcome, Accepted) else failure_of(outcome)
        return Breaker(
            Circuit.OPEN,
            until=now + max(wait, asked),
            openings=breaker.openings + 1,
            code=code,
            reason=reason,
        )


def is_hold(outcome: Outcome) -> bool:
    """Whether the provider refused the account, not the message: everything would be refused until that is mended."""
    return isinstance(outcome, Failed) and outcome.action is Action.HOLD_ACCOUNT


def failure_of(outcome: Failed | Unanswered) -> tuple[str, str]:
    """Code and short text of what went wrong."""
    return (outcome.code, outcome.text) if isinstance(outcome, Failed) else ("no_answer", outcome.text)


def is_outage(outcome: Outcome) -> bool:
    """Whether an outcome says that the channel itself is in trouble; a refusal of one message says that it works."""
    match outcome:
        case Accepted():
            return False
        case Unanswered():
            return True
        case Failed():
            return outcome.action in (Action.RETRY, Action.AWAY)
        case _:
            assert_never(outcome)
