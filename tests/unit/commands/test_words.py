"""What people are told, in both languages."""

from __future__ import annotations

import re
import string
from typing import Any

import pytest
from pydantic import TypeAdapter

from tests.unit.commands.texts import BOOK, NOW, TRIGGERS, brief, typed
from wa_integrasi.catalog.arguments import TagArgument, TextArgument
from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.commands import words
from wa_integrasi.commands.confirming import Verdict
from wa_integrasi.commands.grammar import Builtin, Missing, Phrasebook, Problem, Run, Unknown, Wrong, read
from wa_integrasi.commands.menu import also, example, explain, find, menu
from wa_integrasi.commands.permission import Reason
from wa_integrasi.commands.showing import described, for_template
from wa_integrasi.text.locale import Locale

LANGUAGES = ["id", "en"]


def everything(_: Trigger) -> bool:
    return True


def places(text: str) -> int:
    return sum(name is not None for _, name, _, _ in string.Formatter().parse(text))


@pytest.mark.parametrize("what", [*words._ALL, *words._FORMS, *words._SPANS, *words._EXAMPLES])
def test_each_sentence_has_both_languages_with_the_same_places(what: str) -> None:
    said = {**words._ALL, **words._FORMS, **words._SPANS}[what]
    assert set(said) == set(LANGUAGES)
    assert places(said["id"]) == places(said["en"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_be_wrong_has_words(language: str) -> None:
    problems = [words.problem(Problem(wrong, 1234), language) for wrong in Wrong]
    denials = [words.denied(reason, language) for reason in Reason]
    verdicts = [words.verdict(verdict, language, 2) for verdict in Verdict]
    for said in (problems, denials, verdicts):
        assert len(set(said)) == len(said)
        assert not any("{" in text for text in said)


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [
        ("suhu boiler", "id", "*Nomor boiler*?\nBalas dengan bilangan bulat 1 sampai 4, atau *batal*."),
        ("suhu boiler", "en", "*Nomor boiler*?\nReply with a whole number from 1 to 4, or *cancel*."),
        (
            "suhu boiler 9",
            "id",
            "“9” terlalu besar, paling besar 4.\n*Nomor boiler*?\nBalas dengan bilangan bulat 1 sampai 4",
        ),
        (
            "downtime",
            "id",
            "*unit*?\n1. Crusher\n2. giling 1\nBalas dengan nomor atau namanya, atau *batal*.",
        ),
        (
            "downtime *pompa*",
            "en",
            "“∗pompa∗” is not one of the choices.\n*unit*?\n1. Crusher\n2. giling 1\nReply with its number or name",
        ),
        ("downtime kemarn crusher", "id", "“kemarn” bukan tanggal.\n*hari*?\nBalas dengan tanggal"),
        (
            "produksi 7-1 nov",
            "id",
            "“7-1 nov” terbalik, hari pertama harus di depan.\nMaksud Anda *1-7 nov 2026*? Balas *ya*.\n*hari*?\nBalas",
        ),
        (
            "production 2025-12-31 to 2025-12-24",
            "en",
            "“2025-12-31 to 2025-12-24” runs backwards, the first day comes first.\nDid you mean *24-31 dec 2025*?",
        ),
        ("setel TI-2001 5000", "id", "“5000” terlalu besar, paling besar 2.000."),
        ("set TI-2001 5000", "en", "“5000” is too large, 2,000 at most."),
    ],
)
def test_a_question_says_what_is_wrong_and_what_is_right(text: str, language: str, told: str) -> None:
    reading = typed(text, language=language)
    assert isinstance(reading, Missing)
    [argument] = [each for each in TRIGGERS[reading.trigger].arguments if each.name == reading.argument]
    assert words.ask(reading, argument, language).startswith(told)


@pytest.mark.parametrize(
    ("kind", "asked", "typed_so"),
    [
        (
            {"kind": "tag", "pattern": "[A-Z]{2}-[0-9]{4}", "example": "TI-2001"},
            "nama atau nomornya, misalnya TI-2001",
            "TI-2001",
        ),
        ({"kind": "text", "example": "bearing panas"}, "teks, misalnya bearing panas", "bearing panas"),
        ({"kind": "number", "example": 1500.5}, "angka, misalnya 1.500,5", "1.500,5"),
        ({"kind": "int", "minimum": 1, "maximum": 9, "example": 3}, "bilangan bulat 1 sampai 9, misalnya 3", "3"),
        ({"kind": "date", "range": True, "example": "1-7 nov"}, "tanggal atau rentang, misalnya 1-7 nov", "1-7 nov"),
        ({"kind": "choice", "choices": [{"value": "A", "words": ["satu"]}, "B"], "example": "A"}, None, "satu"),
    ],
)
def test_an_example_of_an_argument_is_shown_where_it_is_asked_for(
    kind: dict[str, Any], asked: str | None, typed_so: str
) -> None:
    fields = {**TRIGGERS["rencana"].model_dump(), "arguments": [{"name": "apa", **kind}]}
    trigger = TypeAdapter(Trigger).validate_python({**fields, "phrases": ["coba saja"]})
    question = words.ask(Missing("coba", "apa"), trigger.arguments[0], "id")
    assert asked is None or f"Balas dengan {asked}, atau *batal*." in question
    explained = explain(trigger, "id")
    assert asked is None or f"• apa: {asked}" in explained
    assert f"Contoh: *coba saja {typed_so}*" in explained
    book = Phrasebook.of({"coba": trigger}, zone="Asia/Jakarta")
    assert isinstance(read(example(trigger, "id"), book, now=NOW), Run)


def test_an_example_of_several_words_in_the_middle_is_quoted() -> None:
    arguments = [{"name": "apa", "kind": "text", "example": "bearing panas"}, {"name": "boiler", "kind": "int"}]
    fields = {**TRIGGERS["rencana"].model_dump(), "arguments": arguments}
    trigger = TypeAdapter(Trigger).validate_python(fields)
    assert example(trigger, "en") == 'rencana "bearing panas" 1'


def test_too_many_words_are_named_with_an_example() -> None:
    reading = typed("suhu boiler 2 3")
    assert isinstance(reading, Missing)
    told = words.too_many(reading, example(TRIGGERS["suhu"], "id"), "id")
    assert told == "“3” kelebihan kata. Contoh: *suhu boiler 1*"


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [
        ("terima kasih", "id", "Perintah tidak dikenal. Ketik *menu* untuk melihat yang ada."),
        ("suhu boilr 2", "id", "Maksud Anda *suhu boiler 2*? Balas *ya*, atau ketik *menu*."),
        ("suhu boilr 2", "en", "Did you mean *suhu boiler 2*? Reply *yes*, or type *menu*."),
    ],
)
def test_what_is_unknown_is_answered_with_what_may_have_been_meant(text: str, language: str, told: str) -> None:
    reading = typed(text)
    assert isinstance(reading, Unknown)
    assert words.guesses(reading.suggestions, language) == told


