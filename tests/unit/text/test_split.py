"""Long texts as several messages: all of it, in order, readable part by part."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.text.graphemes import clusters
from wa_integrasi.text.markup import BORDER, bold, code_block, escape, to_html
from wa_integrasi.text.split import LEAST, split

MARK = re.compile(r"\n\((\d+)/(\d+)\)$")


def bare(parts: list[str]) -> list[str]:
    return parts if len(parts) == 1 else [MARK.sub("", part) for part in parts]


def letters(text: str) -> str:
    return re.sub(r"\s", "", text.replace(BORDER, ""))


def test_a_text_that_fits_is_one_message_without_a_mark() -> None:
    assert split("a" * 4096) == ["a" * 4096]
    assert split(f"a\n{BORDER}\n\nb\n{BORDER}") == ["a\n\nb"]
    assert split("  a\n") == ["  a\n"]


def test_nothing_to_say_is_no_message() -> None:
    assert split("") == split(" \n ") == split(BORDER) == []


def test_marks_count_and_fit() -> None:
    parts = split("kata " * 2_000)
    assert [part[-5:] for part in parts] == ["(1/3)", "(2/3)", "(3/3)"]
    assert max(map(len, parts)) <= 4096
    many = split("kata " * 2_000, 70)
    assert len(many) > 100
    assert many[0].endswith(f"\n(1/{len(many)})")
    assert max(map(len, many)) <= 70


def test_cuts_come_at_borders_before_paragraphs() -> None:
    text = f"{'a' * 30}\n\n{'b' * 10}\n{BORDER}\n{'c' * 30}\n\n{'d' * 10}\n{BORDER}\n{'e' * 10}"
    assert bare(split(text, 70)) == [f"{'a' * 30}\n\n{'b' * 10}", f"{'c' * 30}\n\n{'d' * 10}\n\n{'e' * 10}"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (f"{'a ' * 12}b\n\n{'c ' * 18}d\ne f g", [("a " * 12) + "b", ("c " * 18) + "d\ne f g"]),
        (f"{'a ' * 12}b\n{'c ' * 24}d", [("a " * 12) + "b", ("c " * 24) + "d"]),
        ("abcdefghi " * 7, [("abcdefghi " * 5).strip(), ("abcdefghi " * 2)]),
        ("a" * 100, ["a" * 58, "a" * 42]),
        ("x\n\n" + "a" * 100, ["x", "a" * 58, "a" * 42]),
    ],
)
def test_then_between_paragraphs_lines_words_and_letters(text: str, parts: list[str]) -> None:
    assert bare(split(text, 64)) == parts


def test_a_block_that_fits_one_message_is_not_cut() -> None:
    block = code_block("\n".join(["baris tabel"] * 4))
    assert bare(split("kata " * 8 + "\n" + block, 70)) == [("kata " * 8).strip(), block]


def test_a_block_that_must_be_cut_is_closed_and_opened_again() -> None:
    block = code_block("\n".join(f"  baris {number}" for number in range(12)))
    parts = bare(split(block, 64))
    assert len(parts) == 3
    assert all(part.startswith("```  baris") and part.endswith("```") and part.count("```") == 2 for part in parts)
    assert "\n".join(part.strip("`") for part in parts) == block.strip("`")


def test_a_bold_stretch_stays_whole_or_is_bold_in_both_parts() -> None:
    assert bare(split("kata " * 9 + "*tebal sekali* " + "kata " * 9, 64))[1].startswith("*tebal sekali* kata")
    parts = bare(split("*" + "kata " * 20 + "akhir*", 64))
    assert [to_html(part).count("<strong>") for part in parts] == [1] * len(parts)
    assert all(to_html(part).startswith("<strong>") and to_html(part).endswith("</strong>") for part in parts)


def test_a_character_is_never_taken_apart() -> None:
    for character in ("👩‍👩‍👧", "👍🏽", "🇮🇩", "é", "한"):
        for part in bare(split(character * 60, 64)):
            assert set(clusters(part)) == {character}


def test_even_a_single_endless_character_is_sent() -> None:
    assert letters("".join(bare(split("e" + "\u0301" * 200, 64)))) == "e" + "\u0301" * 200


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        split("a", LEAST - 1)


def test_a_very_long_text_is_quick() -> None:
    text = "\n\n".join([code_block("\n".join(["x" * 30] * 40)), "*tebal* kata " * 200] * 15)
    assert len(split(text)) > 10


WORDS = st.text(alphabet="abc é漢👍🏽👩‍👧🇮🇩\n", max_size=120)
PIECES = st.one_of(
    WORDS.map(escape),
    WORDS.map(bold),
    WORDS.map(code_block),
    st.text(alphabet="*_~`- >ab\n", max_size=60).map(escape),
    st.sampled_from(["\n", "\n\n", f"\n{BORDER}\n", " "]),
)
TEXTS = st.lists(PIECES, max_size=10).map("\n".join)
LIMITS = st.integers(LEAST, 200)


@settings(max_examples=150, deadline=None)
@given(TEXTS, LIMITS)
def test_every_part_fits_and_is_marked(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(part.strip() and len(part) <= limit for part in parts)
    if len(parts) > 1:
        assert [MARK.findall(part) for part in parts] == [
            [(str(number), str(len(parts)))] for number in range(1, len(parts) + 1)
        ]


@settings(max_examples=150, deadline=None)
@given(TEXTS, LIMITS)
def test_nothing_is_lost_and_blocks_are_balanced(text: str, limit: int) -> None:
    parts = bare(split(text, limit))
    assert letters("".join(parts)).replace("`", "").replace("*", "") == letters(text).replace("`", "").replace("*", "")
    assert all(part.count("```") % 2 == 0 for part in parts)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300).map(escape), LIMITS)
def test_text_without_formatting_comes_out_as_it_went_in(text: str, limit: int) -> None:
    assert letters("".join(bare(split(text, limit)))) == letters(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "👍🏽", "👩‍👧", "🇮🇩", "e\u0301", " "]), min_size=40, max_size=90).map("".join))
def test_no_cut_is_within_a_character(text: str) -> None:
    wanted = [cluster for cluster in clusters(text) if not cluster.isspace()]
    assert [
        cluster for part in bare(split(text, LEAST)) for cluster in clusters(part) if not cluster.isspace()
    ] == wanted
