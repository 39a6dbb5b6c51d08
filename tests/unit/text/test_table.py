"""Tables on a phone: straight columns, whole numbers, nothing wider than the screen."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.text.graphemes import shorten, width
from wa_integrasi.text.locale import FormatError, Locale
from wa_integrasi.text.markup import to_html
from wa_integrasi.text.table import WIDTH, Column, table

ID = Locale()
ROWS: list[dict[str, Any]] = [
    {"gardu": "GI Cawang", "beban": 1234.5, "biaya": 1_500_000},
    {"gardu": "GI Depok", "beban": None, "biaya": 20},
]


def lines(text: str) -> list[str]:
    assert text.startswith("```")
    assert text.endswith("```")
    return text[3:-3].split("\n")


def test_a_table() -> None:
    assert table(ROWS, locale=ID) == (
        "```"
        "Gardu        Beban      Biaya\n"
        "-----------------------------\n"
        "GI Cawang  1.234,5  1.500.000\n"
        "GI Depok         –         20"
        "```"
    )


def test_columns_choose_titles_and_formats() -> None:
    shown = table(ROWS, ["gardu:Gardu", "beban:Beban kW:number.2", "biaya:Biaya:compact"], locale=ID)
    assert lines(shown) == [
        "Gardu      Beban kW   Biaya",
        "---------------------------",
        "GI Cawang  1.234,50  1,5 jt",
        "GI Depok          –      20",
    ]


def test_text_gives_way_first_then_headings_and_numbers_never() -> None:
    rows = [{"nama": "Gardu Induk Tegangan Ekstra Tinggi", "unit": "A1", "beban": 12_345_678.25}]
    assert lines(table(rows, ["nama:Nama", "unit:Unit", "beban:Beban puncak:number"], locale=ID)) == [
        "Nama            Unit  Beban puncak",
        "----------------------------------",
        "Gardu Induk Te… A1   12.345.678,25",
    ]
    rows = [{"a": 12_345_678.5, "b": 12_345_678.5, "c": 123_456}]
    assert lines(table(rows, ["a:Beban puncak malam", "b:Beban puncak", "c:Pelanggan aktif"], locale=ID)) == [
        "Beban punca… Beban puncak Pelangg…",
        "----------------------------------",
        "12.345.678,5 12.345.678,5  123.456",
    ]


def test_where_numbers_do_not_fit_each_row_becomes_a_list() -> None:
    rows = [
        {"gardu": "GI Cawang " * 4, "impor_kwh": 10**18, "ekspor": 10**18},
        {"gardu": "B", "impor_kwh": 1, "ekspor": 2},
    ]
    assert lines(table(rows, locale=ID)) == [
        "Gardu:",
        "  GI Cawang GI Cawang GI Cawang GI Cawang",
        "Impor kwh:",
        "  1.000.000.000.000.000.000",
        "Ekspor: 1.000.000.000.000.000.000",
        "",
        "Gardu: B",
        "Impor kwh: 1",
        "Ekspor: 2",
    ]


def test_dates_are_short_and_whole_and_years_keep_their_digits_together() -> None:
    moment = dt.datetime(2026, 11, 20, 17, 5, tzinfo=dt.UTC)
    rows = [{"waktu": moment, "hari": moment.date(), "tahun": 2026, "rasio": 0.5, "aktif": True}]
    columns = ["waktu", "hari", "tahun:Tahun:plain", "rasio:%:percent"]
    assert lines(table(rows, columns, locale=ID)) == [
        "         Waktu     Hari Tahun   %",
        "---------------------------------",
        "21/11/26 00.05 20/11/26  2026 50%",
    ]


def test_wide_characters_keep_columns_straight() -> None:
    shown = lines(table([{"n": "漢字 gardu", "x": 1}, {"n": "👩‍👩‍👧 é", "x": 22}], locale=ID))
    assert {width(line) for line in shown} == {14}


def test_data_cannot_leave_the_block_or_its_cell() -> None:
    shown = table([{"a": "x```*y*\n```z\u202e", "b": 1}], locale=ID)
    assert shown.count("```") == 2
    assert "xˋˋˋ*y* ˋˋˋz" in shown
    assert to_html(shown).count("<pre>") == 1


def test_more_rows_than_asked_for_are_counted() -> None:
    rows = [{"a": number} for number in range(1_500)]
    assert lines(table(rows, locale=ID, limit=2))[2:] == ["0", "1", "… dan 1.498 baris lagi"]
    assert lines(table(rows, locale=Locale("en"), limit=1))[-1] == "… and 1,499 more rows"
    assert "baris lagi" not in table(rows[:2], locale=ID, limit=2)


def test_no_rows_say_so() -> None:
    assert table([], locale=ID) == "_Tidak ada data_"
    assert table([], locale=Locale("en")) == "_No data_"


@pytest.mark.parametrize(
    "columns", [["tidak_ada"], [""], ["beban:B:bulat"], ["beban:B:number.x"], ["a:b:c:d"], [], "beban", [1]]
)
def test_a_wrong_column_is_named(columns: Any) -> None:
    with pytest.raises(FormatError):
        table(ROWS, columns, locale=ID)


def test_rows_without_fields_are_refused() -> None:
    with pytest.raises(FormatError):
        table([1, 2], locale=ID)  # type: ignore[list-item]


def test_a_column_may_be_given_whole() -> None:
    assert lines(table(ROWS, [Column("beban", "Beban", "number", 0)], locale=ID))[2:] == ["1.235", "    –"]


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"nama": st.text(max_size=40), "beban": st.integers(-(10**15), 10**15) | st.none(), "n": st.integers(0, 99)}
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_grid_is_never_wider_than_a_phone_and_holds_every_digit(rows: list[dict[str, Any]]) -> None:
    shown = lines(table(rows, locale=ID))
    assert all(width(line) <= WIDTH for line in shown if not line.startswith("  "))
    for row in rows:
        assert any(ID.number(row["beban"]) in line for line in shown)


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("漢字漢", 5, "漢字…"),
        ("漢字漢", 4, "漢…"),
        ("👩‍👩‍👧👩‍👩‍👧", 3, "👩‍👩‍👧…"),
        ("ab", 0, ""),
    ],
)
def test_shortening_counts_columns(text: str, columns: int, shown: str) -> None:
    assert shorten(text, columns) == shown


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("漢", 2), ("é", 1), ("e\u0301", 1), ("👍🏽", 2), ("🇮🇩🇮🇩", 4), ("☀️", 2), ("한", 2), ("\u2060a", 1)],
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns
