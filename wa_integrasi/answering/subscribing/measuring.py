"""The one number of an answer that is watched: which row and which column it is in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from wa_integrasi.catalog.triggers import PiTrigger, Trigger
from wa_integrasi.sources.base import Rows
from wa_integrasi.text.locale import is_number
from wa_integrasi.typed.words import words_of

_PI_VALUE = "value"
"""The only number of a PI reading that is data: the number of a state is none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an answer a number is: its column, and the text of a cell of its row, where one was named."""

    column: str
    row: str = ""


@dataclass(frozen=True, slots=True)
class Several:
    """There are several rows, and it is not said which one."""

    rows: int
    names: tuple[str, ...]
    """By which they can be told apart; empty where they cannot."""


@dataclass(frozen=True, slots=True)
class NotThere:
    """What was named is neither a row nor a column with numbers."""

    names: tuple[str, ...]
    """What there is."""


class Nothing(StrEnum):
    """Why there is no number."""

    NO_ROWS = "no_rows"
    NO_NUMBERS = "no_numbers"


@dataclass(frozen=True, slots=True)
class Measured:
    """A number, its unit where the source says one, and its time where that is not when it was asked for."""

    value: float
    unit: str = ""
    at: datetime | None = None


def place_of(trigger: Trigger, rows: Rows, named: str) -> Place | Several | NotThere | Nothing:
    """Where the number is that somebody means who has named a row, a column, both or neither."""
    if not rows.values:
        return Nothing.NO_ROWS
    columns = _numeric(trigger, rows)
    if not columns:
        return Nothing.NO_NUMBERS
    words = words_of(named)
    for column_words, row_words in _splits(words):
        column = next((each for each in columns if words_of(each) == column_words), None) if column_words else None
        if column_words and column is None:
            continue
        found = _rows(rows.values, row_words)
        if len(found) == 1:
            return Place(column or columns[0], _cell(found[0], row_words))
        if found:
            return Several(len(found), _names(found))
    return NotThere((*_names(rows.values), *columns))


def measure(trigger: Trigger, rows: Rows, place: Place) -> Measured | None:
    """The number that is there now; None where there is none, or it is not clear which."""
    if place.column not in rows.columns:
        return None
    wanted = words_of(place.row)
    found = [row for row in rows.values if not wanted or wanted in _labels(row)]
    if len(found) != 1:
        return None
    cells = dict(zip(rows.columns, found[0], strict=True))
    if not _is_value(cells[place.column]):
        return None
    value = float(cells[place.column])
    if not isinstance(trigger, PiTrigger):
        return Measured(value)
    unit, at = cells.get("unit"), cells.get("time")
    return Measured(value, unit if isinstance(unit, str) else "", at if isinstance(at, datetime) else None)


def _numeric(trigger: Trigger, rows: Rows) -> list[str]:
    names = [_PI_VALUE] if isinstance(trigger, PiTrigger) else list(rows.columns)
    at = {name: rows.columns.index(name) for name in names if name in rows.columns}
    return [name for name, column in at.items() if any(_is_value(row[column]) for row in rows.values)]


def _is_value(cell: object) -> bool:
    if not is_number(cell):
        return False
    try:
        return math.isfinite(float(cell))  # type: ignore[arg-type]
    except OverflowError:
        return False


def _labels(row: Sequence[Any]) -> set[tuple[str, ...]]:
    return {words_of(cell) for cell in row if isinstance(cell, str) and cell}


def _rows(rows: Sequence[Sequence[Any]], words: tuple[str, ...]) -> list[Sequence[Any]]:
    """The rows that some words name: as the whole of a text, else as a part of one. Without words all."""
    whole = [row for row in rows if not words or words in _labels(row)]
    return whole or [row for row in rows if any(_within(words, label) for label in _labels(row))]


def _within(words: tuple[str, ...], label: tuple[str, ...]) -> bool:
    return any(label[at : at + len(words)] == words for at in range(len(label)))


def _cell(row: Sequence[Any], words: tuple[str, ...]) -> str:
    """The text of a row that some words name; empty where there are none."""
    texts = [cell for cell in row if words and isinstance(cell, str)]
    whole = [cell for cell in texts if words_of(cell) == words]
    return next(iter(whole or [cell for cell in texts if _within(words, words_of(cell))]), "")


def _names(rows: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """What the rows can be told apart by: the texts of the first column that has another one in each row."""
    for column in range(len(rows[0])):
        cells = [row[column] for row in rows]
        if all(isinstance(cell, str) and words_of(cell) for cell in cells):
            different = {words_of(cell) for cell in cells}
            if len(different) == len(cells):
                return tuple(cells)
    return ()


def _splits(words: tuple[str, ...]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """All ways in which some words may be a column and a row."""
    ways = [(words[:at], words[at:]) for at in range(len(words) + 1)]
    return list(dict.fromkeys([*ways, *((row, column) for column, row in ways)]))
