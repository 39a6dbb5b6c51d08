"""Of the polls of an account only one at a time, and none that was killed keeps the others."""

from __future__ import annotations

from datetime import timedelta

from tests.conftest import FrozenClock
from wa_integrasi.outbox import Outbox, PollLease
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.store.engine import Store


def test_of_two_polls_only_one_drains_until_it_gives_its_turn_back(store: Store, clock: FrozenClock) -> None:
    first, second = (PollLease(store, "default", owner, clock) for owner in ("run-1", "run-2"))
    assert (first.take(), second.take()) == (True, False)
    assert PollLease(store, "tenant", "run-3", clock).take()
    clock.tick(seconds=19)
    assert (first.take(), second.take()) == (True, False)
    first.give_back()
    assert (second.take(), first.take()) == (True, False)


def test_a_run_that_was_killed_keeps_nobody_for_long(store: Store, clock: FrozenClock) -> None:
    first, second = (PollLease(store, "default", owner, clock) for owner in ("run-1", "run-2"))
    assert first.take()
    clock.tick(seconds=20)
    assert (second.take(), first.take()) == (True, False)
    first.give_back()
    assert not first.take()


def test_neither_does_a_clock_that_was_ahead(store: Store, clock: FrozenClock) -> None:
    assert PollLease(store, "default", "run-1", clock).take()
    clock.now -= timedelta(days=30)
    assert PollLease(store, "default", "run-2", clock).take()


def test_a_worker_that_keeps_house_ends_it_and_harms_no_message(store: Store, clock: FrozenClock) -> None:
    assert PollLease(store, "default", "run-1", clock).take()
    outbox = Outbox(store, clock=clock)
    send_to = {"default": AccountRules()}
    clock.tick(seconds=30)
    assert outbox.claim("test", send_to) == []
    assert PollLease(store, "default", "run-2", clock).take()
