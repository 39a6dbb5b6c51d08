"""Times as a PI server reads them: `t` is midnight by its own clock, which is why nobody should send it one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

_WORDS = re.compile(r"(\*|t|y)((?:[+-][0-9.]+(?:s|m|h|d|w))*)", re.IGNORECASE)
_STEP = re.compile(r"([+-])([0-9.]+)([a-z])", re.IGNORECASE)
_SPAN = re.compile(r"([0-9.]+)([smhdw])", re.IGNORECASE)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}


def time_of(text: str, now: datetime, zone: tzinfo) -> datetime:
    """The moment that a text means. Raises `ValueError`."""
    found = _WORDS.fullmatch(text.strip())
    if found is None:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    local = now.astimezone(zone)
    if found[1] != "*":
        local = local.replace(hour=0, minute=0, second=0, microsecond=0)
    local -= timedelta(days=1 if found[1].lower() == "y" else 0)
    for sign, number, unit in _STEP.findall(found[2]):
        local += timedelta(seconds=float(number) * _SECONDS[unit.lower()] * (1 if sign == "+" else -1))
    return local.astimezone(UTC)


def span_of(text: str) -> timedelta:
    """A length of time such as `10m`. Raises `ValueError`."""
    found = _SPAN.fullmatch(text.strip())
    length = timedelta(seconds=float(found[1]) * _SECONDS[found[2].lower()]) if found else timedelta()
    if length <= timedelta():
        raise ValueError(f"not a time span: {text[:40]}")
    return length


def written(moment: datetime) -> str:
    """UTC with PI's seven decimals, of which it leaves out the zeros at the end."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    parts = f".{moment.microsecond:06}".rstrip("0").rstrip(".")
    return f"{text}{parts}Z"
