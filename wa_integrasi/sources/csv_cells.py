"""Cells of CSV files as values: by the kind that is declared, or by one that fits all cells of a column."""

from __future__ import annotations

import re
from collections.abc import Set
from datetime import UTC, date, datetime, time
from typing import Literal, cast, get_args
from zoneinfo import ZoneInfo

Kind = Literal["text", "int", "number", "bool", "date", "moment"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SQLITE = {"text": "TEXT", "int": "INTEGER", "number": "REAL", "bool": "INTEGER", "date": "TEXT", "moment": "TEXT"}

Look = Literal["whole", "decimal", "grouped", "unsure", "date", "moment", "text"]
"""What a cell looks like. `grouped` is surely a number, `1.234` is `unsure`: it may be either of two."""

_YES, _NO = frozenset({"1", "true", "yes", "ya", "benar"}), frozenset({"0", "false", "no", "tidak", "salah"})
_MOST_DIGITS = 18
_DAY = r"(?:(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)|(?P<a>\d{1,2})[/.-](?P<b>\d{1,2})[/.-](?P<c>\d{4}))"
_TIME = r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,](?P<part>\d{1,6}))?)?"
_DATE = re.compile(_DAY)
_MOMENT = re.compile(rf"{_DAY}[T ]{_TIME} ?(?P<zone>Z|[+-]\d\d:?\d\d)?")


class AmbiguousError(ValueError):
    """A column whose numbers could be read in two ways."""


class Cells:
    """How the cells of one file are written."""

    def __init__(self, decimal: Literal[",", "."], zone: ZoneInfo, *, sure: bool, day_first: bool) -> None:
        """`sure`: the decimal sign was said, not guessed. `zone`: of moments that have none."""
        self._sure, self._day_first, self._zone = sure, day_first, zone
        self._group = "." if decimal == "," else ","
        point, group, whole = re.escape(decimal), re.escape(self._group), r"[+-]?(?:0|[1-9]\d*)"
        self._number = re.compile(
            rf"(?P<whole>{whole})|(?P<decimal>{whole}{point}\d+(?:[eE][+-]?\d+)?)"
            rf"|(?P<unsure>[+-]?[1-9]\d{{0,2}}{group}\d{{3}})"
            rf"|(?P<grouped>[+-]?[1-9]\d{{0,2}}(?:{group}\d{{3}})+(?:{point}\d+)?)"
        )

    def look(self, cell: str) -> Look:
        """What a cell that is not empty looks like."""
        if (found := self._number.fullmatch(cell)) is not None:
            look = cast(Look, found.lastgroup)
            return "text" if look == "whole" and len(cell) > _MOST_DIGITS else look
        if _day(_DATE.fullmatch(cell), day_first=self._day_first):
            return "date"
        return "moment" if self._moment(cell) else "text"

    def kind(self, looks: Set[Look]) -> Kind:
        """The kind that fits all cells of a column. Raises `AmbiguousError`."""
        if not looks or "text" in looks:
            return "text"
        if looks <= {"whole", "decimal", "grouped", "unsure"}:
            if "unsure" in looks and not self._sure and not looks & {"decimal", "grouped"}:
                raise AmbiguousError
            return "int" if looks == {"whole"} else "number"
        return "date" if looks == {"date"} else "moment" if looks == {"moment"} else "text"

    def value(self, cell: str, kind: Kind) -> str | int | float | None:
        """A cell as SQLite keeps it; moments are UTC text as `slot_start` is. Raises `ValueError`."""
        if not cell:
            return None
        match kind:
            case "text":
                return cell
            case "int" | "number":
                return self._numeric(cell, kind)
            case "bool":
                return _boolean(cell)
            case "date":
                day = _day(_DATE.fullmatch(cell), day_first=self._day_first)
                return _or_no_value(day).isoformat()
            case "moment":
                return _or_no_value(self._moment(cell)).isoformat()

    def _numeric(self, cell: str, kind: Literal["int", "number"]) -> int | float:
        look = self.look(cell)
        if look not in ("whole", "decimal", "grouped", "unsure"):
            raise ValueError
        plain = cell.replace(self._group, "").replace(",", ".")
        return int(plain) if kind == "int" else float(plain)

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
