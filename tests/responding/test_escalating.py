"""People on duty are told of what nobody answers, once at each level; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.responding.conftest import DUTY, OWNER, STAFF, Desk, on_sqlite
from tests.store.test_routing import COMPLAINT, GROUP, SITI
from wa_integrasi.audit.log import audit
from wa_integrasi.complaints import mark_answered
from wa_integrasi.store.tables import wa_outbox


def waiting(desk: Desk, minutes: float, said: str = COMPLAINT, **more: str) -> None:
    """A complaint that was acknowledged, `minutes` ago."""
    desk.people.said(said, **more)
    desk.respond()
    desk.clock.tick(minutes=minutes)


def test_people_on_duty_are_told_once_at_each_level(desk: Desk) -> None:
    waiting(desk, 29)
    assert desk.escalate().told == []
    desk.clock.tick(minutes=1)
    assert [desk.escalate().told for _ in range(2)] == [["K4011-00001"], []]
    assert desk.messages(DUTY) == [
        (
            "*⏰ Komplain belum dijawab*\nK4011-00001, menunggu 30 menit\n\n"
            "Nama : Siti\nKeluhan: AC ruang 3 bocor\nsejak kemarin\n\n"
            "Dari: +6281234567890\n\nJawab orangnya langsung: https://wa.me/6281234567890\n\n"
            "Sesudah dijawab:\n`wa complaint answered K4011-00001`"
        )
    ]
    desk.clock.tick(minutes=90)
    assert [desk.escalate().told for _ in range(2)] == [["K4011-00001"], []]
    assert "menunggu 2 jam 0 menit" in desk.messages(DUTY)[1]
    desk.clock.tick(days=9)
    assert desk.escalate().told == []


@on_sqlite
def test_after_an_outage_over_both_levels_they_are_told_once(desk: Desk) -> None:
    waiting(desk, 300)
    assert [desk.escalate().told for _ in range(2)] == [["K4011-00001"], []]


def test_several_workers_tell_once(desk: Desk) -> None:
    for number in range(5):
        desk.insert(SITI, said=f"keluhan {number}")
    desk.respond()
    desk.clock.tick(minutes=31)
    with ThreadPoolExecutor(3) as pool:
        told = [ticket for done in pool.map(lambda _: desk.escalate().told, range(3)) for ticket in done]
    assert len(told) == len(set(told)) == len(desk.messages(DUTY)) == 5


def test_who_was_written_to_by_hand_is_answered_but_not_by_programs(desk: Desk) -> None:
    waiting(desk, 10)
    desk.by_hand(SITI, "dari program lain")
    with desk.store.writing() as connection:
        newest = max(row.id for row in desk.rows(wa_outbox))
        audit(connection, desk.clock(), "key:helpdesk", "message.send", f"message:{newest}")
    desk.clock.tick(minutes=21)
    assert desk.escalate().told == ["K4011-00001"]
    desk.by_hand(SITI)
    desk.clock.tick(hours=2)
    assert desk.escalate().answered == ["K4011-00001"]
    [complaint] = desk.complaints()
    assert (complaint.answered_by, complaint.escalate_at) == ("chat", None)
    assert len(desk.messages(DUTY)) == 1


@on_sqlite
@pytest.mark.parametrize(("by", "said", "answered"), [(STAFF, "nanti saya cek", True), (SITI, "halo?", False)])
def test_in_a_group_a_contact_of_ours_answers_and_the_complainant_does_not(
    desk: Desk, by: str, said: str, answered: bool
) -> None:
    waiting(desk, 5, by=SITI, chat=GROUP)
    desk.people.said(said, by=by, chat=GROUP)
    desk.clock.tick(minutes=40)
    done = desk.escalate()
    assert (done.answered, done.told) == ((["K4011-00001"], []) if answered else ([], ["K4011-00001"]))


@on_sqlite
def test_what_is_marked_as_answered_is_told_of_no_more(desk: Desk) -> None:
    desk.insert(SITI)
    desk.insert(SITI)
    with desk.store.writing() as connection:
        assert mark_answered(connection, 2, desk.clock(), "Agus")  # before it was even acknowledged
    desk.respond()
    with desk.store.writing() as connection:
        assert [mark_answered(connection, 1, desk.clock(), "Agus") for _ in range(2)] == [True, False]
    desk.clock.tick(days=1)
    assert desk.escalate().told == []
    assert len(desk.messages()) == 2


@on_sqlite
def test_in_quiet_hours_only_what_is_urgent_is_told(desk: Desk) -> None:
    desk.policy(quiet={"start": "21:00", "end": "06:00"})
    desk.clock.tick(hours=12)  # ten in the evening
    waiting(desk, 0, "Pesan Komplain\nKebakaran di gudang 2, ada korban")
    waiting(desk, 40, "Pesan Komplain\nMakanan di kantin selalu dingin")
    done = desk.escalate()
    assert (done.told, done.quiet) == (["K4011-00001"], 1)
    desk.clock.tick(hours=7, minutes=19)
    assert desk.escalate().told == ["K4011-00001"]
    desk.clock.tick(minutes=1)
    assert desk.escalate().told == ["K4011-00002"], "at six"
    desk.clock.tick(hours=9)
    assert desk.escalate().told == []


@on_sqlite
def test_old_complaints_of_another_system_are_told_of_as_if_they_came_now(desk: Desk) -> None:
    desk.insert(SITI)
    desk.insert("+6281234567891", status="responded")
    desk.clock.tick(days=30)
    desk.respond()
    assert desk.escalate().told == []
    desk.clock.tick(minutes=30)
    assert desk.escalate().told == ["K4011-00001"]
    assert desk.complaints()[0].escalate_at == desk.clock() + timedelta(minutes=90)
    assert desk.complaints()[1].escalate_at is None


@on_sqlite
def test_while_nobody_is_on_duty_complaints_stay_due(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.policy(duty_group=None)
    waiting(desk, 31)
    assert desk.escalate().untold == 1
    assert "nobody is on duty" in caplog.text
    desk.policy()
    assert desk.escalate().told == ["K4011-00001"]
    assert desk.messages(OWNER) == []
