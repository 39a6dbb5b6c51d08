"""Dates and moments among a source's values; SQLite has no type for them and gives text."""

from __future__ import annotations

import datetime as dt
import re

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([+-]\d{2}:\d{2}|Z)")


def moment_of(value: object) -> dt.date | None:
    """The date, or the moment with its zone, that `value` is or says as ISO 8601 has it; None for anything else."""
    if isinstance(value, dt.date):
        return value
    if not isinstance(value, str):
        return None
    try:
        if _DAY.fullmatch(value):
            return dt.date.fromisoformat(value)
        return dt.datetime.fromisoformat(value) if _MOMENT.fullmatch(value) else None
    except ValueError:
        return None
