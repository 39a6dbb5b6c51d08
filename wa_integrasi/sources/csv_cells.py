"""Cells of CSV files as values: by the kind that is declared, or by one that fits all cells of a column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from math import isfinite
from typing import Literal, cast, get_args
from zoneinfo import ZoneInfo

Kind = Literal["text", "int", "number", "bool", "date", "moment"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SQLITE = {"text": "TEXT", "int": "INTEGER", "number": "REAL", "bool": "INTEGER", "date": "TEXT", "moment": "TEXT"}

_Number = Literal["whole", "decimal", "grouped", "power", "unsure", "turned", "turned_grouped"]
Look = _Number | Literal["code", "none", "date", "moment", "text"]
"""What a cell looks like. `grouped` is surely a number, `1.234` is `unsure`: it may be either of two. `turned` is a
decimal if the decimal sign is not the one that was guessed, `turned_grouped` a number then; `power` is `1e-05`, `code`
digits that are rather a name, and `none` says that there is no value."""

_YES, _NO = frozenset({"1", "true", "yes", "ya", "benar"}), frozenset({"0", "false", "no", "tidak", "salah"})
_NONE = frozenset({"-", "–", "n/a", "N/A", "#N/A"})
_NUMBERS: Set[Look] = {"whole", "decimal", "grouped", "power", "unsure"}
_TURNED: Set[Look] = {"whole", "power", "unsure", "turned", "turned_grouped"}
_VALUES: Set[Look] = {*_NUMBERS, *_TURNED, "date", "moment"}
_MOST_DIGITS, _MOST_GUESSED = 18, 15
_CODE = re.compile(r"[+-]?\d+")
_DAY = r"(?:(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)|(?P<a>\d{1,2})[/.-](?P<b>\d{1,2})[/.-](?P<c>\d{4}))"
_TIME = r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,](?P<part>\d{1,6}))?)?"
_DATE = re.compile(_DAY)
_MOMENT = re.compile(rf"{_DAY}[T ]{_TIME} ?(?P<zone>Z|[+-]\d\d:?\d\d)?")


class AmbiguousError(ValueError):
    """A column whose numbers could be read in two ways."""


class MixedError(ValueError):
    """A column of numbers, with cells that are none."""


@dataclass(frozen=True)
class Column:
    """How the cells of a column are read."""

    kind: Kind
    turned: bool = False
    """Its decimal sign is not the one that was guessed."""


class Cells:
    """How the cells of one file are written."""

    def __init__(self, decimal: Literal[",", "."], zone: ZoneInfo, *, sure: bool, day_first: bool) -> None:
        """`sure`: the decimal sign was said, not guessed. `zone`: of moments that have none."""
        self._sure, self._day_first, self._zone = sure, day_first, zone
        self._point, self._group = decimal, "." if decimal == "," else ","
        self._number = _number(decimal, self._group, sure=sure)
        self._turned = _number(self._group, decimal, sure=sure)

    def look(self, cell: str) -> Look:
        """What a cell that is not empty looks like."""
        if cell in _NONE:
            return "none"
        if cell[0] not in "+-0123456789":
            return "text"
        if _CODE.fullmatch(cell):
            return "whole" if self._number.fullmatch(cell) and _countable(cell) else "code"
        if found := self._number.fullmatch(cell):
            return cast(Look, found.lastgroup)
        if _day(_DATE.fullmatch(cell), day_first=self._day_first):
            return "date"
        if self._moment(cell):
            return "moment"
        found = None if self._sure else self._turned.fullmatch(cell)
        return "text" if found is None else "turned_grouped" if found["grouped"] else "turned"

    def column(self, counts: Mapping[Look, int]) -> Column:
        """How to read a column by what its cells look like. Raises `AmbiguousError` and `MixedError`."""
        looks = set(counts) - {"none"}
        if self._is_turned(looks):
            return Column("number", turned=True)
        if looks and looks <= _NUMBERS:
            self._refuse_unsure(looks)
            return Column("int" if looks == {"whole"} else "number")
        numbers = sum(counts[look] for look in looks & _NUMBERS)
        others = sum(counts[look] for look in looks - _NUMBERS)
        if numbers and numbers >= others and not looks <= {"whole", "code"}:
            raise MixedError
        same = next(iter(counts)) if len(counts) == 1 else "text"
        return Column(same if same in ("date", "moment") else "text")

    @staticmethod
    def values_in(counts: Mapping[Look, int]) -> int:
        """How many cells of a column that stays text look like numbers or days; codes such as 007 are none."""
        looks = set(counts) - {"none"}
        return 0 if looks <= {"whole", "code"} else sum(counts[look] for look in looks & _VALUES)

    def declared(self, kind: Kind, counts: Mapping[Look, int]) -> Column:
        """How to read a declared column. A decimal point is not guessed for `1.500` here either: `AmbiguousError`."""
        looks = set(counts) & (_NUMBERS | _TURNED)
        if kind == "number" and self._is_turned(looks):
            return Column(kind, turned=True)
        if kind == "number" and self._group == ",":
            self._refuse_unsure(looks)
        return Column(kind)

    def _is_turned(self, looks: Set[Look]) -> bool:
        # 7.30 where a comma is guessed may be a time
        decimal = "turned" in looks and ("unsure" in looks or self._point == ".")
        return looks <= _TURNED and ("turned_grouped" in looks or decimal)

    def _refuse_unsure(self, looks: Set[Look]) -> None:
        if "unsure" in looks and not self._sure and not looks & {"decimal", "grouped"}:
            raise AmbiguousError

    @staticmethod
    def is_number(look: Look) -> bool:
        """Whether a cell is a number by the guessed sign, or has no value."""
        return look in _NUMBERS or look == "none"

    def value(self, cell: str, column: Column) -> str | int | float | None:
        """A cell as SQLite keeps it; moments are UTC text as `slot_start` is. Raises `ValueError`."""
        if not cell:
            return None
        match column.kind:
            case "text":
                return cell
            case "int" | "number":
                return None if cell in _NONE else self._numeric(cell, column)
            case "bool":
                return _boolean(cell)
            case "date":
                day = _day(_DATE.fullmatch(cell), day_first=self._day_first)
                return _or_no_value(day).isoformat()
            case "moment":
                return _or_no_value(self._moment(cell)).isoformat()

    def _numeric(self, cell: str, column: Column) -> int | float:
        found = (self._turned if column.turned else self._number).fullmatch(cell)
        if found is None or (found["whole"] and len(cell) > _MOST_DIGITS):
            raise ValueError
        group = self._point if column.turned else self._group
        plain = cell.replace(group, "").replace(",", ".")
        value = int(plain) if column.kind == "int" else float(plain)
        if not isfinite(value):
            raise ValueError
        return value

    def _moment(self, cell: str) -> datetime | None:
        found = _MOMENT.fullmatch(cell)
        day = _day(found, day_first=self._day_first)
        if found is None or day is None:
            return None
        part = int((found["part"] or "0").ljust(6, "0"))
        try:
            clock = time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0), part)
            aware = datetime.combine(day, clock, self._zone)
            if zone := found["zone"]:
                aware = datetime.fromisoformat(f"{datetime.combine(day, clock).isoformat()}{zone}")
            return aware.astimezone(UTC)
        except (ValueError, OverflowError):
            return None


def _number(decimal: str, grouping: str, *, sure: bool) -> re.Pattern[str]:
    point, group, whole = re.escape(decimal), re.escape(grouping), r"[+-]?(?:0|[1-9]\d*)"
    return re.compile(
        rf"(?P<whole>{whole})|(?P<unsure>[+-]?[1-9]\d{{0,2}}{group if sure else '[.,]'}\d{{3}})"
        rf"|(?P<decimal>{whole}{point}\d+(?:[eE][+-]?\d+)?)|(?P<power>{whole}[eE][+-]\d+)"
        rf"|(?P<grouped>[+-]?[1-9]\d{{0,2}}(?:{group}\d{{3}})+(?:{point}\d+)?)"
    )


def _countable(cell: str) -> bool:
    return cell[0] != "+" and len(cell.lstrip("-")) <= _MOST_GUESSED


def _day(found: re.Match[str] | None, *, day_first: bool) -> date | None:
    if found is None:
        return None
    if found["y"]:
        year, month, day = found["y"], found["m"], found["d"]
    else:
        year, month, day = found["c"], *((found["b"], found["a"]) if day_first else (found["a"], found["b"]))
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _boolean(cell: str) -> int:
    word = cell.lower()
    if word not in _YES | _NO:
        raise ValueError
    return int(word in _YES)


def _or_no_value(read: date | None) -> date:
    if read is None:
        raise ValueError
    return read
