"""Whatever was filed, by whom and however, is acknowledged once; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import FrozenClock
from tests.responding.conftest import JOHN, OWNER, Desk, on_sqlite
from tests.store.test_routing import BUDI, COMPLAINT, GROUP, SITI
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.complaints import LEASE, TRIES, ComplaintQueue, State
from wa_integrasi.outbox import Outbox
from wa_integrasi.store.engine import StoreError
from wa_integrasi.store.tables import complaint_queue, wa_outbox


def states(desk: Desk) -> list[str]:
    return [row.status for row in desk.complaints()]


def test_who_complains_by_whatsapp_gets_a_ticket_in_reply_to_what_they_wrote(desk: Desk) -> None:
    desk.people.said(COMPLAINT)
    [before] = desk.rows(complaint_queue)
    [handled] = desk.respond()
    assert (handled.ticket, handled.state, handled.note) == ("K4011-00001", State.RESPONDED, None)
    [row] = desk.rows(wa_outbox)
    assert row.content == (
        "✅ Komplain Anda sudah kami terima.\nNomor tiket: *K4011-00001*\n\n"
        "Sebutkan nomor ini bila Anda menanyakan kelanjutannya."
    )
    [complaint] = desk.complaints()
    assert (row.chat, row.dedupe_key, row.reply_to, row.priority) == (SITI, "complaint/1/1", "m1.0", 10)
    assert (complaint.status, complaint.responded_at, complaint.lease) == ("responded", desk.clock(), None)
    assert complaint.escalate_at == desk.clock() + timedelta(minutes=30)
    assert desk.respond() == []
    [after] = desk.rows(complaint_queue)
    same = ("complainant", "response_template", "created_at", "account", "chat", "text", "fields", "message_id")
    assert [getattr(before, name) for name in same] == [getattr(after, name) for name in same]


def test_where_nobody_is_to_be_told_later_it_is_acknowledged_all_the_same(desk: Desk) -> None:
    desk.policy(escalate_minutes=[])
    desk.people.said(COMPLAINT)
    [handled] = desk.respond()
    assert (handled.state, handled.note) == (State.RESPONDED, None)
    [complaint] = desk.complaints()
    assert complaint.escalate_at is None


@on_sqlite
def test_who_complains_in_a_group_is_answered_there_and_in_english_who_reads_that(desk: Desk) -> None:
    desk.people.said(COMPLAINT, by=BUDI, chat=GROUP)
    desk.people.said("Pesan Komplain\nNo hot water", by=JOHN)
    desk.respond()
    in_group, in_english = desk.rows(wa_outbox)
    assert in_group.chat == GROUP
    assert in_english.content.startswith("✅ We have received your complaint.\nTicket number: *K4011-00002*")


@on_sqlite
@pytest.mark.parametrize("complainant", ["0812-3456-7890", "6281234567890@c.us"])
def test_a_row_of_another_program_is_answered_however_its_number_is_written(desk: Desk, complainant: str) -> None:
    desk.insert(complainant)
    desk.respond()
    assert states(desk) == ["responded"]
    [row] = desk.rows(wa_outbox)
    assert (row.chat, "*K4011-00001*" in row.content) == (SITI, True)


def test_bad_rows_are_set_aside_with_the_reason_and_hold_up_no_other(desk: Desk) -> None:
    for complainant in ("bukan nomor", "", "12345@g.uss", "0812", "0" * 5_000, "\t\n", "Robert'); DROP TABLE units;--"):
        desk.insert(complainant)
    desk.insert("0812-3456-7890")
    desk.insert(GROUP)
    desk.insert(SITI, status="done")
    handled = desk.respond()
    assert [each.state for each in handled] == [State.ASIDE] * 7 + [State.RESPONDED] * 2
    assert states(desk) == ["aside"] * 7 + ["responded"] * 2 + ["done"]
    notes = [row.note for row in desk.complaints()[:7]]
    assert notes[0].startswith("complainant: not a phone number")
    assert all(note.startswith("complainant: ") and len(note) < 150 for note in notes)
    assert [row.chat for row in desk.rows(wa_outbox)] == [SITI, GROUP]


@on_sqlite
def test_anything_in_any_column_of_sqlite_is_set_aside_or_answered(desk: Desk) -> None:
    desk.insert(b"\xff\xfe\x00")
    desk.insert(b"0812-3456-7890", b"Terima kasih, {nama}")
    desk.insert(6281234567890, 42)
    with desk.store.writing() as connection:
        sql = "INSERT INTO complaint_queue (complainant, created_at, fields, account, text) VALUES (:a, :b, :c, :d, :e)"
        for fields, account, at in (("{no json", "default", "kemarin"), ("[1]", "default", 7), (None, b"x", None)):
            given = {"a": "0812-3456-7890", "b": at or "2040-11-20 03:00:00", "c": fields, "d": account, "e": b"\xff"}
            connection.execute(text(sql), given)
    desk.respond()
    assert states(desk) == ["aside", "responded", "responded", "responded", "responded", "aside"]
    assert desk.messages()[0].startswith("Terima kasih, Bapak/Ibu\n\nNomor tiket: *K4011-00002*")
    assert all(row.created_at for row in desk.complaints()[3:5])


def test_the_owner_is_told_once_of_what_was_set_aside_and_again_only_in_the_next_hour(desk: Desk) -> None:
    desk.insert("bukan nomor")
    desk.insert("juga bukan")
    desk.respond()
    assert [desk.tell_owner() for _ in range(2)] == [2, 0]
    desk.insert("lagi")
    desk.respond()
    assert desk.tell_owner() == 0
    desk.clock.tick(hours=1)
    assert desk.tell_owner() == 1
    first, second = desk.messages(OWNER)
    assert first.startswith("*⚠️ Komplain tidak bisa dibalas*\n2 komplain disisihkan")
    assert "K4011-00001: complainant: not a phone number" in first
    assert "K4011-00003" in second
    assert "bukan nomor" not in first


@on_sqlite
def test_a_text_longer_than_the_channel_takes_goes_in_parts(desk: Desk) -> None:
    desk.insert(SITI, "Baris panjang. " * 400)
    desk.respond()
    rows = desk.rows(wa_outbox)
    assert [(row.part, row.parts, row.dedupe_key) for row in rows] == [(1, 2, "complaint/1/1"), (2, 2, "complaint/1/2")]
    assert "*K4011-00001*" in rows[1].content


# Whoever dies, and however many work.


def test_who_dies_with_a_complaint_leaves_it_to_others(desk: Desk, clock: FrozenClock) -> None:
    desk.insert(SITI)
    late = ComplaintQueue(desk.store, clock)
    [taken] = late.take()
    assert desk.respond() == []
    clock.tick(seconds=LEASE.total_seconds())
    assert [each.state for each in desk.respond()] == [State.RESPONDED]
    assert desk.responder().handle(taken, load_catalog(desk.store)) is None, "who was given up answers nothing twice"
    assert late.set_aside(taken, "late") is False
    assert late.put_off(taken, "late") is False
    assert (len(desk.messages()), states(desk)) == (1, ["responded"])


def test_the_answer_and_the_end_of_its_complaint_are_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.insert(SITI)
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "enqueue", _power_fails)
        with pytest.raises(StoreError):
            desk.respond()
    assert (desk.messages(), states(desk)) == ([], ["pending"])
    desk.clock.tick(seconds=LEASE.total_seconds())
    desk.respond()
    assert (len(desk.messages()), states(desk)) == (1, ["responded"])


@on_sqlite
def test_who_dies_behind_the_commit_has_answered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.insert(SITI)
    respond = type(desk.responder())._respond

    def then_dies(self: Any, *values: Any) -> Any:
        respond(self, *values)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(desk.responder()), "_respond", then_dies)
        with pytest.raises(KeyboardInterrupt):
            desk.respond()
    desk.clock.tick(hours=1)
    assert desk.respond() == []
    assert (len(desk.messages()), states(desk)) == (1, ["responded"])


def test_many_workers_answer_each_complaint_once(desk: Desk) -> None:
    for _ in range(12):
        desk.insert(SITI)
    with ThreadPoolExecutor(3) as pool:
        handled = [each for done in pool.map(lambda _: desk.respond(), range(3)) for each in done]
    assert len(handled) == len({each.ticket for each in handled}) == 12
    assert (len(desk.messages()), set(states(desk))) == (12, {"responded"})


@on_sqlite
def test_what_fails_waits_longer_and_longer_and_is_set_aside_in_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.insert(SITI)
    desk.insert(BUDI)
    enqueue = Outbox.enqueue

    def refuses_siti(self: Outbox, messages: Any, connection: Any = None) -> Any:
        if any(message.recipient.chat == SITI for message in messages):
            raise ValueError("unforeseen")
        return enqueue(self, messages, connection)

    monkeypatch.setattr(Outbox, "enqueue", refuses_siti)
    tries = []
    for _ in range(TRIES):
        tries += [each.state for each in desk.respond() if each.ticket.endswith("1")]
        assert desk.respond() == []
        desk.clock.tick(minutes=30)
    assert tries == [State.PENDING] * (TRIES - 1) + [State.ASIDE]
    assert states(desk) == ["aside", "responded"]
    assert desk.complaints()[0].note == f"it failed {TRIES} times: ValueError"


@on_sqlite
def test_a_complaint_that_kills_whoever_takes_it_is_set_aside(desk: Desk) -> None:
    desk.insert(SITI)
    queue = ComplaintQueue(desk.store, desk.clock)
    for _ in range(TRIES):
        assert len(queue.take()) == 1
        desk.clock.tick(seconds=LEASE.total_seconds())
    [handled] = desk.respond()
    assert (handled.state, desk.messages()) == (State.ASIDE, [])


@on_sqlite
def test_a_clock_that_went_back_keeps_no_complaint_for_long(desk: Desk) -> None:
    desk.insert(SITI)
    assert len(ComplaintQueue(desk.store, desk.clock).take()) == 1
    desk.clock.tick(days=-30)
    assert len(desk.respond()) == 1


def _power_fails(*_: object) -> None:
    raise StoreError("the power fails")
