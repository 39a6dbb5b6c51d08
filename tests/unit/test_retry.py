"""What becomes of a message after an attempt: every action's numbers, and when it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.message import Status
from wa_integrasi.policy.retry import Decision, RetryPolicy
from wa_integrasi.providers.base import Accepted, Action, Failed, Outcome, Unanswered

POLICY = RetryPolicy()
AGAIN = [Action.RETRY, Action.RETRY_RECIPIENT, Action.DEFER]
HOLD = [Action.HOLD_ACCOUNT, Action.HOLD_TEMPLATE]
FREE = [Action.AWAY]
"""What a message is not at fault of: such attempts are none of its tries."""


def highest(low: float, high: float) -> float:
    assert low == 0
    return high


def decide(outcome: Outcome, attempts: int = 1) -> Decision:
    return POLICY.decide(outcome, attempts, highest)


def failed(action: Action, retry_after: float | None = None) -> Failed:
    return Failed(action, "131000", "Something went wrong", retry_after)


@pytest.mark.parametrize(
    ("outcome", "status", "seconds"),
    [
        (Accepted("wamid.1"), Status.SENT, 0),
        (Unanswered("timed out"), Status.UNKNOWN, 45),
        (failed(Action.RETRY), Status.PENDING, 4),
        (failed(Action.AWAY), Status.PENDING, 4),
        (failed(Action.RETRY_RECIPIENT), Status.PENDING, 4),
        (failed(Action.DEFER), Status.PENDING, 24 * 3600),
        (failed(Action.HOLD_ACCOUNT), Status.PENDING, 180),
        (failed(Action.HOLD_TEMPLATE), Status.PENDING, 900),
        (failed(Action.OPTED_OUT), Status.REFUSED, 0),
        (failed(Action.NEEDS_TEMPLATE), Status.REFUSED, 0),
        (failed(Action.DEAD), Status.DEAD, 0),
    ],
)
def test_after_the_first_attempt(outcome: Outcome, status: Status, seconds: float) -> None:
    counts = not (isinstance(outcome, Failed) and outcome.action in FREE)
    assert decide(outcome) == Decision(status, timedelta(seconds=seconds), counts)


def test_every_action_has_an_answer() -> None:
    assert {decide(failed(action)).status for action in Action} == {Status.PENDING, Status.REFUSED, Status.DEAD}


@pytest.mark.parametrize(
    ("action", "waits"),
    [
        (Action.RETRY, [4, 8, 16, 32, 64]),
        (Action.AWAY, [4, 8, 16, 32, 64, 120, 120]),
        (Action.RETRY_RECIPIENT, [4, 16, 64, 256, 1024]),
        (Action.DEFER, [86_400] * 5),
        (Action.HOLD_TEMPLATE, [900, 1800, 3600, 7200, 14400]),
    ],
)
def test_the_waits_grow_as_the_channel_asks(action: Action, waits: list[float]) -> None:
    decisions = [decide(failed(action), attempt) for attempt in range(1, len(waits) + 1)]
    assert [decision.wait.total_seconds() for decision in decisions] == waits


@pytest.mark.parametrize("action", [Action.RETRY, Action.RETRY_RECIPIENT])
def test_a_wait_never_grows_past_an_hour(action: Action) -> None:
    patient = RetryPolicy(tries=10_000)
    assert patient.decide(failed(action), 9_999, highest).wait == timedelta(hours=1)


@pytest.mark.parametrize("action", [*AGAIN, Action.HOLD_TEMPLATE])
def test_a_provider_that_asks_for_a_longer_wait_gets_it(action: Action) -> None:
    decision = decide(failed(action, retry_after=90_000))
    assert (decision.status, decision.wait) == (Status.PENDING, timedelta(seconds=90_000))


@pytest.mark.parametrize("action", AGAIN + HOLD)
@pytest.mark.parametrize("asked", [None, 0.0, 0.5])
def test_a_provider_that_asks_for_less_does_not_shorten_the_wait(action: Action, asked: float | None) -> None:
    assert decide(failed(action, asked)) == decide(failed(action))


@pytest.mark.parametrize("action", AGAIN)
def test_after_the_last_try_a_message_is_a_dead_letter(action: Action) -> None:
    statuses = [decide(failed(action, retry_after=60), attempt).status for attempt in range(1, 8)]
    assert statuses == [Status.PENDING] * 5 + [Status.DEAD] * 2


@settings(deadline=None)
@given(action=st.sampled_from([Action.HOLD_ACCOUNT, Action.AWAY]), attempts=st.integers(1, 10_000))
def test_a_held_account_or_a_channel_that_is_away_never_costs_a_message_its_life(action: Action, attempts: int) -> None:
    decided = RetryPolicy().decide(failed(action), attempts, lambda low, high: high, probing=True)
    assert (decided.status, decided.counts) == (Status.PENDING, False)


@settings(deadline=None)
@given(attempts=st.integers(1, 10_000))
def test_an_unanswered_message_always_waits_for_evidence_first(attempts: int) -> None:
    assert decide(Unanswered("timed out"), attempts) == Decision(Status.UNKNOWN, timedelta(seconds=45))


@settings(deadline=None)
@given(attempts=st.integers(1, 100), share=st.floats(0, 1))
def test_the_jitter_spreads_a_retry_over_the_whole_wait(attempts: int, share: float) -> None:
    patient = RetryPolicy(tries=1000)
    decision = patient.decide(failed(Action.RETRY), attempts, lambda low, high: low + (high - low) * share)
    longest = patient.decide(failed(Action.RETRY), attempts, highest)
    assert timedelta() <= decision.wait <= longest.wait <= timedelta(hours=1)
    assert abs(decision.wait - longest.wait * share) < timedelta(milliseconds=1)


def test_the_policy_is_data() -> None:
    hasty = RetryPolicy(tries=2, base=timedelta(milliseconds=10), hold=timedelta(seconds=1))
    assert hasty.decide(failed(Action.RETRY), 1, highest).wait == timedelta(milliseconds=20)
    assert hasty.decide(failed(Action.RETRY), 2, highest).status is Status.DEAD
    assert hasty.decide(failed(Action.HOLD_TEMPLATE), 1, highest).wait == timedelta(seconds=1)
