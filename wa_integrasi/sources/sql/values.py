"""Values as every database gives them: the same types, whatever driver they come from.

Whole numbers are `int`, exact ones `Decimal`, the others `float`. A moment is an aware `datetime` in the source's zone;
one that is kept without a zone is of that zone. Dates are `date`, texts `str`, bytes `bytes`, arrays `list`; times of
day, intervals, JSON, UUIDs and whatever else are texts. Nothing is `None`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

_AS_THEY_ARE = (bool, int, float, Decimal, str, bytes)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?([+-]\d\d:\d\d|Z)")


def moment(value: Any) -> datetime | None:
    """The moment that a bound value is: an aware `datetime`, or a text such as `slot_start` has.

    As a text, servers would compare it with columns that keep no zone as if it had no offset.
    """
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo else None


def plain(value: Any, zone: ZoneInfo) -> Any:
    """One value. Raises `ValueError` or `OverflowError` for a moment that Python has no number for."""
    if value is None or isinstance(value, _AS_THEY_ARE):
        return value
    if isinstance(value, datetime):
        return value.astimezone(zone) if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, date):
        return value
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return interval(value)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (list, tuple)):
        return [plain(each, zone) for each in value]
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def interval(value: timedelta) -> str:
    """Hours, minutes and seconds, such as `26:30:00`; microseconds where there are some."""
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    seconds = value.days * 86_400 + value.seconds
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


def size(value: Any) -> int:
    """About how many bytes a value takes."""
    if isinstance(value, (str, bytes)):
        return len(value) + 50
    if isinstance(value, list):
        return sum(map(size, value)) + 50
    return 32


def settled(rows: Sequence[tuple[Any, ...]]) -> tuple[tuple[Any, ...], ...]:
    """Rows whose exact numbers are of one type in each column: whole numbers where no value has decimals."""
    exact = {at for row in rows for at, value in enumerate(row) if isinstance(value, Decimal)}
    if not exact:
        return tuple(rows)
    whole = {at for at in exact if all(_is_whole(row[at]) for row in rows)}
    return tuple(
        tuple(_exact(value, at in whole) if at in exact else value for at, value in enumerate(row)) for row in rows
    )


def _is_whole(value: Any) -> bool:
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return isinstance(exponent, int) and exponent >= 0
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _exact(value: Any, whole: bool) -> Any:
    if whole and isinstance(value, Decimal):
        return int(value)
    if not whole and isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value