def test_several_that_may_have_been_meant_are_numbered() -> None:
    told = words.guesses(menu(BOOK, "id", everything).candidates[:2], "id")
    assert told == "Maksud Anda yang mana? Balas dengan nomornya.\n1. suhu\n2. suhu boiler"


def test_what_was_typed_is_repeated_short_and_harmless() -> None:
    assert words.short("x" * 500) == "x" * 59 + "…"
    assert "*" not in words.short("*tebal* dan ~coret~")


def test_a_menu_lists_only_what_somebody_may_run() -> None:
    listed = menu(BOOK, "id", lambda trigger: trigger is TRIGGERS["suhu"])
    assert listed.text == (
        "*Perintah untuk Anda*\n1. *suhu boiler [Nomor boiler]*\n\n"
        "Balas dengan nomor, atau ketik perintahnya. *bantuan 1* menjelaskan satu perintah."
    )
    assert [candidate.trigger for candidate in listed.candidates] == ["suhu"]
    assert menu(BOOK, "en", lambda _: False).text == "There is no command for you yet."


@pytest.mark.parametrize(
    ("language", "subscribing", "told"),
    [
        ("id", True, "Juga: *langganan*, *beritahu jika*, *status*, *siapa saya*, *bantuan*."),
        ("en", True, "Also: *subscribe*, *notify if*, *status*, *whoami*, *help*."),
        ("id", False, "Juga: *status*, *siapa saya*, *bantuan*."),
    ],
)
def test_a_menu_ends_with_the_commands_of_the_system(language: str, subscribing: bool, told: str) -> None:
    last = also(language, subscribing=subscribing)
    assert menu(BOOK, language, everything, last).text.splitlines()[-1] == last == told
    for name in re.findall(r"\*([^*]+)\*", last):
        assert isinstance(read(name, BOOK, now=NOW), Builtin)


