"""Rows as a monospace table that fits a phone, or as a short list of fields a row where they do not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wa_integrasi.text.graphemes import shorten, width
from wa_integrasi.text.locale import FormatError, Locale, is_missing, is_number
from wa_integrasi.text.markup import Markup, clean, code_block, italic

WIDTH = 34
"""Columns of a ``` block that fit one line of a common phone at its normal text size."""

ROWS = 30
"""Rows shown where the caller does not say how many."""

_NARROWEST = 6
_FORMATS = ("number", "compact", "rupiah", "percent", "date", "time", "datetime", "plain")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the field that it shows, its heading, and how values are written.

    Without a format, numbers are grouped and the rest is as `Locale.text` has it; `plain` is for years and ids.
    """

    field: str
    title: str
    format: str = ""
    decimals: int | None = None

    def __post_init__(self) -> None:
        if self.format and self.format not in _FORMATS:
            raise FormatError(f"no column format {self.format!r}: use one of {', '.join(_FORMATS)}")

    @classmethod
    def parse(cls, text: str) -> Column:
        """Reads `field`, `field:Title` or `field:Title:format`, the format with decimals if need be: `number.1`."""
        field, title, shape, *more = [part.strip() for part in text.split(":")] + ["", ""]
        name, dot, decimals = shape.partition(".")
        if not field or any(more) or (dot and not decimals.isdecimal()):
            raise FormatError(f"no column {text!r}: use field, field:Title or field:Title:format")
        return cls(field, title or heading(field), name, int(decimals) if dot else None)

    def show(self, value: Any, locale: Locale) -> str:
        """`value` as this column writes it, on one line."""
        return _one_line(self._shown(value, locale))

    def _shown(self, value: Any, locale: Locale) -> str:
        match self.format:
            case _ if is_missing(value):
                return locale.text(None)
            case "rupiah":
                return locale.rupiah(value, self.decimals)
            case "percent":
                return locale.percent(value, self.decimals)
            case "compact":
                return locale.compact(value, 1 if self.decimals is None else self.decimals)
            case "time":
                return locale.time(value, zone=False)
            case "plain":
                return locale.text(value)
            case "number" | "":
                return self._by_kind(value, locale)
            case _:
                return _moment(value, locale)

    def _by_kind(self, value: Any, locale: Locale) -> str:
        if is_number(value) or self.format:
            return locale.number(value, self.decimals)
        return _moment(value, locale) if isinstance(value, dt.date) else locale.text(value)


def table(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column | str] | None = None,
    *,
    locale: Locale,
    limit: int = ROWS,
    columns_wide: int = WIDTH,
) -> Markup:
    """The first `limit` of `rows` as one ``` block, at most `columns_wide` wide, and how many more there are.

    Text is shortened where it is too wide; numbers never lose a digit. Where the numbers alone are too wide, each row
    becomes a list of `Title: value` lines. Without `columns`, all fields of the first row are shown.
    """
    every = list(rows)
    if not every:
        return italic("Tidak ada data" if locale.language == "id" else "No data")
    chosen = _columns(every, columns)
    shown = every[: max(limit, 0)]
    cells = [[column.show(row.get(column.field), locale) for column in chosen] for row in shown]
    values = [[row.get(column.field) for row in shown] for column in chosen]
    right = [_is_firm_column(column) for column in values]
    titles = [_one_line(column.title) for column in chosen]
    firm = [
        max((width(row[at]) for row, value in zip(cells, column, strict=True) if _is_firm(value)), default=0)
        for at, column in enumerate(values)
    ]
    widths = _widths(titles, cells, firm, right, columns_wide)
    lines = _grid(titles, cells, right, widths, columns_wide) if widths else _stacked(titles, cells, columns_wide)
    if len(every) > len(shown):
        rest = locale.number(len(every) - len(shown))
        lines.append(f"… dan {rest} baris lagi" if locale.language == "id" else f"… and {rest} more rows")
    return code_block("\n".join(lines))


def _columns(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column | str] | None) -> list[Column]:
    if any(not isinstance(row, Mapping) for row in rows):
        raise FormatError("a table wants rows with named fields")
    if columns is None:
        return [Column(field, heading(field)) for field in rows[0]]
    if isinstance(columns, str) or not columns:
        raise FormatError('columns are a list such as ["gardu:Gardu", "beban:Beban"]')
    chosen = [column if isinstance(column, Column) else Column.parse(str(column)) for column in columns]
    for column in chosen:
        if not any(column.field in row for row in rows):
            raise FormatError(f"no column {column.field!r} in the rows; they have {', '.join(map(str, rows[0]))}")
    return chosen


def _is_firm(value: Any) -> bool:
    """Whether `value` would say something else if it were shortened: a number, a date, a time."""
    return is_number(value) or isinstance(value, (dt.date, dt.time))


def _is_firm_column(values: Iterable[Any]) -> bool:
    present = [value for value in values if not is_missing(value)]
    return bool(present) and all(map(_is_firm, present))


def _gap(natural: Sequence[int], columns_wide: int) -> int:
    """Spaces between columns: two where there is room for them."""
    return 2 if sum(natural) + 2 * (len(natural) - 1) <= columns_wide else 1


def _widths(
    titles: Sequence[str],
    cells: Sequence[Sequence[str]],
    firm: Sequence[int],
    right: Sequence[bool],
    columns_wide: int,
) -> list[int] | None:
    """How wide each column is; `None` where they cannot all be shown beside each other.

    The widest text column gives way first; when no text can be narrower, the headings over numbers do. No column gets
    narrower than its numbers, which are `firm` wide.
    """
    widths = [max(width(title), *(width(row[at]) for row in cells), 0) for at, title in enumerate(titles)]
    gap = _gap(widths, columns_wide)
    widths = [max(min(natural, columns_wide), number) for natural, number in zip(widths, firm, strict=True)]
    least = [
        number if is_right else max(number, min(natural, _NARROWEST))
        for natural, number, is_right in zip(widths, firm, right, strict=True)
    ]
    room = columns_wide - gap * (len(widths) - 1)
    for giving in (False, True):
        while sum(widths) > room:
            wide = [at for at, is_right in enumerate(right) if is_right is giving and widths[at] > least[at]]
            if not wide:
                break
            widths[max(wide, key=widths.__getitem__)] -= 1
    return widths if sum(widths) <= room else None


def _grid(
    titles: Sequence[str],
    cells: Sequence[Sequence[str]],
    right: Sequence[bool],
    widths: Sequence[int],
    columns_wide: int,
) -> list[str]:
    gap = " " * _gap(widths, columns_wide)

    def line(row: Sequence[str]) -> str:
        parts = [_padded(*part) for part in zip(row, widths, right, strict=True)]
        return gap.join(parts).rstrip()

    rule = "-" * (sum(widths) + len(gap) * (len(widths) - 1))
    return [line(titles), rule, *(line(row) for row in cells)]


def _padded(text: str, columns: int, to_the_right: bool) -> str:
    text = shorten(text, columns)
    space = " " * (columns - width(text))
    return space + text if to_the_right else text + space


def _stacked(titles: Sequence[str], cells: Sequence[Sequence[str]], columns_wide: int) -> list[str]:
    """Each row as `Title: value` lines, with an empty line between rows; the phone wraps what is wider."""
    lines: list[str] = []
    for row in cells:
        lines += [""] if lines else []
        for title, cell in zip(titles, row, strict=True):
            whole = f"{title}: {cell}"
            lines += [whole] if width(whole) <= columns_wide else [f"{title}:", f"  {cell}"]
    return lines


def _moment(value: Any, locale: Locale) -> str:
    if isinstance(value, dt.datetime):
        return locale.datetime(value, "short", zone=False)
    return locale.date(value, "short")


def heading(field: str) -> str:
    """What stands above a column whose title nobody gave."""
    return field.replace("_", " ").capitalize()


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())
