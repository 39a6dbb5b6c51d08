"""Whatever is typed: no error, no run by likeness, no long wait; and arguments stay what they are, values."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from tests.unit.commands.texts import BOOK, NOW, TRIGGERS, ZONE, brief, typed
from wa_integrasi.catalog.phrases import BUILTINS
from wa_integrasi.commands.grammar import Ambiguous, Missing, Phrasebook, Run, Unknown, binds, dump, load, read
from wa_integrasi.commands.grammar.lookalikes import Lookalikes
from wa_integrasi.typed.words import plain, words_of

PHRASES = {words_of(phrase): name for name, each in TRIGGERS.items() if each.enabled for phrase in each.phrases}
WORDS = sorted({word for phrase in [*PHRASES, *BUILTINS] for word in phrase})
COURTESY = ["tolong", "cek", "berapa", "what is", "the", "please", "dong", "ya", "pak", "?", "🙏"]
LONGEST_COURTESY = 20
"""Words that may stand before a phrase."""
anything = st.text(max_size=200)
PARTS = [*WORDS, *COURTESY, "2", "1.234,5", "1-7 nov", "unit=", "unit=giling 1", '"', "—", "@62812345678"]
nearly = st.lists(
    st.one_of(st.sampled_from(PARTS), st.text(max_size=6)),
    max_size=12,
).map(" ".join)


@given(st.one_of(anything, nearly), st.sampled_from(["id", "en"]), st.booleans(), st.booleans())
def test_nothing_that_is_typed_is_an_error(text: str, language: str, in_group: bool, mentioned: bool) -> None:
    first = typed(text, language=language, in_group=in_group, mentioned=mentioned)
    assert typed(text, language=language, in_group=in_group, mentioned=mentioned) == first


@settings(max_examples=30)
@given(nearly, st.lists(nearly, max_size=20, unique=True), st.sampled_from([60, 74, 90]), st.integers(1, 5))
def test_what_looks_alike_is_found_as_if_all_were_compared(text: str, known: list[str], least: int, most: int) -> None:
    likest = sorted(enumerate(known), key=lambda each: (-fuzz.ratio(text, each[1]), each[0]))
    expected = [each for _, each in likest if fuzz.ratio(text, each) >= least]
    assert [each for _, each in Lookalikes.of(known).nearest(text, least, most)] == expected[:most]


@given(st.one_of(anything, nearly))
def test_what_runs_begins_with_a_phrase_of_its_trigger(text: str) -> None:
    reading = typed(text)
    if isinstance(reading, Run | Missing):
        mentions = [token for token in text.split() if not token.startswith("@")]
        words = words_of(" ".join(mentions))
        own = [phrase for phrase, name in PHRASES.items() if name == reading.trigger]
        begins = [words[at : at + len(phrase)] == phrase for phrase in own for at in range(LONGEST_COURTESY)]
        assert any(begins)
        exact = typed(text, exact=True)
        assert not isinstance(exact, Run) or exact == reading


@given(
    st.sampled_from(["", "tolong ", "tolong cek ", "what is the ", "berapa "]),
    st.sampled_from(["suhu boiler 2", "produksi kemarin", "rekap harian", "downtime crusher", "setel TI-2001 5"]),
    st.sampled_from(["", " dong", " ya pak", " please?", " 🙏"]),
)
def test_words_of_courtesy_change_nothing(before: str, text: str, behind: str) -> None:
    asks = before.endswith(("cek ", "the ", "berapa "))
    polite, bare = typed(f"{before}{text}{behind}"), typed(text)
    assert polite == (Unknown() if text.startswith("setel") and asks else bare)


def test_who_may_run_nothing_is_not_asking_for_anything() -> None:
    assert typed("tolong cek suhu boiler 2", shown=lambda _: False) == Unknown()
    assert typed("tolong cek suhu boiler 9", shown=lambda _: False) == Unknown()


def test_a_phrase_that_begins_with_a_word_of_courtesy_comes_first() -> None:
    own = {"cek-suhu": TRIGGERS["mingguan"].model_copy(update={"phrases": ("cek suhu", "info suhu kiln")})}
    book = Phrasebook.of({**TRIGGERS, **own}, zone=ZONE)
    assert brief(read("cek suhu", book, now=NOW)) == "cek-suhu"
    assert brief(read("tolong cek suhu dong", book, now=NOW)) == "cek-suhu"
    assert brief(read("cek suhu boiler 2", book, now=NOW)) == "cek-suhu.? 'boiler 2' too_many_words"
    assert brief(read("tolong cek suhu boiler 2", book, now=NOW)).startswith("unknown")
    assert brief(read("info suhu klin", book, now=NOW)) == "unknown | info suhu kiln"
    assert brief(read("tolong info suhu klin", book, now=NOW)) == "unknown | info suhu kiln"
    assert brief(read("cek produksi", book, now=NOW)) == brief(typed("produksi"))


@given(st.sampled_from(sorted(PHRASES)), st.data())
def test_a_typo_never_runs_what_was_meant(phrase: tuple[str, ...], data: st.DataObject) -> None:
    text = " ".join(phrase)
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(categories=["Ll"]))
    wrong = data.draw(
        st.sampled_from(
            [text[:at] + text[at + 1 :], text[:at] + letter + text[at:], text[:at] + letter + text[at + 1 :]]
        )
    )
    if words_of(wrong)[: len(phrase)] != phrase:
        reading = typed(f"{wrong} 2")
        assert not (isinstance(reading, Run | Missing) and reading.trigger == PHRASES[phrase])


@given(st.one_of(anything, nearly))
def test_arguments_come_back_from_json_as_they_were(text: str) -> None:
    reading = typed(text)
    if isinstance(reading, Run | Missing):
        arguments = reading.arguments if isinstance(reading, Run) else reading.known
        assert load(dump(arguments), TRIGGERS[reading.trigger].arguments) == arguments


@given(anything)
def test_what_is_plain_stays_plain(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert words_of(" ".join(words_of(text))) == words_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "produksi " + "1-" * 2000,
        "produksi " + "1 " * 2000,
        "produksi " + "unit=" * 800,
        "produksi " + "unit = " * 500,
        "suhu boiler " + "9" * 4000,
        "setel " + "A" * 4000,
        "setel TI-2001 " + "1." * 2000,
        "tanya " + '"' * 4000,
        "tanya " + "\ufdfa" * 4000,
        "*?" * 2000 + "suh",
        "@62812345678 " * 300,
        "\u0301" * 4000,
        "rekap " * 680,
        "tolong " * 580,
        "tolong cek produksi " + "ya " * 1300,
        "what is the " * 300 + "production",
        "produksi " + "kemarn giling " * 280,
        "( " * 2000,
    ],
)
def test_a_long_text_is_read_in_bounded_work(text: str) -> None:
    assert len(text) <= 4096
    assert not isinstance(typed(text), Run) or text.startswith("tanya")


def test_what_is_longer_than_a_message_is_no_command() -> None:
    assert typed("tanya " + "a" * 4091) == Unknown()
    assert isinstance(typed("tanya " + "a" * 150), Run)


HOSTILE = [
    "'; DROP TABLE production_hourly; --",
    "1 OR 1=1",
    ":unit :hari_start",
    "{{ ''.__class__.__mro__ }}",
    "{% for x in y %}",
    "${jndi:ldap://x}",
    "%s %(x)s {0}",
    "\\:unit",
    "<script>alert(1)</script>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_a_value_and_nothing_else(text: str) -> None:
    reading = typed(f"tanya {text}")
    assert reading == Run("tanya", {"pertanyaan": text})
    with closing(sqlite3.connect(":memory:")) as database:
        [(kept,)] = database.execute("SELECT :pertanyaan", binds(reading.arguments, ZONE, NOW))
    assert kept == text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("phrase", ["suhu boiler", "produksi", "setel", "downtime", "rencana"])
def test_where_a_number_a_day_a_choice_or_a_tag_is_due_it_is_refused(phrase: str, text: str) -> None:
    assert isinstance(typed(f"{phrase} {text}"), Missing)


@pytest.mark.parametrize(
    "text",
    [
        "ѕuhu boiler 2",  # Cyrillic dze
        "suhu bоiler 2",  # Cyrillic o
        "suhu bοiler 2",  # Greek omicron
        "suhu boıler 2",  # dotless i
        "suhu boi\u01c0er 2",  # a click for an l
        "suhu\u202e boiler 2",
        "\u202dsuhu boiler 2",
        "suhu boiler\u202c 2",
        "\u202erelioB uhus",
    ],
)
def test_what_only_looks_like_a_phrase_is_none(text: str) -> None:
    assert isinstance(typed(text), Unknown | Ambiguous) or brief(typed(text)).startswith("semua-suhu.? ")


@pytest.mark.parametrize(
    "text",
    [
        "s\u200bu\u200ch\u200du bo\u2060iler\ufeff 2",
        "su\u00adhu boiler 2",
        "\u2068suhu\u2069 \u200eboiler\u200f 2",
        "suhu\u3000boiler\u00a02",
        "suhu\tboiler\n2",
        "suhu boi\U000e0041ler 2",
        "SUHU BOILER ２",
        "𝐬𝐮𝐡𝐮 𝖇𝖔𝖎𝖑𝖊𝖗 𝟐",
        "s\u0308u\u0301hu boiler 2",
        "“suhu boiler” ‘2’",
    ],
)
def test_what_is_the_same_after_folding_is_the_same(text: str) -> None:
    assert brief(typed(text)) == "suhu boiler=2"


def test_what_turns_text_around_is_seen_in_a_value() -> None:
    assert typed("tanya \u202eabc\u202c") == Run("tanya", {"pertanyaan": "\ufffdabc\ufffd"})


def test_half_a_surrogate_pair_is_no_error() -> None:
    reading = typed("tanya \ud83d x")
    assert isinstance(reading, Run)
    dump(reading.arguments)["pertanyaan"].encode()


def test_who_may_not_see_a_trigger_is_not_told_of_it() -> None:
    def shown(trigger: object) -> bool:
        return trigger is not TRIGGERS["suhu"] and trigger is not TRIGGERS["harian"]

    assert read("suhu boilr 2", BOOK, now=NOW, shown=shown) != typed("suhu boilr 2")
    assert "boiler 2" not in brief(read("shu boiler 2", BOOK, now=NOW, shown=shown)).removeprefix("unknown")
    assert "harian" not in brief(read("rekap", BOOK, now=NOW, shown=shown))


def test_a_phrase_within_the_reach_of_free_text_is_asked_for() -> None:
    longer = TRIGGERS["mingguan"].model_copy(update={"phrases": ("tanya jadwal",)})
    book = Phrasebook.of({**TRIGGERS, "jadwal": longer}, zone=ZONE)
    assert brief(read("tanya jadwl", book, now=NOW)) == "which? tanya jadwal | tanya jadwl"
    assert brief(read("tanya jadwal", book, now=NOW)) == "jadwal"
    assert brief(read("tanya apa", book, now=NOW)) == "tanya pertanyaan=apa"
