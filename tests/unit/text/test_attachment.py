"""Files of rows: real types, nothing that runs, the same bytes each time."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_integrasi.text.attachment import AttachmentError, Sheet, attachment
from wa_integrasi.text.attachment.page import ROWS as PAGE_ROWS
from wa_integrasi.text.locale import Locale

MADE = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
ROW: dict[str, Any] = {
    "unit": "=1+1",
    "hari": "2026-11-19",
    "mulai": "2026-11-18T17:05:00+00:00",
    "ton": 1234.5,
    "tahun": 2026,
    "uang": Decimal("12345678901234567890.5"),
    "ok": True,
    "catatan": None,
}
FORMULAS = ("=1+1", "+62812", "-2", "@SUM(A1)", "\t=1", '=HYPERLINK("https://evil.example")', "  =1", "https://x.id")


def sheet(rows: Any, language: str = "id_ID", **more: Any) -> Sheet:
    return Sheet("Rekap *Harian*", "Kamis, 19 November 2026", rows, Locale(language), MADE, **more)


def book(rows: Any, **more: Any) -> Any:
    return openpyxl.load_workbook(io.BytesIO(attachment("xlsx", sheet(rows, **more), "rekap").content))


def lines(rows: Any, language: str = "id_ID") -> list[list[str]]:
    text = attachment("csv", sheet(rows, language), "rekap").content
    assert text.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(text.decode("utf-8-sig")), delimiter=";" if language == "id_ID" else ","))


@pytest.mark.parametrize("kind", ["xlsx", "csv", "pdf"])
def test_a_file_is_the_same_each_time_and_named_by_its_kind(kind: Any) -> None:
    made = attachment(kind, sheet([ROW] * 3), "rekap harian/2026-11-19")
    assert made.name == f"rekap-harian-2026-11-19.{kind}"
    assert made == attachment(kind, sheet([ROW] * 3), "rekap harian/2026-11-19")


def test_a_spreadsheet_has_numbers_dates_and_yes_or_no() -> None:
    data = book([ROW])["Data"]
    assert [cell.value for cell in data[1]] == ["Unit", "Hari", "Mulai", "Ton", "Tahun", "Uang", "Ok", "Catatan"]
    cells = data[2]
    assert [cell.data_type for cell in cells] == ["s", "d", "d", "n", "n", "s", "b", "n"]
    assert cells[1].value == dt.datetime(2026, 11, 19)  # noqa: DTZ001 (a spreadsheet has no zones)
    assert cells[2].value == dt.datetime(2026, 11, 19, 0, 5)  # noqa: DTZ001
    assert (cells[3].value, cells[3].number_format) == (1234.5, "#,##0.0")
    assert (cells[4].value, cells[4].number_format) == (2026, "0")
    assert cells[5].value == "12345678901234567890,5"
    assert cells[7].value is None


def test_a_spreadsheet_keeps_its_header_in_sight_and_its_columns_wide_enough() -> None:
    data = book([{"nama": "Ganti filter pompa nomor tiga", "ton": 1}])["Data"]
    assert data.freeze_panes == "A2"
    assert data.auto_filter.ref == "A1:B2"
    assert 30 < data.column_dimensions["A"].width < 50


def test_a_spreadsheet_says_what_it_is_about_and_what_is_left_out() -> None:
    info = book([ROW], complete=False)["Info"]
    words = [cell for row in info.iter_rows(values_only=True) for cell in row if cell]
    assert words[0] == "Rekap *Harian*"
    assert {"Kamis, 19 November 2026", "Jumat, 20 November 2026 07.00 WIB", "Masih ada baris lain."} <= set(words)


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_in_a_spreadsheet_is_a_formula_or_a_link(text: str) -> None:
    cell = book([{"x": text, text: 1}])["Data"]["A2"]
    assert (cell.data_type, cell.hyperlink) == ("s", None)


@pytest.mark.parametrize("text", FORMULAS[:-1])
def test_nothing_in_a_csv_begins_like_a_formula(text: str) -> None:
    head, row = lines([{text: text}])
    assert head[0].startswith("'") or head[0][0].isalnum()
    assert row[0].startswith("'")


@given(st.text(max_size=40), st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.datetimes(), st.booleans()))
def test_any_value_becomes_one_cell_of_a_csv_that_no_spreadsheet_runs(name: str, value: object) -> None:
    found = lines([{"a": name, "b": value}])
    assert [len(row) for row in found] == [2, 2]
    for cell in found[1]:
        assert not cell.startswith(("=", "@", "\t", "\r")), cell


def test_a_csv_is_written_the_way_its_reader_counts() -> None:
    row = lines([ROW])[1]
    assert row[:3] == ["'=1+1", "2026-11-19", "2026-11-19 00:05:00"]
    assert row[3:] == ["1234,5", "2026", "12345678901234567890,5", "1", ""]
    assert lines([ROW], "en_GB")[1][3] == "1234.5"
    assert lines([{"v": -2.5}])[1] == ["-2,5"]


def test_a_page_has_the_title_and_goes_on_over_many_pages() -> None:
    short, long = (attachment("pdf", sheet([ROW] * count), "r").content for count in (1, 200))
    assert short.startswith(b"%PDF-")
    assert b"DejaVuSans" in short
    assert short.count(b"/Type /Page\n") == 1
    assert long.count(b"/Type /Page\n") > 3


@pytest.mark.parametrize(
    "value", ["✅ baik", "a\nb", "<b>&</b>", "日本", "x" * 500, "$a$", 1e300, 1e-300, Decimal("NaN"), dt.time(7)]
)
def test_a_page_takes_any_value(value: object) -> None:
    assert attachment("pdf", sheet([{"nilai": value, "lain": 1}]), "r").content.startswith(b"%PDF-")


@pytest.mark.parametrize("kind", ["xlsx", "csv", "pdf"])
def test_no_rows_make_a_file_with_its_header(kind: Any) -> None:
    assert attachment(kind, sheet([], fields=("unit", "ton")), "r").content


@pytest.mark.parametrize(
    ("kind", "rows", "reason"),
    [
        ("pdf", [{"a": 1}] * (PAGE_ROWS + 1), "use xlsx or csv"),
        ("pdf", [{f"k{at}": 1 for at in range(20)}], "use xlsx or csv"),
        ("csv", [{"a": "x" * 1000}] * 20_000, "select fewer rows"),
        ("csv", [{"a": 1}] * 50_001, "at most 50000 go into a file"),
        ("xlsx", [{f"k{at}": 1 for at in range(61)}], "at most 60 go into a file"),
    ],
)
def test_what_is_too_much_is_refused(kind: Any, rows: Any, reason: str) -> None:
    with pytest.raises(AttachmentError, match=reason):
        attachment(kind, sheet(rows), "r")
