"""What becomes of a stored webhook: kept once, read once, and a receipt that comes too early waits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import FrozenClock
from tests.store.told import KEY, ToldReceiver, claimed, keep, receipt, rows, statuses
from wa_integrasi.history import History
from wa_integrasi.inbox import PARKED_FOR, Inbox
from wa_integrasi.message import Receipt
from wa_integrasi.outbox import Outbox
from wa_integrasi.providers.base import Accepted, BadItem, MessageEvent, OtherEvent
from wa_integrasi.store.engine import Store


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, clock=clock)


@pytest.fixture
def inbox(store: Store, outbox: Outbox, clock: FrozenClock) -> Inbox:
    return Inbox(store, outbox, clock)


@pytest.fixture
def receiver() -> ToldReceiver:
    return ToldReceiver()


def test_the_same_webhook_is_kept_once(inbox: Inbox, store: Store) -> None:
    assert [inbox.keep(*KEY, b"a"), inbox.keep(*KEY, b"a"), inbox.keep(*KEY, b"b")] == [True, False, True]
    assert [row.body for row in rows(store)] == [b"a", b"b"]


def test_the_same_bytes_for_another_account_are_another_webhook(inbox: Inbox, store: Store) -> None:
    accounts = [("meta", "default"), ("meta", "tenant"), ("waha", "default")]
    assert [inbox.keep(*account, b"a") for account in accounts] == [True] * 3
    assert len(rows(store)) == 3


def test_a_webhook_is_kept_once_though_it_comes_twenty_times_at_once(inbox: Inbox, store: Store) -> None:
    together = threading.Barrier(20)

    def deliver(_: int) -> bool:
        together.wait(10)
        return inbox.keep(*KEY, b"a")

    with ThreadPoolExecutor(20) as pool:
        new = list(pool.map(deliver, range(20)))
    assert sorted(new) == [False] * 19 + [True]
    assert len(rows(store)) == 1


def test_any_bytes_are_kept_as_they_came(inbox: Inbox, store: Store) -> None:
    body = bytes(range(256)) * 100
    inbox.keep(*KEY, body)
    assert bytes(rows(store)[0].body) == body


def test_receipts_move_their_messages_on_and_the_event_is_done(
    inbox: Inbox, outbox: Outbox, receiver: ToldReceiver, store: Store, clock: FrozenClock
) -> None:
    outbox.settle([(claimed(outbox), Accepted("w1"))])
    keep(
        inbox, receiver, b"a", lambda: [receipt("w1", Receipt.DELIVERED, clock()), receipt("w1", Receipt.READ, clock())]
    )
    assert inbox.work({KEY: receiver}) == 1
    assert statuses(store) == ["read"]
    assert [(row.note, row.due_at, row.attempts) for row in rows(store)] == [("2 receipts", None, 1)]
    clock.tick(days=1)
    assert inbox.work({KEY: receiver}) == 0


def test_the_note_says_what_was_in_an_event_and_nothing_of_its_content(
    inbox: Inbox, receiver: ToldReceiver, store: Store, clock: FrozenClock
) -> None:
    items = [
        MessageEvent("w2", "+6281234567890", clock(), "text", "rahasia", {"text": "rahasia"}),
        OtherEvent("errors", {}),
        *[BadItem(f"bad {number}", {}) for number in range(5)],
    ]
    keep(inbox, receiver, b"a", lambda: items)
    keep(inbox, receiver, b"b")
    inbox.work({KEY: receiver})
    notes = [row.note for row in rows(store)]
    assert notes == ["1 messages; 1 others; 5 unreadable; bad 0; bad 1; bad 2", "empty"]


def test_a_receipt_that_is_faster_than_our_own_commit_is_applied_once_the_message_is_known(
    inbox: Inbox, outbox: Outbox, receiver: ToldReceiver, store: Store, clock: FrozenClock
) -> None:
    attempt = claimed(outbox)
    keep(inbox, receiver, b"a", lambda: [receipt("w1", Receipt.READ, clock.now)])
    assert inbox.work({KEY: receiver}) == 1
    assert rows(store)[0].note == "1 receipts; 1 of no message known here"
    assert inbox.work({KEY: receiver}) == 0, "it is not looked at again in the same moment"
    outbox.settle([(attempt, Accepted("w1"))])
    clock.tick(seconds=3)
    assert inbox.work({KEY: receiver}) == 1
    assert statuses(store) == ["read"]
    assert rows(store)[0].due_at is None
    assert [step.status for step in History(store).steps(attempt.id)] == ["sending", "sent", "read"]


def test_a_parked_event_does_not_apply_its_other_receipts_twice(
    inbox: Inbox, outbox: Outbox, receiver: ToldReceiver, store: Store, clock: FrozenClock
) -> None:
    attempt, at = claimed(outbox), clock()
    outbox.settle([(attempt, Accepted("w1"))])
    keep(inbox, receiver, b"a", lambda: [receipt("w1", Receipt.READ, at), receipt("stranger", Receipt.READ, at)])
    for _ in range(4):
        assert inbox.work({KEY: receiver}) == 1
        clock.tick(seconds=3)
    assert [step.status for step in History(store).steps(attempt.id)] == ["sending", "sent", "read"]


def test_a_receipt_of_a_stranger_is_given_up_in_the_end(
    inbox: Inbox, receiver: ToldReceiver, store: Store, clock: FrozenClock
) -> None:
    keep(inbox, receiver, b"a", lambda: [receipt("stranger", Receipt.READ, clock.now)])
    assert inbox.work({KEY: receiver}) == 1
    clock.tick(seconds=PARKED_FOR.total_seconds() - 1)
    assert inbox.work({KEY: receiver}) == 1
    assert rows(store)[0].due_at is not None
    clock.tick(seconds=3)
    assert inbox.work({KEY: receiver}) == 1
    assert rows(store)[0].due_at is None
    assert "1 of no message known here" in rows(store)[0].note


def test_an_event_of_an_account_that_is_not_configured_here_waits_for_it(
    inbox: Inbox, receiver: ToldReceiver, store: Store, clock: FrozenClock
) -> None:
    inbox.keep("meta", "tenant", b"a")
    keep(inbox, receiver, b"b")
    assert inbox.work({KEY: receiver}) == 2
    assert [row.note for row in rows(store)] == ["the account is not configured here", "empty"]
    clock.tick(seconds=PARKED_FOR.total_seconds())
    assert inbox.work({KEY: receiver, ("meta", "tenant"): receiver}) == 1
    assert receiver.read == [b"b", b"a"]


def test_events_are_read_in_the_order_in_which_they_came(
    inbox: Inbox, receiver: ToldReceiver, clock: FrozenClock
) -> None:
    bodies = [str(number).encode() for number in range(5)]
    for body in bodies:
        keep(inbox, receiver, body)
        clock.tick(seconds=1)
    assert [inbox.work({KEY: receiver}, limit=2) for _ in range(3)] == [2, 2, 1]
    assert receiver.read == bodies


def test_several_workers_read_each_event_once(
    inbox: Inbox, receiver: ToldReceiver, store: Store, outbox: Outbox, clock: FrozenClock
) -> None:
    bodies = [str(number).encode() for number in range(40)]
    for body in bodies:
        keep(inbox, receiver, body)
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(Inbox(store, outbox, clock).work, {KEY: receiver}) for _ in range(4)]
        assert sum(worker.result() for worker in done) == 40
    assert sorted(receiver.read) == sorted(bodies)
    assert {row.attempts for row in rows(store)} == {1}
