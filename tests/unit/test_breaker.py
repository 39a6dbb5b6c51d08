"""The circuit breaker as data: when it opens, what may go meanwhile, and when it closes again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_integrasi.policy.breaker import Breaker, BreakerPolicy, Circuit, is_outage
from wa_integrasi.providers.base import Accepted, Action, Failed, Outcome, Unanswered

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
POLICY = BreakerPolicy()
GOOD = Accepted("w")
BAD = Failed(Action.RETRY, "131000", "Something went wrong")
REFUSED = Failed(Action.DEAD, "131026", "Message undeliverable")


def opened(openings: int = 1) -> Breaker:
    return Breaker(Circuit.OPEN, until=NOW + timedelta(seconds=15), openings=openings)


def test_failures_in_a_row_open_it_and_nothing_may_go() -> None:
    breaker = POLICY.after(Breaker(), [BAD] * 5, NOW)
    assert breaker.circuit is Circuit.OPEN
    assert POLICY.allowed(breaker, NOW) == 0
    assert POLICY.allowed(Breaker(), NOW) is None


def test_one_success_starts_the_row_anew() -> None:
    breaker = POLICY.after(Breaker(), [BAD] * 4 + [GOOD] + [BAD] * 4, NOW)
    assert breaker.circuit is Circuit.CLOSED


def test_half_of_a_window_failing_opens_it_without_a_row() -> None:
    breaker = POLICY.after(Breaker(), [BAD, GOOD] * 10, NOW)
    assert breaker.circuit is Circuit.OPEN


def test_an_old_window_is_forgotten() -> None:
    breaker = POLICY.after(Breaker(), [BAD, GOOD] * 9, NOW)
    assert POLICY.after(breaker, [GOOD], NOW + POLICY.window) == Breaker()


def test_a_refused_message_says_that_the_channel_works() -> None:
    assert POLICY.after(Breaker(), [REFUSED] * 100, NOW) == Breaker()


def test_after_the_wait_a_few_may_go_and_their_success_closes_it() -> None:
    later = NOW + timedelta(seconds=15)
    assert POLICY.allowed(opened(), later) == 2
    breaker = POLICY.after(opened(), [GOOD], later)
    assert breaker.circuit is Circuit.HALF_OPEN
    assert POLICY.after(breaker, [GOOD], later) == Breaker()


def test_a_failed_probe_opens_it_for_twice_as_long_up_to_the_longest() -> None:
    breaker = opened()
    now = NOW
    waits = []
    for _ in range(8):
        now = breaker.until or now
        breaker = POLICY.after(breaker, [BAD], now)
        assert breaker.until is not None
        waits.append((breaker.until - now).total_seconds())
    assert waits == [30, 60, 120, 240, 480, 600, 600, 600]


def test_a_refused_account_is_held_at_once_with_its_reason_and_for_as_long_as_the_provider_asks() -> None:
    held = POLICY.after(Breaker(), [GOOD, Failed(Action.HOLD_ACCOUNT, "190", "Token has expired")], NOW)
    assert (held.circuit, held.code, held.reason) == (Circuit.OPEN, "190", "Token has expired")
    assert held.until == NOW + POLICY.hold
    asked = POLICY.after(Breaker(), [Failed(Action.HOLD_ACCOUNT, "4", "Too many", retry_after=3600)], NOW)
    assert asked.until == NOW + timedelta(hours=1)


def test_late_answers_to_what_was_sent_before_do_not_lengthen_the_wait() -> None:
    assert POLICY.after(opened(), [BAD] * 50, NOW) == opened()


@pytest.mark.parametrize(
    ("outcome", "outage"),
    [
        (GOOD, False),
        (BAD, True),
        (REFUSED, False),
        (Unanswered("timed out"), True),
        (Failed(Action.RETRY_RECIPIENT, "131056", "pair rate"), False),
        (Failed(Action.HOLD_ACCOUNT, "190", "token"), False),
        (Failed(Action.AWAY, "connect", "refused"), True),
    ],
)
def test_what_counts_as_an_outage(outcome: Outcome, outage: bool) -> None:
    assert is_outage(outcome) is outage


@given(st.lists(st.sampled_from([GOOD, BAD, REFUSED]), max_size=200))
def test_however_outcomes_fall_into_batches_the_state_is_the_same(outcomes: list[Outcome]) -> None:
    one_by_one = Breaker()
    for outcome in outcomes:
        one_by_one = POLICY.after(one_by_one, [outcome], NOW)
    assert POLICY.after(Breaker(), outcomes, NOW) == one_by_one
