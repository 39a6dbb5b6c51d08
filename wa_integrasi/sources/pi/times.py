"""Times as PI Web API takes them and gives them.

`t` and `y` mean midnight where the *server* stands, and a time without a zone is read by the server's clock: both are
made into UTC here, so that nothing depends on how a server is set.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from wa_integrasi.sources.base import SourceError

Moment = datetime | str
"""An aware datetime, ISO with a zone, or PI's own words: `*`, `*-8h`, `t`, `y+6h`."""

_EXPRESSION = re.compile(r"([*ty])((?:[+-][0-9]{1,6}(?:\.[0-9]{1,3})?[smhdw])*)", re.IGNORECASE)
_STEP = re.compile(r"([+-])([0-9.]+)([smhdw])", re.IGNORECASE)
_SPAN = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?[smhdw]")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def sent(moment: Moment, zone: str, now: datetime) -> str:
    """How a moment is written in a request: `*…` as it is, everything else in UTC. Raises `SourceError`."""
    if isinstance(moment, str):
        if found := _EXPRESSION.fullmatch(moment.strip()):
            if found[1] == "*":
                return moment.strip().lower()
            return _written(_midnight(found[1].lower(), found[2], zone, now))
        try:
            moment = datetime.fromisoformat(moment.strip())
        except ValueError:
            raise SourceError(
                "a time must be ISO with a zone, or *, t or y with steps such as -8h", transient=False
            ) from None
    if moment.tzinfo is None:
        raise SourceError("a time must have a zone, such as 2026-11-19T07:00:00+07:00", transient=False)
    try:
        return _written(moment)
    except OverflowError:
        raise SourceError("a time is out of range", transient=False) from None


def moment_of(written: str) -> datetime | None:
    """The moment behind what `sent` gave; None for one that only the server can say."""
    return None if written.startswith("*") else datetime.fromisoformat(written)


def received(written: object) -> datetime | None:
    """A timestamp of an answer in UTC, to the microsecond; None for what is none."""
    if not isinstance(written, str) or len(written) > 40:
        return None
    try:
        moment = datetime.fromisoformat(written)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def span(written: str) -> str:
    """A length of time such as `10m` or `1h`. Raises `SourceError`."""
    if not _SPAN.fullmatch(written) or float(written[:-1]) == 0:
        raise SourceError("an interval must be a number with s, m, h, d or w, such as 10m", transient=False)
    return written


def after(moment: datetime) -> str:
    """The next moment that can be told from this one."""
    return _written(moment + timedelta(microseconds=1))


def _midnight(word: str, steps: str, zone: str, now: datetime) -> datetime:
    day = now.astimezone(ZoneInfo(zone)).date() - timedelta(days=1 if word == "y" else 0)
    moment = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    try:
        for sign, number, unit in _STEP.findall(steps):
            moment += timedelta(seconds=float(number) * _SECONDS[unit.lower()] * (1 if sign == "+" else -1))
    except OverflowError:
        raise SourceError("a time is out of range", transient=False) from None
    return moment


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
