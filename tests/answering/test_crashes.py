"""Whoever dies, every command is answered once and in its order; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tests.answering.world import PEOPLE, ZONE, World
from wa_integrasi.answering.deciding import TOO_OLD
from wa_integrasi.answering.desk import Desk
from wa_integrasi.commands.queue import LEASE
from wa_integrasi.store.engine import StoreError
from wa_integrasi.store.tables import commands, wa_outbox


def bodies(world: World) -> list[str]:
    return [row.content for row in world.rows(wa_outbox)]


def test_who_dies_before_the_answer_leaves_it_to_others(worlds: World) -> None:
    worlds.write("budi", "suhu boiler 2")
    assert len(worlds.desk.open().tickets) == 1
    assert worlds.desk.open().taken == 0
    assert bodies(worlds) == []
    worlds.clock.tick(seconds=LEASE.total_seconds())
    worlds.answer(Desk(worlds.store, ZONE, clock=worlds.clock))
    assert len(bodies(worlds)) == 1
    assert worlds.states() == {"answered": 1}


def test_who_was_given_up_and_comes_back_answers_nothing_twice(worlds: World) -> None:
    worlds.write("budi", "suhu boiler 2")
    late = worlds.desk.open().tickets
    worlds.clock.tick(seconds=LEASE.total_seconds())
    worlds.answer(Desk(worlds.store, ZONE, clock=worlds.clock))
    assert worlds.serve(late) == [False]
    assert len(bodies(worlds)) == 1


def test_a_lease_that_is_renewed_is_nobody_elses(worlds: World) -> None:
    worlds.write("budi", "suhu boiler 2")
    tickets = worlds.desk.open().tickets
    other = Desk(worlds.store, ZONE, clock=worlds.clock)
    for _ in range(4):
        worlds.clock.tick(seconds=LEASE.total_seconds() - 10)
        worlds.desk.renew(tickets)
        assert other.open().taken == 0
    assert worlds.serve(tickets) == [True]


def test_an_answer_and_the_end_of_its_command_are_one(worlds: World, monkeypatch: pytest.MonkeyPatch) -> None:
    worlds.write("budi", "suhu boiler 2")
    tickets = worlds.desk.open().tickets
    with monkeypatch.context() as patch:
        patch.setattr(worlds.desk.outbox, "enqueue", _fails)
        with pytest.raises(StoreError):
            worlds.serve(tickets)
    assert worlds.states() == {"running": 1}
    worlds.clock.tick(seconds=LEASE.total_seconds())
    worlds.answer()
    assert len(bodies(worlds)) == 1


def _fails(*_: object) -> None:
    raise StoreError("the power fails")


def test_commands_of_one_person_are_answered_in_their_order_and_others_need_not_wait(worlds: World) -> None:
    worlds.write("budi", "suhu boiler 1")
    worlds.write("budi", "menu")
    worlds.write("budi", "suhu boiler 3")
    worlds.write("siti", "suhu boiler 2")
    first, other = worlds.desk.open(), Desk(worlds.store, ZONE, clock=worlds.clock)
    assert [ticket.command.text for ticket in first.tickets] == ["suhu boiler 1", "suhu boiler 2"]
    assert other.open().taken == 0, "what Budi asked next waits for its turn, whoever is free"
    worlds.serve(first.tickets)
    worlds.answer(other)
    to_budi = [row.content for row in worlds.rows(wa_outbox) if row.chat == PEOPLE["budi"]]
    assert [text.partition("\n")[0] for text in to_budi] == [
        "Boiler 1: 510,5 °C",
        "*Perintah untuk Anda*",
        "Boiler 3: 531,5 °C",
    ]


def test_what_is_typed_ahead_answers_the_question(worlds: World) -> None:
    worlds.write("budi", "suhu boiler")
    worlds.write("budi", "2")
    worlds.answer()
    assert [text.partition("\n")[0] for text in bodies(worlds)] == ["*Nomor boiler*?", "Boiler 2: 521,0 °C"]


def test_many_desks_share_the_work_and_answer_each_once(worlds: World) -> None:
    for number in range(4):
        for who in ("budi", "siti", "john"):
            worlds.write(who, f"suhu boiler {number % 3 + 1}")
        worlds.clock.tick(seconds=1)

    def serve(_: int) -> None:
        desk = Desk(worlds.store, ZONE, clock=worlds.clock)
        for _ in range(30):
            opened = desk.open(limit=2)
            worlds.serve(opened.tickets, desk)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(serve, range(3)))
    worlds.answer()
    assert worlds.states() == {"answered": 12}
    for who in ("budi", "siti", "john"):
        texts = [row.content[:9] for row in worlds.rows(wa_outbox) if row.chat == PEOPLE[who]]
        assert texts == [f"Boiler {number}:" for number in (1, 2, 3, 1)]


def test_while_nothing_can_be_run_people_are_told_once_and_answered_later(worlds: World) -> None:
    worlds.write("budi", "suhu boiler 2")
    for _ in range(3):
        worlds.desk.wait(worlds.desk.open().tickets, "Prefect does not answer")
        worlds.clock.tick(seconds=5)
    assert bodies(worlds) == ["Sistem sedang gangguan. Pertanyaan Anda disimpan dan akan dijawab begitu pulih."]
    assert worlds.desk.due_in() == timedelta()
    worlds.desk.stumble(worlds.desk.open().tickets, "the run is Crashed")
    worlds.clock.tick(seconds=5)
    worlds.answer()
    assert bodies(worlds)[1].startswith("Boiler 2")


def test_what_was_answered_meanwhile_is_not_put_back(worlds: World) -> None:
    worlds.write("budi", "suhu boiler 2")
    tickets = worlds.desk.open().tickets
    worlds.serve(tickets)
    worlds.desk.wait(tickets, "Prefect does not answer")
    assert worlds.states() == {"answered": 1}
    assert len(bodies(worlds)) == 1


def test_what_is_too_old_gets_an_apology_instead_of_stale_data(worlds: World) -> None:
    worlds.write("budi", "suhu boiler 2")
    worlds.write("john", "boiler temperature 2")
    worlds.clock.tick(seconds=TOO_OLD.total_seconds() + 1)
    worlds.answer()
    assert [text[:34] for text in bodies(worlds)] == [
        "Maaf, pertanyaan Anda pukul 10.00 ",
        "Sorry, what you asked at 10.00 was",
    ]
    assert worlds.states() == {"failed": 2}
    assert worlds.plant.asked == []


def test_what_came_late_is_as_old_as_it_was_written(worlds: World) -> None:
    worlds.write("budi", "suhu boiler 2", at=worlds.clock() - timedelta(hours=2))
    worlds.answer()
    assert "pukul 08.00" in bodies(worlds)[0]


def test_what_fails_again_and_again_ends_with_an_apology_and_a_code(worlds: World) -> None:
    worlds.write("budi", "suhu boiler 2")
    for _ in range(3):
        worlds.desk.stumble(worlds.desk.open().tickets, "the run is Crashed")
        worlds.clock.tick(seconds=5)
    assert worlds.desk.open().taken == 0
    [command] = worlds.rows(commands)
    assert (command.state, command.note) == ("failed", "K1: the run is Crashed")
    assert bodies(worlds)[0].endswith("Kode: K1")


def test_a_command_that_cannot_be_decided_on_holds_up_no_other(worlds: World, monkeypatch: pytest.MonkeyPatch) -> None:
    worlds.write("budi", "suhu boiler 2")
    worlds.write("siti", "suhu boiler 3")
    decide = type(worlds.desk.decider()).decide

    def broken(self: object, command: object, *rest: object) -> object:
        if getattr(command, "sender", "") == PEOPLE["budi"]:
            raise RuntimeError("unforeseen")
        return decide(self, command, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(type(worlds.desk.decider()), "decide", broken)
    worlds.answer()
    assert worlds.states() == {"waiting": 1, "answered": 1}


def test_an_answer_that_cannot_be_enqueued_ends_with_an_apology_and_costs_nobody_theirs(
    worlds: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue = worlds.desk.outbox.enqueue

    def refuses_budi(messages: Any, connection: Any) -> Any:
        if any("Boiler 2" in message.content.body for message in messages):
            raise ValueError("no such content")
        return enqueue(messages, connection)

    monkeypatch.setattr(worlds.desk.outbox, "enqueue", refuses_budi)
    worlds.write("budi", "suhu boiler 2")
    worlds.write("siti", "suhu boiler 3")
    for _ in range(3):
        worlds.answer()
        worlds.clock.tick(seconds=5)
    assert worlds.states() == {"failed": 1, "answered": 1}
    assert sorted(text.partition(":")[0] for text in bodies(worlds)) == [
        "Boiler 3",
        "⚠️ Maaf, pertanyaan Anda tidak bisa dijawab karena gangguan di sistem. Beri tahu tim data. Kode",
    ]


def test_an_unknown_sender_gets_no_apology(worlds: World) -> None:
    worlds.write("orang", "menu")
    worlds.clock.tick(hours=1)
    worlds.answer()
    assert [text.partition(".")[0] for text in bodies(worlds)] == ["Nomor Anda belum terdaftar"]


def test_who_was_asked_is_warned_once_before_that_is_forgotten(worlds: World) -> None:
    worlds.said("budi", "suhu boiler")
    worlds.said("siti", "menu")
    worlds.said("john", "boiler temperature")
    worlds.clock.tick(minutes=3)
    assert worlds.desk.warn() == 0
    assert worlds.desk.due_in() == timedelta(minutes=1)
    assert worlds.said("john", "2")[0].startswith("Boiler 2")
    worlds.clock.tick(minutes=1)
    assert [worlds.desk.warn() for _ in range(2)] == [1, 0]
    assert [row.content for row in worlds.news()] == [
        "Pertanyaan tadi masih menunggu jawaban, satu menit lagi dilupakan."
    ]
    assert worlds.desk.due_in() is None
    assert worlds.said("budi", "3")[0].startswith("Boiler 3")
