"""Webhooks that break something: none is lost, none is half applied, none stops those behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.conftest import FrozenClock
from tests.store.told import KEY, Reading, ToldReceiver, claimed, keep, receipt, rows, statuses
from wa_integrasi.inbox import LEASE, Inbox
from wa_integrasi.message import Receipt
from wa_integrasi.outbox import Outbox
from wa_integrasi.providers.base import Accepted, BadItem, Event, ReceiptEvent
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import unread_items


class Crash(BaseException):
    """The death of a process."""


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, clock=clock)


@pytest.fixture
def inbox(store: Store, outbox: Outbox, clock: FrozenClock) -> Inbox:
    return Inbox(store, outbox, clock)


@pytest.fixture
def receiver() -> ToldReceiver:
    return ToldReceiver()


def raising(error: BaseException) -> Reading:
    def read() -> Sequence[Event]:
        raise error

    return read


def test_a_webhook_that_is_no_json_is_noted_and_stops_no_other(
    inbox: Inbox, receiver: ToldReceiver, store: Store, clock: FrozenClock
) -> None:
    keep(inbox, receiver, b"a", raising(ValueError("not JSON")))
    keep(inbox, receiver, b"b")
    assert inbox.work({KEY: receiver}) == 2
    assert [(row.note, row.due_at) for row in rows(store)] == [("unreadable: not JSON", None), ("empty", None)]
    assert bytes(rows(store)[0].body) == b"a", "and kept for whoever mends it"


def test_an_event_that_breaks_us_is_put_off_longer_each_time_and_stops_no_other(
    inbox: Inbox, receiver: ToldReceiver, store: Store, clock: FrozenClock
) -> None:
    keep(inbox, receiver, b"a", raising(KeyError("+6281234567890")))
    keep(inbox, receiver, b"b")
    assert inbox.work({KEY: receiver}) == 2
    waits = []
    for _ in range(14):
        [bad, good] = rows(store)
        assert (bad.note, good.note) == ("KeyError", "empty"), "an exception's text may hold what was sent"
        waits.append(bad.due_at - clock())
        clock.now = bad.due_at
        assert inbox.work({KEY: receiver}) == 1
    assert waits[:5] == [timedelta(seconds=seconds) for seconds in (2, 4, 8, 16, 32)]
    assert waits[-1] == timedelta(hours=1)
    receiver.meanings[b"a"] = list
    clock.tick(hours=1)
    assert inbox.work({KEY: receiver}) == 1
    assert rows(store)[0].due_at is None


def test_half_of_an_event_that_breaks_us_is_not_applied(
    inbox: Inbox, outbox: Outbox, receiver: ToldReceiver, store: Store, clock: FrozenClock
) -> None:
    outbox.settle([(claimed(outbox), Accepted("w1"))])
    keep(inbox, receiver, b"a", lambda: [receipt("w1", Receipt.READ, clock()), receipt("w1", None, clock())])  # type: ignore[arg-type]
    inbox.work({KEY: receiver})
    assert statuses(store) == ["sent"]
    assert rows(store)[0].due_at > clock()


@pytest.mark.parametrize(
    "poison",
    [
        lambda at: [receipt("w\x00", Receipt.READ, at)],
        lambda at: [receipt("w\ud800", Receipt.READ, at)],
        lambda at: [ReceiptEvent("w1", Receipt.SENT, at.replace(tzinfo=None))],
        lambda at: [BadItem("what was sent: \x00\ud800", None)],
        lambda at: [BadItem("x" * 1_000_000, None)],
    ],
)
def test_data_that_no_database_takes_does_not_stop_the_events_behind_it(
    inbox: Inbox,
    outbox: Outbox,
    receiver: ToldReceiver,
    store: Store,
    clock: FrozenClock,
    poison: Callable[[datetime], Sequence[Event]],
) -> None:
    outbox.settle([(claimed(outbox), Accepted("w1"))])
    keep(inbox, receiver, b"a", lambda: poison(clock()))
    keep(inbox, receiver, b"b", lambda: [receipt("w1", Receipt.READ, clock())])
    assert inbox.work({KEY: receiver}) == 2
    assert statuses(store) == ["read"]
    assert rows(store)[0].attempts == 1
    assert len(rows(store)[0].note) < 1000


def test_an_event_whose_reader_says_strange_things_is_noted_all_the_same(
    inbox: Inbox, receiver: ToldReceiver, store: Store
) -> None:
    keep(inbox, receiver, b"a", raising(ValueError("\x00\ud800")))
    keep(inbox, receiver, b"b")
    assert inbox.work({KEY: receiver}) == 2
    assert [row.due_at for row in rows(store)] == [None, None]


def test_of_very_many_items_that_make_no_sense_some_are_kept_and_all_are_counted(
    inbox: Inbox, receiver: ToldReceiver, store: Store
) -> None:
    keep(inbox, receiver, b"a", lambda: [BadItem("an item has no id", 0)] * 30_000)
    assert inbox.work({KEY: receiver}) == 1
    [event] = rows(store)
    assert (event.due_at, event.note.partition(";")[0]) == (None, "30000 unreadable")
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(unread_items)).scalar_one() == 1_000


def test_a_crash_in_the_middle_of_an_event_leaves_it_due_and_half_of_it_undone(
    inbox: Inbox,
    outbox: Outbox,
    receiver: ToldReceiver,
    store: Store,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outbox.settle([(claimed(outbox), Accepted("w1"))])
    keep(inbox, receiver, b"a", lambda: [receipt("w1", Receipt.READ, clock())])
    apply = outbox.apply

    def apply_and_die(*arguments: Any) -> list[ReceiptEvent]:
        apply(*arguments)
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "apply", apply_and_die)
        with pytest.raises(Crash):
            inbox.work({KEY: receiver})
    assert statuses(store) == ["sent"]
    assert inbox.work({KEY: receiver}) == 0, "nobody knows yet that it is dead"
    clock.now += LEASE
    assert inbox.work({KEY: receiver}) == 1
    assert statuses(store) == ["read"]
