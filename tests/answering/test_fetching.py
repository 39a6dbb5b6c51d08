"""Sources: equal questions once, kept answers, patience, programs that ask, and what an AI gets to hear."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.answering.world import PEOPLE, World
from wa_integrasi.answering.desk import OrderError
from wa_integrasi.commands import NewCommand
from wa_integrasi.sources.http_query import HttpQuery
from wa_integrasi.sources.patience import LeftAloneError
from wa_integrasi.store.tables import commands, wa_outbox


def test_equal_questions_of_one_batch_are_asked_once(world: World) -> None:
    for who in ("budi", "siti", "john"):
        world.write(who, "suhu boiler 2")
    world.write("dewi", "produksi")
    world.answer()
    assert len(world.plant.asked) == 2
    assert len(world.rows(wa_outbox)) == 4


def test_an_answer_serves_again_for_its_time_with_the_time_of_its_data(world: World) -> None:
    world.said("budi", "suhu boiler 2")
    world.clock.tick(seconds=29)
    world.said("siti", "suhu boiler 2")
    assert len(world.plant.asked) == 1
    world.clock.tick(minutes=1)
    [later] = world.said("budi", "suhu boiler 2")
    assert len(world.plant.asked) == 2
    assert "10.01 WIB" in later


def test_a_source_that_was_away_is_asked_again(world: World) -> None:
    world.plant.away = 2
    assert world.said("budi", "suhu boiler 2")[0].startswith("Boiler 2")


def test_a_source_that_stays_away_is_said_so_once(world: World) -> None:
    world.plant.away = 3
    [answer] = world.said("budi", "suhu boiler 2")
    assert answer == "⚠️ *Suhu boiler*: sumber data _pabrik_ sedang tidak menjawab. Coba lagi nanti. Kode: K1"
    [command] = world.rows(commands)
    assert command.state == "failed"
    assert command.note == "K1: suhu-boiler: pabrik: sqlite: the server cannot be reached"


def test_a_source_that_is_left_alone_is_not_asked_again_and_its_reader_is_told_until_when(world: World) -> None:
    until = world.clock() + timedelta(minutes=7, seconds=31)
    world.plant.raises = LeftAloneError(until, 451)
    [answer] = world.said("budi", "suhu boiler 2")
    assert answer == (
        "⚠️ *Suhu boiler*: sumber data _pabrik_ sedang tidak menjawab. Coba lagi setelah pukul 10.08 WIB. Kode: K1"
    )
    assert len(world.plant.asked) == 1


def test_an_ai_hears_no_names_and_no_numbers(world: World) -> None:
    [answer] = world.said("budi", "tanya ai apakah Siti Aminah (0812-3456-7890) hadir?")
    [heard] = world.plant.ai_heard
    assert heard.startswith("Jawab singkat.\n")
    assert "Siti" not in heard
    assert "3456" not in heard
    assert "apakah Siti Aminah (0812-3456-7890) hadir?" in answer


def test_the_row_says_what_ran_and_in_which_run(world: World) -> None:
    world.said("budi", "suhu boiler 2")
    [command] = world.rows(commands)
    assert (command.state, command.trigger, command.text, command.note) == (
        "answered",
        "suhu-boiler",
        "suhu boiler 2",
        None,
    )
    [message] = world.rows(wa_outbox)
    assert (message.dedupe_key, message.priority) == (f"command/{command.id}/1", 10)


def program(world: World, trigger: str, **arguments: Any) -> Any:
    """What becomes of what a program asks for: its row, and what Dewi is told."""
    wanted = NewCommand("default", PEOPLE["dewi"], trigger=trigger, arguments=arguments or None, asked_by="key:skada")
    [made] = world.desk.queue.ask([wanted])
    world.answer()
    return world.desk.queue.find(made), [row.content for row in world.news()]


def test_a_program_runs_a_trigger_for_its_recipient(world: World) -> None:
    command, told = program(world, "suhu-boiler", boiler=2)
    assert (command.state, told[0].partition("\n")[0]) == ("answered", "Boiler 2: 521,0 °C")
    command, told = program(world, "produksi", unit="giling 1", hari="2040-11-18/2040-11-19")
    assert "18 November 2040 – 19 November 2040" in told[0]
    command, told = program(world, "produksi")
    assert command.state == "answered"


@pytest.mark.parametrize(
    ("trigger", "arguments", "note"),
    [
        ("suhu-boiler", {}, "arguments.boiler: is missing, must be a whole number from 1 to 4"),
        ("suhu-boiler", {"boiler": True}, "arguments.boiler: is not a whole number, must be a whole number from 1"),
        ("suhu-boiler", {"boiler": [2]}, "arguments.boiler: found a list, must be a whole number from 1 to 4"),
        ("suhu-boiler", {"boiler": 2.5}, "arguments.boiler: is not a whole number"),
        ("suhu-boiler", {"boiler": 9}, "arguments.boiler: is too large, 4 at most"),
        ("suhu-boiler", {"boiler": 2, "x": 1}, "arguments.x: there is no such argument, there are: boiler"),
        ("produksi", {"unit": "2"}, "arguments.unit: is not one of the choices"),
        ("produksi", {"hari": "besok"}, "arguments.hari: is still to come"),
        ("cari-apa", {}, "no enabled trigger is called cari-apa"),
        ("lama", {}, "no enabled trigger is called lama"),
        ("setel", {"nilai": 3}, "this trigger wants a person's code or consent"),
        ("cuaca", {"kota": "x"}, "arguments.kota: is not one of the choices"),
    ],
)
def test_a_program_is_told_what_is_wrong_and_nobody_else(
    world: World, trigger: str, arguments: dict[str, Any], note: str
) -> None:
    command, told = program(world, trigger, **arguments)
    assert command.state == "refused"
    assert command.note.startswith(note)
    assert told == []


def test_a_failed_answer_to_a_program_bothers_nobody(world: World) -> None:
    command, told = program(world, "keliru")
    assert (command.state, told) == ("failed", [])
    assert "no such column" in command.note


def test_long_answers_to_programs_come_whole(world: World) -> None:
    _, told = program(world, "panjang")
    assert [text[-5:] for text in told] == ["(1/3)", "(2/3)", "(3/3)"]


def test_an_order_by_hand_is_taken_by_who_gives_it(world: World) -> None:
    wanted = NewCommand(
        "default", PEOPLE["dewi"], trigger="suhu-boiler", arguments={"boiler": 2}, asked_by="flow-run:x"
    )
    ticket = world.desk.order(wanted)
    assert world.desk.open().taken == 0
    assert world.serve([ticket]) == [True]
    with pytest.raises(OrderError, match=r"arguments\.boiler: is missing"):
        world.desk.order(NewCommand("default", PEOPLE["dewi"], trigger="suhu-boiler", asked_by="flow-run:x"))
    assert world.states() == {"answered": 1, "refused": 1}
    world.desk.order(wanted, dry_run=True)
    assert len(world.rows(commands)) == 2


def test_a_measuring_point_is_read_over_the_days_that_were_asked_for(world: World) -> None:
    _, told = program(world, "getaran", hari="2040-11-18")
    assert [text.splitlines()[0] for text in told] == ["MILL.VI-01: 12,5"]
    days = ("2040-11-17T17:00:00+00:00", "2040-11-18T17:00:00+00:00")
    assert world.plant.read == [(("MILL.VI-01",), "summary", days)]


def test_a_web_service_is_asked_with_arguments_in_their_places_only(world: World) -> None:
    [answer] = world.said("budi", "cuaca Tuban 18-19 nov 2040")
    assert answer.splitlines()[0] == "Tuban: 31,5 °C"
    assert answer.splitlines()[-1] == "_cuaca, 20 Nov 2040 10.00 WIB_"
    [(kind, query, given)] = world.plant.web
    assert kind == "http-json"
    target = HttpQuery.parse(query).target(given)
    start, end = "2040-11-17T17%3A00%3A00%2B00%3A00", "2040-11-19T17%3A00%3A00%2B00%3A00"
    assert target == f"/v1/cuaca/Tuban?dari={start}&sampai={end}&satuan=metric"


def test_equal_questions_to_a_web_service_are_asked_once(world: World) -> None:
    world.write("budi", "cuaca Tuban kemarin")
    world.write("siti", "CUACA tuban KEMARIN")
    world.answer()
    assert len(world.plant.web) == 1


def test_a_report_is_answered_with_all_its_queries_its_parameters_and_the_period_before(world: World) -> None:
    [answer] = world.said("budi", "rekap pembanding gl1 19/11/2040")
    assert answer.splitlines()[:-1] == ["GL1, Senin, 19 November 2040: 1.235 ton, ▲ 1 (+0,1%)", "Tertinggi: 1.501"]
    assert answer.splitlines()[-1] == "_pabrik, 20 Nov 2040 10.00 WIB_"
    assert sorted(each["slot_date"] for each in world.plant.asked) == ["2040-11-18", "2040-11-19", "2040-11-19"]
    assert {each["unit"] for each in world.plant.asked} == {"GL1"}


def test_a_program_may_leave_the_parameters_of_a_report_out(world: World) -> None:
    _, told = program(world, "banding")
    assert told[0].splitlines()[:2] == ["Crusher, Senin, 19 November 2040: 1.501 ton, ▲ 1 (+0,1%)", "Tertinggi: 1.501"]


def test_a_report_of_which_one_query_fails_is_not_answered_with_half_of_it(world: World) -> None:
    world.plant.away_for = "MAX("
    [answer] = world.said("budi", "rekap pembanding gl1")
    assert answer.startswith("⚠️ *Rekap pembanding*: sumber data _pabrik_ sedang tidak menjawab.")
