"""When each account needs a worker: only its own rows wake it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.conftest import FrozenClock
from tests.store.channel import BUDI, enqueue, message
from wa_integrasi.outbox import LEASE, Outbox
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, Unanswered
from wa_integrasi.store.engine import Store

RULES = {"default": AccountRules(), "gudang": AccountRules(looks_up=True)}
NOW = timedelta()


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, RetryPolicy(), clock, jitter=lambda low, high: high)


def test_an_account_of_which_nothing_waits_needs_nobody(outbox: Outbox) -> None:
    assert outbox.due_by_account(RULES) == {}
    enqueue(outbox, message(account="lain"))
    assert outbox.due_by_account(RULES) == {}


def test_a_message_is_due_for_its_own_account(outbox: Outbox) -> None:
    enqueue(outbox, message(account="gudang"))
    assert outbox.due_by_account(RULES) == {"gudang": NOW}


def test_another_programs_row_is_due_for_its_own_account(outbox: Outbox, store: Store) -> None:
    with store.writing() as connection:
        insert = "INSERT INTO wa_outbox (recipient, content, account) VALUES ('0812-3456-7890', 'x', 'gudang')"
        connection.execute(text(insert))
    assert outbox.due_by_account(RULES) == {"gudang": NOW}


def test_what_is_sent_needs_nobody_and_what_failed_is_due_when_its_wait_is_over(outbox: Outbox) -> None:
    enqueue(outbox, message(), message(to=BUDI))
    first, second = outbox.claim("test", RULES)
    outbox.settle([(first, Accepted("1")), (second, Failed(Action.RETRY, "1", "later"))], RULES)
    wait = outbox.due_by_account(RULES)["default"]
    assert wait > NOW
    assert wait == timedelta(seconds=outbox.due_in(RULES))


def test_an_account_that_is_held_is_due_when_it_may_probe(outbox: Outbox) -> None:
    enqueue(outbox, message())
    outbox.hold("default", "190", "Token has expired")
    assert outbox.due_by_account(RULES)["default"] > NOW


def test_a_lost_worker_is_noted_for_the_account_that_it_had(outbox: Outbox, clock: FrozenClock) -> None:
    enqueue(outbox, message())
    outbox.claim("lost", RULES)
    assert outbox.due_by_account(RULES) == {"default": LEASE}
    clock.tick(seconds=60)
    assert outbox.due_by_account(RULES) == {"default": NOW}


@pytest.mark.parametrize("account", ["default", "gudang"])
def test_a_message_of_unknown_fate_is_due_when_its_wait_is_over(outbox: Outbox, account: str) -> None:
    enqueue(outbox, message(account=account))
    [claimed] = outbox.claim("test", RULES)
    outbox.settle([(claimed, Unanswered("timed out"))], RULES)
    due = outbox.due_by_account(RULES)
    assert due.keys() == {account}
    assert due[account] > NOW
