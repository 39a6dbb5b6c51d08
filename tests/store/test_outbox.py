"""What the outbox promises, on both databases: once each, in order per chat, under a lease, and nothing lost."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.conftest import FrozenClock
from wa_integrasi.content import Text
from wa_integrasi.history import History
from wa_integrasi.message import Priority, Receipt, Status
from wa_integrasi.outbox import Claimed, NewMessage, Outbox
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, ReceiptEvent, Unanswered
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import message_events, wa_outbox

SITI = Recipient.parse("+6281234567890")
BUDI = Recipient.parse("+6281234567891")


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, RetryPolicy(), clock, jitter=lambda low, high: high)


def message(body: str = "halo", to: Recipient = SITI, **more: object) -> NewMessage:
    return NewMessage(to, Text(body=body), **more)  # type: ignore[arg-type]


def claim(outbox: Outbox, **options: object) -> list[Claimed]:
    return outbox.claim("test", {"default": AccountRules()}, **options)  # type: ignore[arg-type]


def rows(store: Store) -> list:
    with store.reading() as connection:
        return list(connection.execute(select(wa_outbox).order_by(wa_outbox.c.id)))


def statuses(store: Store) -> list[str]:
    return [row.status for row in rows(store)]


def events(store: Store) -> list[tuple[str, str | None]]:
    with store.reading() as connection:
        found = connection.execute(select(message_events).order_by(message_events.c.id))
        return [(row.status, row.error_code) for row in found]


def receipt(message_id: str, what: Receipt, clock: FrozenClock, attempt_id: str | None = None) -> ReceiptEvent:
    return ReceiptEvent(message_id, what, clock(), attempt_id)


def test_a_message_is_enqueued_once_however_often_it_is_asked_for(outbox: Outbox, store: Store) -> None:
    first = outbox.enqueue([message(dedupe_key="a"), message(dedupe_key="b")])
    again = outbox.enqueue([message(dedupe_key="b"), message(dedupe_key="c")])
    assert [new.created for new in first + again] == [True, True, False, True]
    assert first[1].id == again[0].id
    assert len(rows(store)) == 3


def test_many_messages_keep_their_order_and_their_answers(outbox: Outbox, store: Store) -> None:
    keys = [None, "a", "b", "a", None, "c", "b"]
    outbox.enqueue([message("alt", dedupe_key="c")])
    made = outbox.enqueue([message(str(number), dedupe_key=key) for number, key in enumerate(keys)])
    assert [new.created for new in made] == [True, True, True, False, True, False, False]
    bodies = {row.id: row.content for row in rows(store)}
    assert [bodies[new.id] for new in made] == ["0", "1", "2", "1", "4", "alt", "2"]
    many = outbox.enqueue([message(str(number)) for number in range(2_500)])
    bodies = {row.id: row.content for row in rows(store)}
    assert [bodies[new.id] for new in many] == [str(number) for number in range(2_500)]


def test_enqueue_joins_the_transaction_of_its_caller(outbox: Outbox, store: Store) -> None:
    def work_that_fails() -> None:
        with store.writing() as connection:
            outbox.enqueue([message()], connection)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work_that_fails()
    assert rows(store) == []


def test_an_old_producers_plain_insert_is_sent(outbox: Outbox, store: Store) -> None:
    with store.writing() as connection:
        connection.execute(
            text("INSERT INTO wa_outbox (recipient, content, type) VALUES ('0812-3456-7890', 'x', 'text')")
        )
    [claimed] = claim(outbox)
    assert claimed.recipient == SITI
    assert claimed.content.body == "x"


@pytest.mark.parametrize(
    ("recipient", "content", "kind", "reason"),
    [
        ("siapa?", "x", "text", "not a phone number"),
        ("", "x", "text", "it is empty"),
        ("081234567890", "", "text", "0 characters"),
        ("081234567890", "x" * 1_000_000, "text", "1000000 characters"),
        ("081234567890", "x", "hologram", "found 'hologram', must be one of"),
    ],
)
def test_a_foreign_row_that_cannot_be_read_becomes_a_dead_letter_and_stops_nobody(
    outbox: Outbox, store: Store, recipient: str, content: str, kind: str, reason: str
) -> None:
    insert = text("INSERT INTO wa_outbox (recipient, content, type) VALUES (:recipient, :content, :kind)")
    with store.writing() as connection:
        connection.execute(insert, {"recipient": recipient, "content": content, "kind": kind})
    outbox.enqueue([message()])
    assert len(claim(outbox)) == 1
    bad, good = rows(store)
    assert (bad.status, bad.error_code) == ("dead", "unreadable")
    assert reason in bad.error_text
    assert good.status == "sending"


def test_parts_reach_a_chat_in_order_and_chats_do_not_wait_for_each_other(outbox: Outbox, clock: FrozenClock) -> None:
    outbox.enqueue([message("1"), message("2"), message("a", BUDI), message("b", BUDI)])
    first = claim(outbox)
    assert [c.content.body for c in first] == ["1", "a"]
    assert claim(outbox) == []
    outbox.settle([(first[0], Accepted("w1")), (first[1], Failed(Action.RETRY, "131000", "later"))])
    assert [c.content.body for c in claim(outbox)] == ["2"], "b waits behind a, which waits for its retry"
    clock.tick(minutes=5)
    assert [c.content.body for c in claim(outbox)] == ["a"]


def test_an_answer_goes_before_a_report(outbox: Outbox) -> None:
    outbox.enqueue([message("rekap", priority=Priority.REPORT), message("jawaban", priority=Priority.REPLY)])
    assert [c.content.body for c in claim(outbox)] == ["jawaban"]


def test_many_workers_share_the_rows_without_overlap(outbox: Outbox) -> None:
    people = [Recipient.parse(f"+62812345678{number:02}") for number in range(60)]
    outbox.enqueue([message(str(number), person) for number, person in enumerate(people) for _ in range(2)])
    taken: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        for _ in range(30):
            claimed = claim(outbox, limit=7)
            outbox.settle([(c, Accepted(f"w{c.id}")) for c in claimed])
            with lock:
                taken.extend(c.id for c in claimed)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == len(set(taken)) == 120


def test_only_named_accounts_are_claimed(outbox: Outbox) -> None:
    outbox.enqueue([message(account="lain")])
    assert claim(outbox) == []
    assert len(outbox.claim("test", {"lain": AccountRules()})) == 1


def test_a_lost_worker_leaves_an_unknown_message_that_waits_for_evidence(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    outbox.enqueue([message()])
    [lost] = claim(outbox)
    clock.tick(seconds=21)
    assert claim(outbox) == []
    assert statuses(store) == ["unknown"]
    assert outbox.apply([receipt("wamid.1", Receipt.SENT, clock, lost.attempt_id)]) == []
    clock.tick(hours=1)
    assert claim(outbox) == [], "the receipt showed that it had arrived"
    assert statuses(store) == ["sent"]


def test_without_evidence_an_unknown_message_is_sent_again_and_the_record_shows_it(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    outbox.enqueue([message()])
    claim(outbox)
    clock.tick(seconds=21)
    claim(outbox)
    clock.tick(seconds=46)
    [again] = claim(outbox)
    assert again.attempts == 2
    assert events(store) == [("sending", None), ("unknown", "worker_lost"), ("pending", None), ("sending", None)]


def test_an_unanswered_message_ends_after_its_last_try(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    outbox.enqueue([message()])
    for _ in range(6):
        [claimed] = claim(outbox)
        outbox.settle([(claimed, Unanswered("timed out"))])
        assert statuses(store) == ["unknown"]
        clock.tick(seconds=46)
    assert claim(outbox) == []
    assert (rows(store)[0].status, rows(store)[0].error_code) == ("dead", "no_answer")


def test_a_worker_that_lost_its_lease_cannot_fail_the_message(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    outbox.enqueue([message()])
    [stale] = claim(outbox)
    clock.tick(seconds=21)
    claim(outbox)
    clock.tick(seconds=46)
    [fresh] = claim(outbox)
    assert outbox.settle([(stale, Failed(Action.DEAD, "100", "no"))]) == []
    assert statuses(store) == ["sending"]
    outbox.settle([(fresh, Accepted("w2"))])
    assert statuses(store) == ["sent"]


def test_a_late_acceptance_is_a_fact(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    outbox.enqueue([message()])
    [stale] = claim(outbox)
    clock.tick(seconds=21)
    claim(outbox)
    clock.tick(seconds=46)
    outbox.settle([(stale, Accepted("w1"))])
    assert claim(outbox) == []
    assert statuses(store) == ["sent"]


def test_a_receipt_before_our_own_commit_is_found_by_the_attempt(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    outbox.enqueue([message()])
    [claimed] = claim(outbox)
    outbox.apply([receipt("w1", Receipt.DELIVERED, clock, claimed.attempt_id)])
    outbox.settle([(claimed, Accepted("w1"))])
    [row] = rows(store)
    assert (row.status, row.provider_message_id) == ("delivered", "w1")
    assert row.sent_at is not None


def test_receipts_are_idempotent_and_unknown_ones_are_handed_back(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    outbox.enqueue([message()])
    [claimed] = claim(outbox)
    outbox.settle([(claimed, Accepted("w1"))])
    clock.tick(seconds=1)
    read, stranger = receipt("w1", Receipt.READ, clock), receipt("w9", Receipt.READ, clock)
    for _ in range(3):
        assert outbox.apply([read, receipt("w1", Receipt.SENT, clock), stranger]) == [stranger]
    assert statuses(store) == ["read"]
    assert [status for status, _ in events(store)] == ["sending", "sent", "read", "sent"]


def test_a_failure_receipt_ends_the_message_with_its_reason(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    outbox.enqueue([message()])
    [claimed] = claim(outbox)
    outbox.settle([(claimed, Accepted("w1"))])
    failed = ReceiptEvent("w1", Receipt.FAILED, clock(), failure=Failed(Action.DEAD, "131026", "Message undeliverable"))
    outbox.apply([failed])
    [row] = rows(store)
    assert (row.status, row.error_code, row.error_text) == ("dead", "131026", "Message undeliverable")


def test_retries_wait_longer_each_time_and_end_as_a_dead_letter(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    outbox.enqueue([message()])
    waits = []
    for _ in range(6):
        [claimed] = claim(outbox)
        outbox.settle([(claimed, Failed(Action.RETRY, "131000", "Something went wrong"))])
        waits.append(rows(store)[0].next_attempt_at - clock())
        clock.tick(hours=1)
    assert waits[:5] == [timedelta(seconds=seconds) for seconds in (4, 8, 16, 32, 64)]
    assert statuses(store) == ["dead"]


def test_a_refused_message_says_why(outbox: Outbox, store: Store) -> None:
    outbox.enqueue([message()])
    [claimed] = claim(outbox)
    outbox.refuse(claimed, "this channel does not reach groups")
    assert (rows(store)[0].status, rows(store)[0].error_text) == ("refused", "this channel does not reach groups")
    assert Status(events(store)[-1][0]) is Status.REFUSED


def test_a_row_that_somebody_spoiled_after_it_was_enqueued_stops_nobody(outbox: Outbox, store: Store) -> None:
    outbox.enqueue([message(), message("baik", BUDI)])
    with store.writing() as connection:
        connection.execute(text("UPDATE wa_outbox SET content = '' WHERE id = 1"))
    assert [c.content for c in claim(outbox)] == [Text(body="baik")]
    assert (rows(store)[0].status, rows(store)[0].error_code) == ("dead", "unreadable")


def test_whatever_a_provider_says_can_be_kept(outbox: Outbox, store: Store) -> None:
    outbox.enqueue([message(), message("b", BUDI)])
    first, second = claim(outbox)
    outbox.settle([(first, Failed(Action.DEAD, "1\0", "a\0" + "x" * 5000)), (second, Accepted("w2"))])
    assert statuses(store) == ["dead", "sent"]
    assert len(rows(store)[0].error_text) == 500


SPOILED = [
    {"created_at": "21/11/2026 07:00"},
    {"created_at": 1_795_000_000},
    {"sent_at": "0000-00-00 00:00:00"},
    {"next_attempt_at": ""},
    {"next_attempt_at": 0},
    {"content": b"\xffA"},
    {"recipient": b"\xffA"},
    {"report": b"\xffA"},
    {"priority": "penting"},
    {"priority": b"\x01"},
    {"chat": b"\x01"},
    {"chat": "+6281200000018", "content": ""},
    {"chat": "+6281200000018", "type": "hologram"},
    {"chat": "+6281234567891", "status": "sending"},
    {"chat": "+6281234567891", "status": "unknown", "next_attempt_at": "9999-12-31 00:00:00"},
    {"status": "TERKIRIM"},
    {"id": -7},
]


@pytest.mark.parametrize("spoiled", SPOILED, ids=str)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_another_program_writes_the_queue_goes_on(
    outbox: Outbox, store: Store, clock: FrozenClock, spoiled: dict
) -> None:
    """Only SQLite takes anything in any column; PostgreSQL refuses it."""
    values = {"recipient": "081200000018", "content": "x", "type": "text", **spoiled}
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    with store.writing() as connection:
        connection.exec_driver_sql(f"INSERT INTO wa_outbox ({names}) VALUES ({marks})", tuple(values.values()))
    outbox.enqueue([message("baik", BUDI)])
    sent = []
    for _ in range(4):
        claimed = claim(outbox)
        sent += [c.content.body for c in claimed]
        outbox.settle([(c, Accepted(f"w{c.id}")) for c in claimed])
        clock.tick(seconds=50)
    assert "baik" in sent
    assert len(History(store).messages()) == 2
    assert outbox.apply([receipt("w9", Receipt.READ, clock)]) != []


def test_a_receipt_leaves_a_status_of_somebody_elses_alone_and_serves_the_others(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    outbox.enqueue([message(), message("b", BUDI)])
    outbox.settle([(c, Accepted(f"w{c.id}")) for c in claim(outbox)])
    with store.writing() as connection:
        connection.execute(text("UPDATE wa_outbox SET status = 'TERKIRIM' WHERE id = 1"))
    assert outbox.apply([receipt("w1", Receipt.READ, clock), receipt("w2", Receipt.READ, clock)]) == []
    assert statuses(store) == ["TERKIRIM", "read"]


def test_an_error_of_the_store_names_nobody(outbox: Outbox, store: Store) -> None:
    with store.writing() as connection:
        connection.execute(text("ALTER TABLE wa_outbox RENAME COLUMN report TO laporan"))
    with pytest.raises(DBAPIError) as caught:
        outbox.enqueue([message("rahasia dapur")])
    assert "rahasia" not in str(caught.value)
    assert "812345" not in str(caught.value)


def test_answers_and_receipts_that_meet_do_not_wait_for_each_other(store: Store) -> None:
    outbox = Outbox(store)
    people = [Recipient.parse(f"+62812345678{number:02}") for number in range(30)]
    outbox.enqueue([message(to=person) for person in people])
    claimed = claim(outbox)
    receipts = [ReceiptEvent(f"w{c.id}", Receipt.DELIVERED, outbox._clock(), c.attempt_id) for c in claimed]
    failures: list[Exception] = []

    def work(what: object, *arguments: object) -> None:
        try:
            for _ in range(5):
                what(*arguments)  # type: ignore[operator]
        except DBAPIError as error:
            failures.append(error)

    workers = [
        threading.Thread(target=work, args=(outbox.settle, [(c, Accepted(f"w{c.id}")) for c in claimed])),
        threading.Thread(target=work, args=(outbox.apply, receipts[::-1])),
        threading.Thread(target=work, args=(outbox.apply, receipts)),
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert set(statuses(store)) == {"delivered"}
