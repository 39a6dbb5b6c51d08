"""Rows as PDF: a title, the period and a table, to print or to keep."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus.flowables import Flowable

from wa_integrasi.text.attachment.sheet import AttachmentError, Sheet
from wa_integrasi.text.font import drawable, font_file
from wa_integrasi.text.graphemes import shorten
from wa_integrasi.text.locale import NOTHING, Locale, is_number

ROWS = 1_000
COLUMNS = 14
_FACE, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
_MARGIN = 14 * mm
_LANDSCAPE_FROM = 7
_SIZE, _LEAST = 9.0, 6.0
_INK, _QUIET, _RULE, _STRIPE = HexColor("#1b1f24"), HexColor("#4a5058"), HexColor("#9aa3ad"), HexColor("#f3f5f7")
_CELL = 60
_LINE = 13


def page(sheet: Sheet) -> bytes:
    """The file: A4, upright or on its side, the header again on each page. Raises `AttachmentError`."""
    if len(sheet.rows) > ROWS or len(sheet.names) > COLUMNS:
        raise AttachmentError(
            f"{len(sheet.rows)} rows of {len(sheet.names)} columns: a PDF has at most {ROWS} rows of {COLUMNS}; "
            "use xlsx or csv"
        )
    for face, file in ((_FACE, font_file()), (_BOLD, font_file(bold=True))):
        if face not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(face, str(file)))
    size = landscape(A4) if len(sheet.names) >= _LANDSCAPE_FROM else A4
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=size,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 6 * mm,
        title=sheet.title,
        author="",
        creator="",
        producer="",
        invariant=1,
        pageCompression=1,
    )
    text = shorten(drawable(f"{sheet.title} · {sheet.period}"), 90)

    def later(canvas: Canvas, _: SimpleDocTemplate) -> None:
        _foot(canvas, text, size[0] - _MARGIN, canvas.getPageNumber())

    def first(canvas: Canvas, _: SimpleDocTemplate) -> None:
        _head(canvas, sheet, size[1] - _MARGIN)
        later(canvas, _)

    room = Spacer(0, 8 * mm + 18 + _LINE * len(sheet.about()))
    document.build([room, *_table(sheet, size[0] - 2 * _MARGIN)], first, later)
    return out.getvalue()


def _head(canvas: Canvas, sheet: Sheet, top: float) -> None:
    """Draws the title and what the rows are about."""
    lines = [f"{name}: {text}" for name, text in sheet.about()]
    canvas.setFillColor(_INK)
    canvas.setFont(_BOLD, 15)
    canvas.drawString(_MARGIN, top - 15, shorten(drawable(sheet.title), 60))
    canvas.setFillColor(_QUIET)
    canvas.setFont(_FACE, 9)
    for at, line in enumerate(lines, 1):
        canvas.drawString(_MARGIN, top - 18 - _LINE * at, shorten(drawable(line), 110))


def _foot(canvas: Canvas, text: str, right: float, number: int) -> None:
    canvas.setFont(_FACE, 7.5)
    canvas.setFillColor(_QUIET)
    canvas.drawString(_MARGIN, 8 * mm, text)
    canvas.drawRightString(right, 8 * mm, str(number))


def _table(sheet: Sheet, room: float) -> list[Flowable]:
    columns = sheet.columns()
    if not columns:
        return []
    cells = [[_shown(value, sheet.locale) for value in values] for values in columns]
    heads = [drawable(name) for name in sheet.headings]
    size = _SIZE
    while size > _LEAST and sum(_widths(heads, cells, size)) > room:
        size -= 0.5
    widths = _widths(heads, cells, size)
    if (total := sum(widths)) > room:
        widths = [wide * room / total for wide in widths]
    fitted = [
        [_fitted(text, wide - size, _FACE, size) for text in column] for column, wide in zip(cells, widths, strict=True)
    ]
    top = [_fitted(text, wide - size, _BOLD, size) for text, wide in zip(heads, widths, strict=True)]
    style: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, -1), _FACE, size),
        ("FONT", (0, 0), (-1, 0), _BOLD, size),
        ("TEXTCOLOR", (0, 0), (-1, -1), _INK),
        ("LINEBELOW", (0, 0), (-1, 0), 1, _RULE),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [None, _STRIPE]),
        ("LEFTPADDING", (0, 0), (-1, -1), size / 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), size / 2),
    ]
    style += [("ALIGN", (at, 0), (at, -1), "RIGHT") for at, values in enumerate(columns) if _is_numeric(values)]
    rows = [top, *(list(row) for row in zip(*fitted, strict=True))]
    return [LongTable(rows, colWidths=widths, repeatRows=1, style=TableStyle(style), hAlign="LEFT")]


def _widths(heads: Sequence[str], cells: Sequence[Sequence[str]], size: float) -> list[float]:
    measure = pdfmetrics.stringWidth
    return [
        max([measure(head, _BOLD, size), *(measure(text, _FACE, size) for text in column)]) + 1.2 * size
        for head, column in zip(heads, cells, strict=True)
    ]


def _fitted(text: str, room: float, face: str, size: float) -> str:
    """`text`, cut where it is wider than `room`, with `…` to say so."""
    if pdfmetrics.stringWidth(text, face, size) <= room:
        return text
    while text and pdfmetrics.stringWidth(text + "…", face, size) > room:
        text = text[:-1]
    return text + "…"


def _is_numeric(values: Sequence[Any]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(map(is_number, present))


def _shown(value: Any, locale: Locale) -> str:
    match value:
        case None:
            return NOTHING
        case bool():
            return locale.text(value)
        case dt.datetime():
            return f"{locale.date(value.date(), 'short')} {locale.text(value.time())}"
        case dt.date():
            return locale.date(value, "short")
        case _ if is_number(value):
            return drawable(locale.number(value) if abs(value) >= 10_000 or value != int(value) else locale.text(value))
        case _:
            return shorten(drawable(locale.text(value)), _CELL)
