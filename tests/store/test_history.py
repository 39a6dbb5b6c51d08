"""The message ledger as people read it: newest first, by what they ask for, with addresses masked."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.conftest import FrozenClock
from wa_integrasi.content import Text
from wa_integrasi.history import History
from wa_integrasi.message import Receipt, Status
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, ReceiptEvent
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store

SITI = Recipient.parse("+6281234567890")
GROUP = Recipient.parse("120363012345678901@g.us")


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, clock=clock)


@pytest.fixture
def history(store: Store) -> History:
    return History(store)


def message(body: str = "halo", to: Recipient = SITI, **more: object) -> NewMessage:
    return NewMessage(to, Text(body=body), **more)  # type: ignore[arg-type]


def bodies(history: History, **filters: object) -> list[str]:
    return [entry.content for entry in history.messages(**filters)]  # type: ignore[arg-type]


def test_an_empty_ledger_reads_as_empty(history: History) -> None:
    assert (history.messages(), history.counts(), history.steps(1)) == ([], {}, [])


def test_the_newest_messages_come_first_and_no_more_than_asked_for(outbox: Outbox, history: History) -> None:
    outbox.enqueue([message(str(number)) for number in range(60)])
    assert bodies(history)[:2] == ["59", "58"]
    assert len(bodies(history)) == 50
    assert bodies(history, limit=2) == ["59", "58"]


def test_messages_are_found_by_report_slot_status_and_id_together(outbox: Outbox, history: History) -> None:
    rows = outbox.enqueue(
        [
            message("a", report="harian", slot="2026-11-18"),
            message("b", report="harian", slot="2026-11-19"),
            message("c", report="mingguan", slot="2026-W47", to=GROUP),
        ]
    )
    claimed = outbox.claim("test", {"default": AccountRules()})
    outbox.settle([(row, Accepted(f"w{row.id}")) for row in claimed])
    assert bodies(history, report="harian") == ["b", "a"]
    assert bodies(history, report="harian", slot="2026-11-19") == ["b"]
    assert bodies(history, slot="2026-W47") == ["c"]
    assert bodies(history, status=Status.SENT) == ["c", "a"]
    assert bodies(history, status=Status.SENT, report="harian") == ["a"]
    assert bodies(history, ids=[rows[0].id, rows[1].id]) == ["b", "a"]
    assert bodies(history, ids=[]) == []
    assert bodies(history, report="tahunan") == []


def test_an_entry_tells_everything_a_listing_shows(outbox: Outbox, history: History, clock: FrozenClock) -> None:
    outbox.enqueue([message("isi", report="harian", slot="2026-11-19", part=2, parts=3)])
    [claimed] = outbox.claim("test", {"default": AccountRules()})
    outbox.settle([(claimed, Failed(Action.DEAD, "131026", "Message undeliverable"))])
    [entry] = history.messages()
    assert (entry.chat, entry.masked, entry.content) == ("+6281234567890", "+62…7890", "isi")
    assert (entry.report, entry.slot, entry.part, entry.parts) == ("harian", "2026-11-19", 2, 3)
    assert (entry.status, entry.attempts, entry.created_at) == ("dead", 1, clock())
    assert (entry.error_code, entry.error_text) == ("131026", "Message undeliverable")


def test_a_row_that_another_program_wrote_is_shown_before_anybody_has_read_it(store: Store, history: History) -> None:
    with store.writing() as connection:
        connection.execute(text("INSERT INTO wa_outbox (recipient, content) VALUES ('081234567890', 'x')"))
    [entry] = history.messages()
    assert (entry.masked, entry.status) == ("(not addressed)", "pending")
    assert entry.created_at.utcoffset() is not None


def test_the_steps_of_a_message_come_in_the_order_in_which_they_became_known(
    outbox: Outbox, history: History, clock: FrozenClock
) -> None:
    outbox.enqueue([message(), message("other", GROUP)])
    first, other = outbox.claim("test", {"default": AccountRules()})
    clock.tick(seconds=1.5)
    outbox.settle([(first, Accepted("w1")), (other, Accepted("w2"))])
    whole_second = clock().replace(microsecond=0)
    outbox.apply([ReceiptEvent("w1", what, whole_second) for what in (Receipt.READ, Receipt.DELIVERED)])
    steps = history.steps(first.id)
    assert [step.status for step in steps] == ["sending", "sent", "read", "delivered"]
    assert steps[2].at < steps[1].at


def test_a_step_that_went_wrong_says_why(outbox: Outbox, history: History) -> None:
    outbox.enqueue([message()])
    [claimed] = outbox.claim("test", {"default": AccountRules()})
    outbox.settle([(claimed, Failed(Action.RETRY, "131000", "Something went wrong"))])
    steps = history.steps(claimed.id)
    assert [(step.status, step.error_code, step.error_text) for step in steps] == [
        ("sending", None, None),
        ("pending", "131000", "Something went wrong"),
    ]


def test_the_counts_say_how_many_messages_stand_where(outbox: Outbox, history: History) -> None:
    outbox.enqueue([message(), message(), message(to=GROUP)])
    outbox.settle([(row, Accepted(f"w{row.id}")) for row in outbox.claim("test", {"default": AccountRules()})])
    assert history.counts() == {"sent": 2, "pending": 1}
