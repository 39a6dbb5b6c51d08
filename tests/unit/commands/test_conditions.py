"""Limits, lengths of time and silences as people type them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.commands.grammar.conditions import Condition, Operator, Unclear, read_condition
from wa_integrasi.commands.grammar.silences import read_silence
from wa_integrasi.typed.lengths import read_length

READ = {
    "suhu boiler 2 > 540": ("suhu boiler 2", ">", 540),
    "suhu boiler 2>540.": ("suhu boiler 2", ">", 540),
    "suhu boiler 2 ＞ 1.540,5": ("suhu boiler 2", ">", 1540.5),
    "suhu boiler 2 ≠ 540": ("suhu boiler 2", "!=", 540),
    "suhu boiler 2 => 540 °C": ("suhu boiler 2", ">=", 540),
    "level silo <= -5,5%": ("level silo", "<=", -5.5),
    "suhu boiler=2 Di  Atas 540": ("suhu boiler=2", ">", 540),
    "suhu boiler 2 tidak sama dengan 540": ("suhu boiler 2", "!=", 540),
    "suhu boiler 2 sama dengan 540": ("suhu boiler 2", "=", 540),
    "suhu boiler 2 lebih kecil dari 540": ("suhu boiler 2", "<", 540),
    "stok minimal 3": ("stok", ">=", 3),
    "lebih dari 3 > 4": ("lebih dari 3", ">", 4),
    'catatan "a > 5" = 7': ('catatan "a > 5"', "=", 7),
}


@pytest.mark.parametrize("text", READ)
def test_conditions(text: str) -> None:
    found = read_condition(text, "id")
    assert isinstance(found, Condition)
    assert (found.subject, str(found.operator), found.limit) == READ[text]


def test_how_long_and_how_often() -> None:
    found = read_condition("boiler temperature 2 over 1,540.5 for 1 hour 30 minutes repeat every 2h", "en")
    assert isinstance(found, Condition)
    assert (found.limit, found.lasting, found.repeat) == (1540.5, timedelta(minutes=90), timedelta(hours=2))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("suhu boiler 2", Unclear.NO_LIMIT),
        ("suhu boiler 2 > panas", Unclear.NO_LIMIT),
        ("suhu boiler 2 > 1.2.3", Unclear.NO_LIMIT),
        ("suhu boiler 2 > 9" + "9" * 30, Unclear.NO_LIMIT),
        ("> 540", Unclear.NO_SUBJECT),
        ("suhu boiler 2 > 540 juta", Unclear.NO_LENGTH),
        ("suhu boiler 2 > 540 selama lama", Unclear.NO_LENGTH),
        ("suhu boiler 2 > 540 selama 3 hari", Unclear.NO_LENGTH),
        ("suhu boiler 2 > 540 atau < 500", Unclear.NO_LENGTH),
    ],
)
def test_what_is_no_condition(text: str, why: Unclear) -> None:
    found = read_condition(text, "id")
    assert found is why or (isinstance(found, Condition) and found.subject == "suhu boiler 2 > 540 atau")


@settings(max_examples=50)
@given(
    st.text(max_size=200) | st.lists(st.sampled_from([*READ, "> 1 for", "selama", "ulang"]), max_size=30).map(" ".join)
)
def test_nothing_that_is_typed_is_an_error(text: str) -> None:
    found = read_condition(text, "id")
    assert isinstance(found, Unclear) or found.subject
    read_silence(text, "id")


@pytest.mark.parametrize("operator", Operator)
def test_operators(operator: Operator) -> None:
    held = {number for number in (1.0, 2.0, 3.0) if operator.holds(number, 2.0)}
    assert held == {">": {3}, ">=": {2, 3}, "<": {1}, "<=": {1, 2}, "=": {2}, "!=": {1, 3}}[operator]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("10 menit", 10), ("2 jam", 120), ("2h", 120), ("1,5 jam", 90), ("1 jam 30 menit", 90), ("setengah jam", 30),
     ("half an hour", 30), ("sehari", 1440), ("31 hari", None), ("0 menit", None), ("jam", None), ("2 lusin", None),
     ("9" * 19 + " hari", None)],
)  # fmt: skip
def test_lengths(text: str, minutes: float | None) -> None:
    assert read_length(text, "id") == (None if minutes is None else timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("text", "silence"),
    [("2 jam", (120, None)), ("selama 30 menit", (30, None)), ("2 jam nomor 3", (120, 3)), ("1 hour for 12", (60, 12)),
     ("di tempat", None), ("3", None), ("", None)],
)  # fmt: skip
def test_silences(text: str, silence: tuple[int, int | None] | None) -> None:
    found = read_silence(text, "id")
    assert (found and (found.length.total_seconds() / 60, found.number)) == silence