def test_a_menu_has_headings_and_counts_through() -> None:
    sections = {"suhu": "Boiler", "produksi": "Produksi"}
    changed = {name: TRIGGERS[name].model_copy(update={"section": each}) for name, each in sections.items()}
    book = Phrasebook.of({"tanya": TRIGGERS["tanya"], **changed}, zone="Asia/Jakarta")
    lines = [line for line in menu(book, "id", everything).text.splitlines() if line]
    assert lines[1:-1] == [
        "*Boiler*",
        "1. *suhu boiler [Nomor boiler]*",
        "*Produksi*",
        "2. *produksi (unit) (hari)*",
        "*Lainnya*",
        "3. *tanya [pertanyaan]*",
    ]


def test_what_is_switched_off_is_in_no_menu() -> None:
    assert "mesin mati" not in menu(BOOK, "id", everything).text


@pytest.mark.parametrize(
    ("asked", "name"), [("2", "suhu"), ("Suhu — Boiler", "suhu"), ("99", None), ("0", None), ("x", None)]
)
def test_help_is_found_by_number_or_phrase(asked: str, name: str | None) -> None:
    assert find(asked, BOOK, menu(BOOK, "id", everything), everything) == name


def test_help_is_not_found_for_what_one_may_not_run() -> None:
    nothing = menu(BOOK, "id", lambda _: False)
    assert find("suhu boiler", BOOK, nothing, lambda _: False) is None


def test_help_explains_one_trigger() -> None:
    assert explain(TRIGGERS["setel"], "id") == (
        "*Setel*\nKetik: *setel*, *set*\n• tag: nama atau nomornya\n• nilai: angka -50 sampai 2.000\n"
        "Contoh: *setel [tag] -50*\nPerintah ini meminta kode konfirmasi."
    )
    told = explain(TRIGGERS["produksi"], "en")
    assert "• unit: Crusher, giling 1; may be left out" in told
    assert "if left out: hari ini" in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [name for name in TRIGGERS if name != "mati"])
def test_an_example_can_be_typed(name: str, language: str) -> None:
    trigger = TRIGGERS[name]
    reading = read(example(trigger, language), BOOK, now=NOW, language=language)
    if any(isinstance(argument, TagArgument | TextArgument) for argument in trigger.arguments):
        assert isinstance(reading, Run | Missing)
    else:
        assert isinstance(reading, Run), brief(reading)
    assert reading.trigger == name


def test_arguments_are_shown_as_people_write_them() -> None:
    reading = typed("produksi giling 1 1-7 nov")
    assert isinstance(reading, Run)
    locale = Locale("id_ID")
    told = described(TRIGGERS["produksi"], reading.arguments, locale)
    assert told == "unit GL1, hari 1 November 2026 – 7 November 2026"
    given = for_template(reading.arguments, locale)
    assert given["unit"] == "GL1"
    assert given["hari"]["label"] == "1 November 2026 – 7 November 2026"
    assert described(TRIGGERS["mingguan"], {}, locale) == "Rekap Mingguan"
