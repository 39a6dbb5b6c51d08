"""Rows as XLSX: real numbers and dates, a header that stays, nothing that could be a formula."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from wa_integrasi.text.attachment.sheet import Sheet
from wa_integrasi.text.graphemes import width
from wa_integrasi.text.locale import is_number

_DIGITS = 17
"""Digits that a number of a spreadsheet can have; one with more stays text."""
_CELL = 32_767
"""Characters of one cell in Excel."""
_NARROWEST, _WIDEST = 8, 48
_MEASURED = 500
_GROUPED_FROM = 10_000
_FIRST_DAY = dt.date(1900, 3, 1)
"""Before it Excel counts a day that never was."""


def spreadsheet(sheet: Sheet) -> bytes:
    """The file. Its first sheet is the rows from the first line on, so that they can be sorted and summed up."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"title": sheet.title[:255], "created": sheet.made.replace(tzinfo=None, microsecond=0)})
    data = book.add_worksheet("Data")
    names, columns = sheet.headings, sheet.columns()
    head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EEF4", "text_wrap": False})
    for at, (name, values) in enumerate(zip(names, columns, strict=True)):
        data.write_string(0, at, name, head)
        shape = _shape(book, values)
        for row, value in enumerate(values, 1):
            _write(data, row, at, value if _fits(value) else sheet.digits(value), shape)
        shown = max((_width(value) for value in values[:_MEASURED]), default=0)
        data.set_column(at, at, min(max(shown, width(name) + 3, _NARROWEST), _WIDEST))
    data.freeze_panes(1, 0)
    if columns:
        data.autofilter(0, 0, len(sheet.rows), len(columns) - 1)
        data.repeat_rows(0)
    _about(book, sheet)
    book.close()
    return out.getvalue()


def _about(book: Workbook, sheet: Sheet) -> None:
    page = book.add_worksheet("Info")
    page.write_string(0, 0, sheet.title, book.add_format({"bold": True, "font_size": 14}))
    for row, (name, text) in enumerate(sheet.about(), 2):
        page.write_string(row, 0, name)
        page.write_string(row, 1, text)
    page.set_column(0, 0, 12)
    page.set_column(1, 1, 48)


def _shape(book: Workbook, values: Sequence[Any]) -> Format | None:
    """How a column's numbers or dates are written; Excel shows them the way of its own language."""
    present = [value for value in values if value is not None]
    if any(isinstance(value, dt.datetime) for value in present):
        return book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    if any(isinstance(value, dt.date) for value in present):
        return book.add_format({"num_format": "yyyy-mm-dd"})
    if any(isinstance(value, dt.time) for value in present):
        return book.add_format({"num_format": "hh:mm"})
    numbers = [value for value in present if is_number(value)]
    if not numbers:
        return None
    places = min(max(_decimals(value) for value in numbers), 3)
    # Whole numbers that are short may be years.
    grouped = places or any(abs(value) >= _GROUPED_FROM for value in numbers)
    return book.add_format({"num_format": ("#,##0" if grouped else "0") + ("." + "0" * places if places else "")})


def _decimals(value: Any) -> int:
    exponent = Decimal(str(value)).normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _write(data: Worksheet, row: int, at: int, value: Any, shape: Format | None) -> None:
    match value:
        case None:
            return
        case bool():
            data.write_boolean(row, at, value)
        case dt.datetime() | dt.date() if (value.date() if isinstance(value, dt.datetime) else value) >= _FIRST_DAY:
            data.write_datetime(row, at, value, shape)
        case dt.time():
            data.write_datetime(row, at, value.replace(tzinfo=None), shape)
        case _ if is_number(value):
            data.write_number(row, at, float(value), shape)
        case _:
            data.write_string(row, at, str(value)[:_CELL])


def _fits(value: Any) -> bool:
    """Whether a spreadsheet's number keeps every digit."""
    return not is_number(value) or len(Decimal(str(value)).normalize().as_tuple().digits) <= _DIGITS


def _width(value: Any) -> int:
    if isinstance(value, dt.datetime):
        return 17
    return width(str(value)) + 2 if value is not None else 0
