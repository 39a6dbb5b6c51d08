"""What a person may decide about messages, and that the record shows it."""

import pytest
from sqlalchemy import select

from tests.conftest import FrozenClock
from wa_integrasi.content import Text
from wa_integrasi.message import Status
from wa_integrasi.outbox import NewMessage, Outbox, Selection
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, Unanswered
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import message_events, wa_outbox

PEOPLE = [Recipient.parse(f"+62812345678{number:02}") for number in range(4)]
WRONG_NUMBER = Failed(Action.DEAD, "131026", "Message undeliverable")


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, RetryPolicy(), clock)


@pytest.fixture
def ids(outbox: Outbox) -> list[int]:
    """A report to four people: two have it, one is dead, one waits."""
    made = outbox.enqueue(
        [NewMessage(person, Text(body="rekap"), report="harian", slot="2026-11-19") for person in PEOPLE]
    )
    first = outbox.claim("test", {"default": AccountRules()}, limit=3)
    outbox.settle(list(zip(first, [Accepted("w1"), WRONG_NUMBER, Accepted("w2")], strict=True)))
    return [row.id for row in made]


def statuses(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(wa_outbox.c.status).order_by(wa_outbox.c.id)).scalars())


def last_event(store: Store) -> tuple[str, str | None]:
    with store.reading() as connection:
        row = connection.execute(select(message_events).order_by(message_events.c.id.desc()).limit(1)).one()
    return row.status, row.error_text


def test_only_the_failed_recipients_of_a_report_are_sent_again(outbox: Outbox, store: Store, ids: list[int]) -> None:
    assert outbox.requeue(Selection(report="harian", slot="2026-11-19"), "nomor diperbaiki") == 1
    assert statuses(store) == ["sent", "pending", "sent", "pending"]
    assert last_event(store) == ("pending", "nomor diperbaiki")
    again = outbox.claim("test", {"default": AccountRules()})
    assert [claimed.id for claimed in again] == ids[1:2] + ids[3:]
    assert again[0].attempts == 1, "it has all its tries again"


def test_a_requeued_message_keeps_its_old_attempts_on_record_and_their_receipts(
    outbox: Outbox, store: Store, ids: list[int]
) -> None:
    outbox.requeue(Selection(ids=ids), "coba lagi")
    with store.reading() as connection:
        attempts = connection.execute(
            select(message_events.c.attempt_id).where(
                message_events.c.outbox_id == ids[1], message_events.c.status == Status.SENDING
            )
        ).scalars()
        assert len(list(attempts)) == 1


def test_dead_and_unknown_messages_can_be_given_up(outbox: Outbox, store: Store, ids: list[int]) -> None:
    [waiting] = outbox.claim("test", {"default": AccountRules()})
    outbox.settle([(waiting, Unanswered("timed out"))])
    assert outbox.discard(Selection(ids=ids), "sudah disampaikan lewat telepon") == 2
    assert statuses(store) == ["sent", "cancelled", "sent", "cancelled"]
    assert last_event(store) == ("cancelled", "sudah disampaikan lewat telepon")


def test_only_waiting_messages_can_be_taken_back(outbox: Outbox, store: Store, ids: list[int]) -> None:
    assert outbox.cancel(Selection(account="default"), "salah data") == 1
    assert statuses(store) == ["sent", "dead", "sent", "cancelled"]
    assert outbox.claim("test", {"default": AccountRules()}) == []


@pytest.mark.parametrize(
    "selection",
    [Selection(ids=[99]), Selection(report="lain"), Selection(slot="2026-11-18"), Selection(error_code="131000")],
)
def test_what_the_selection_does_not_name_stays(
    outbox: Outbox, store: Store, ids: list[int], selection: Selection
) -> None:
    before = statuses(store)
    assert outbox.requeue(selection, "x") == outbox.discard(selection, "x") == outbox.cancel(selection, "x") == 0
    assert statuses(store) == before


def test_thousands_are_changed_in_one_call(outbox: Outbox, store: Store) -> None:
    outbox.enqueue([NewMessage(PEOPLE[0], Text(body=str(number)), report="banyak") for number in range(1_200)])
    assert outbox.cancel(Selection(report="banyak"), "salah kirim") == 1_200
