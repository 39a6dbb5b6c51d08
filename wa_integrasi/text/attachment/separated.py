"""Rows as CSV, the way a spreadsheet of the reader's language opens it with a double click."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from wa_integrasi.text.attachment.sheet import Sheet
from wa_integrasi.text.locale import is_number

_SEPARATOR = {"id": ";", "en": ","}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the start of a formula (OWASP, CSV Injection)."""


def separated(sheet: Sheet) -> bytes:
    """The file, in UTF-8 with its mark. A text that could be a formula gets an apostrophe in front."""
    out = io.StringIO(newline="")
    lines = csv.writer(out, delimiter=_SEPARATOR[sheet.locale.language], lineterminator="\r\n")
    lines.writerow([_harmless(name) for name in sheet.headings])
    lines.writerows([_cell(value, sheet) for value in row] for row in zip(*sheet.columns(), strict=True))
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any, sheet: Sheet) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case dt.datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case dt.date() | dt.time():
            return value.isoformat()
        case _ if is_number(value):
            return sheet.digits(value)
        case _:
            return _harmless(str(value))


def _harmless(text: str) -> str:
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA) else text
