"""Questions and their answers, lists and their numbers, pages; and what is forgotten when."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.unit.commands.texts import BOOK, NOW, TRIGGERS, brief, typed
from wa_integrasi.commands.confirming import demand
from wa_integrasi.commands.conversation import LASTS, Choice, Memory, Page, Question, answer, choice, question
from wa_integrasi.commands.grammar import Ambiguous, Missing, Phrasebook, Unknown

LATER = NOW + timedelta(minutes=4)


def asked(text: str, **options: str) -> Question:
    reading = typed(text, **options)
    assert isinstance(reading, Missing)
    found = question(reading, NOW)
    assert found is not None
    return found


def offered(text: str) -> Choice:
    reading = typed(text)
    assert isinstance(reading, Ambiguous | Unknown)
    found = choice(reading, NOW)
    assert found is not None
    return found


def answered(to: Question | Choice, text: str, **options: object) -> str | None:
    reading = answer(to, text, BOOK, now=LATER, **options)  # type: ignore[arg-type]
    return brief(reading) if reading is not None else None


@pytest.mark.parametrize(
    ("text", "reply", "reading"),
    [
        ("suhu boiler", "2", "suhu boiler=2"),
        ("suhu boiler", " *2* ", "suhu boiler=2"),
        ("suhu boiler", "boiler=2", "suhu boiler=2"),
        ("suhu boiler", "9", "suhu.boiler? '9' too_large"),
        ("suhu boiler", "dua", "suhu.boiler? 'dua' no_whole"),
        ("suhu boiler 9", "3", "suhu boiler=3"),
        ("downtime", "2", "henti.hari?"),
        ("downtime", "giling 1", "henti.hari?"),
        ("downtime", "3", "henti.unit? '3' no_choice"),
        ("downtime crusher", "kemarin", "henti unit=Crusher hari=2026-11-19"),
        ("downtime crusher", "19 nov 2026", "henti unit=Crusher hari=2026-11-19"),
        ("downtime kemarin", "2", "henti unit=GL1 hari=2026-11-19"),
        ("downtime pompa kemarin", "1", "henti unit=Crusher hari=2026-11-19"),
        ("produksi giling 3 kemarin", "mill 1", "produksi unit=GL1 hari=2026-11-19/2026-11-19"),
        ("produksi hari=besok unit=giling 1", "kemarin", "produksi unit=GL1 hari=2026-11-19/2026-11-19"),
        ("produksi hari=besok giling 1", "kemarin", "produksi unit=GL1 hari=2026-11-19/2026-11-19"),
        ("produksi unit=crusher unit=crusher kemarin", "2", "produksi unit=GL1 hari=2026-11-19/2026-11-19"),
        ("setel TI2001 5", "TI-2001", "setel tag=TI-2001 nilai=5.0"),
        ("catat gangguan crusher", "bearing panas, nomor 2", "catat unit=Crusher catatan=bearing panas, nomor 2"),
        ("catat gangguan crusher", "suhu boiler 2", "catat unit=Crusher catatan=suhu boiler 2"),
        ("tanya", "kenapa?", "tanya pertanyaan=kenapa?"),
        ("tanya", "cek status ya", "tanya pertanyaan=cek status ya"),
        ("suhu boiler", "2 pak", "suhu boiler=2"),
        ("downtime crusher", "kemarin ya", "henti unit=Crusher hari=2026-11-19"),
    ],
)
def test_an_answer_fills_what_was_missing(text: str, reply: str, reading: str) -> None:
    assert answered(asked(text), reply) == reading


@pytest.mark.parametrize("reply", ["batal", "cancel", "menu", "ya 123456", "berhenti"])
@pytest.mark.parametrize("text", ["suhu boiler", "tanya", "downtime"])
def test_a_command_of_the_system_is_no_answer(text: str, reply: str) -> None:
    assert answered(asked(text), reply) is None


@pytest.mark.parametrize("reply", ["produksi kemarin", "suhu", "downtime", "cek produksi dong", "batal ya"])
def test_another_command_leaves_the_question(reply: str) -> None:
    assert answered(asked("suhu boiler"), reply) is None


@pytest.mark.parametrize("reply", ["batal ya", "tolong batal", "batal ya pak"])
def test_who_is_asked_for_a_text_may_cancel_politely(reply: str) -> None:
    assert answered(asked("tanya"), reply) is None
    assert answered(asked("tanya"), "batal karena hujan") == "tanya pertanyaan=batal karena hujan"


@pytest.mark.parametrize(
    ("text", "reply", "instead"),
    [
        ("suhu boiler", "poduksi kemarin", "produksi kemarin"),
        ("suhu boiler", "rekab harian", "rekap harian"),
        ("downtime", "poduksi", "produksi"),
        ("downtime", "crushr", ""),
        ("downtime crusher", "kemarn", ""),
        ("suhu boiler", "2 rekab harian", ""),
        ("suhu boiler", "dua", ""),
        ("suhu boiler", "9", ""),
    ],
)
def test_a_mistyped_command_is_offered_while_the_question_stays(text: str, reply: str, instead: str) -> None:
    again = answer(asked(text), reply, BOOK, now=LATER)
    assert isinstance(again, Missing)
    assert again.problem is not None
    assert again.problem.instead == instead
    still = question(again, LATER)
    assert still is not None
    if instead:
        assert answered(still, "ya") == answered(still, "ya pak") == brief(typed(instead))
        assert answered(still, "1") == answered(asked(text), "1")
        assert Memory.from_json(json.loads(json.dumps(Memory(still).to_json()))) == Memory(still)


def test_what_was_typed_behind_a_mistake_is_read_in_its_turn() -> None:
    first = answer(asked("downtime pompa besok-besok"), "1", BOOK, now=LATER)
    assert brief(first) == "henti.hari? 'besok-besok' no_day"  # type: ignore[arg-type]


def test_the_language_of_who_answers_decides() -> None:
    assert answered(asked("setel TI-2001"), "1.234", language="id") == "setel tag=TI-2001 nilai=1234.0"
    assert answered(asked("set TI-2001", language="en"), "1.234", language="en") == "setel tag=TI-2001 nilai=1.234"


def test_in_a_group_the_mention_is_no_part_of_the_answer() -> None:
    assert answered(asked("suhu boiler"), "@6281234567890 2", mentioned=True) == "suhu boiler=2"


@pytest.mark.parametrize(
    ("text", "reply", "reading"),
    [
        ("rekap", "1", "harian hari=2026-11-19"),
        ("rekap", "2.", "mingguan"),
        ("rekap", "3", "which? rekap harian | rekap mingguan"),
        ("rekap", "0", "which? rekap harian | rekap mingguan"),
        ("rekap", "ya", None),
        ("rekap", "rekap harian", None),
        ("suhu boilr 2", "ya", "suhu boiler=2"),
        ("suhu boilr 2", "Yes!", "suhu boiler=2"),
        ("suhu boilr 2", "ya pak", "suhu boiler=2"),
        ("suhu boilr 2", "ya sudah", None),
        ("suhu boilr 2", "ya berapa?", None),
        ("rekap", "2 ya", "mingguan"),
        ("suhu boilr 2", "1", "suhu boiler=2"),
        ("suhu boilr 2", "tidak", None),
        ("batl", "ya", ":cancel"),
    ],
)
def test_a_number_chooses_from_a_list(text: str, reply: str, reading: str | None) -> None:
    assert answered(offered(text), reply) == reading


@pytest.mark.parametrize("waiting", [asked("suhu boiler"), offered("rekap")])
def test_after_five_minutes_it_is_forgotten(waiting: Question | Choice) -> None:
    assert answer(waiting, "2", BOOK, now=NOW + LASTS - timedelta(seconds=1)) is not None
    assert answer(waiting, "2", BOOK, now=NOW + LASTS) is None
    assert Memory(asked=waiting).at(NOW + LASTS).empty
    assert Memory(asked=waiting).warn_at == NOW + timedelta(minutes=4)


def test_a_question_of_a_trigger_that_is_gone_is_no_question() -> None:
    without = {name: trigger for name, trigger in TRIGGERS.items() if name != "suhu"}
    assert answer(asked("suhu boiler"), "2", Phrasebook.of(without, zone=BOOK.zone), now=LATER) is None


def test_too_many_words_are_no_question() -> None:
    reading = typed("suhu boiler 2 3")
    assert isinstance(reading, Missing)
    assert question(reading, NOW) is None
    assert choice(Unknown(), NOW) is None


def test_pages_go_from_the_first_to_the_last() -> None:
    first = Page("42", 1, 2, NOW)
    second = first.turned(1, LATER)
    assert second == Page("42", 2, 2, LATER)
    assert second.turned(1, LATER) is None
    assert second.turned(-1, LATER) == Page("42", 1, 2, LATER)
    assert first.turned(-1, LATER) is None
    assert Memory(page=second).at(LATER + LASTS).empty


@pytest.mark.parametrize(
    "waiting",
    [
        asked("downtime pompa besok-besok"),
        asked("produksi giling 3 1-7 nov"),
        asked("tanya"),
        offered("rekap"),
        offered("batl"),
    ],
)
def test_all_of_it_comes_back_from_json(waiting: Question | Choice) -> None:
    pending, _ = demand("setel", {"nilai": 2.5}, sender="+62812", chat="+62812", now=NOW)
    memory = Memory(waiting, Page("42", 1, 3, NOW), pending)
    assert Memory.from_json(json.loads(json.dumps(memory.to_json()))) == memory
    assert Memory.from_json({}) == Memory()
    assert Memory().to_json() == {}
