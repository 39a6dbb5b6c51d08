"""When a message may go: the hours of its reader, the day it waits for, and when it is of no use any more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

INDONESIAN = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}

QUIET_HOURS, NOT_BEFORE = "quiet_hours", "not_before"
WAITS_FOR_ITS_TIME = frozenset({QUIET_HOURS, NOT_BEFORE})
"""Why messages wait that go by themselves when their time comes."""

_DAY = 24 * 60
_SPAN = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9]) ?- ?([01][0-9]|2[0-4]):([0-5][0-9])")
_MUST = "must be hours such as 07:00-21:00, or 22:00-06:00 across midnight, with commas between several"

Spans = tuple[tuple[int, int], ...]
"""Minutes of a day, each span from its first to before its last."""


class HoursError(ValueError):
    """Hours that are none. Its message says what was found and what they must be."""


def read_spans(text: str) -> Spans:
    """`07:00-12:00,13:00-21:00` as minutes, in order and joined; a span may go across midnight."""
    found: list[tuple[int, int]] = []
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        begin, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
        if begin in (end, _DAY) or max(begin, end) > _DAY:
            raise HoursError(f"found {part.strip()[:20]!r}, {_MUST}")
        found += [(begin, end)] if begin < end else [(begin, _DAY), (0, end)]
    return _joined(span for span in found if span[0] < span[1])


@lru_cache(maxsize=256)
def zone_of(name: str) -> str:
    """The IANA name of a zone; WIB, WITA and WIT are known. Raises `HoursError`."""
    zone = INDONESIAN.get(name, name)
    if zone not in available_timezones():
        raise HoursError(f"found {name[:40]!r}, must be WIB, WITA, WIT or an IANA zone such as Asia/Makassar")
    return zone


@dataclass(frozen=True, slots=True)
class SendHours:
    """The hours of a day in which somebody may be sent what does not hurry."""

    spans: Spans
    zone: str

    @classmethod
    def of(cls, send: str, quiet: str, zone: str) -> SendHours | None:
        """`send` hours without the `quiet` ones, either of which may be empty; None for the whole day."""
        spans = _without(read_spans(send) if send else ((0, _DAY),), read_spans(quiet) if quiet else ())
        if not spans:
            raise HoursError("found quiet hours that leave nothing of the day, must leave some of it")
        return None if spans == ((0, _DAY),) else cls(spans, zone_of(zone))

    @classmethod
    def read(cls, text: str) -> SendHours:
        """What `str` gave. Raises `HoursError`."""
        return _read(text)

    def __str__(self) -> str:
        return f"{','.join(f'{_clock(begin)}-{_clock(end)}' for begin, end in self.spans)} {self.zone}"

    def open_at(self, moment: datetime) -> bool:
        """Whether `moment` lies in them, as the clock on the wall shows it."""
        local = moment.astimezone(ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        return any(begin <= minute < end for begin, end in self.spans)

    def opens(self, now: datetime) -> datetime:
        """The first moment from `now` on that lies in them, in UTC."""
        if self.open_at(now):
            return now.astimezone(UTC)
        today = now.astimezone(ZoneInfo(self.zone)).date()
        moments = (at for ahead in range(4) for at in self._begins(today + timedelta(days=ahead)))
        return min(at for at in moments if at > now and self.open_at(at))  # clocks may leave out a whole span

    def _begins(self, day: date) -> Iterator[datetime]:
        """When a span may begin on a day: at its hour, each time that clocks show it, and when they are changed."""
        zone = ZoneInfo(self.zone)
        for begin, _ in self.spans:
            local = datetime.combine(day, time(begin // 60, begin % 60), zone)
            yield from (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        if (changed := _changed(day, zone)) is not None:
            yield changed


def _changed(day: date, zone: ZoneInfo) -> datetime | None:
    """The moment of a day at which its clocks are put forward or back; None where they are not."""
    before, after = (datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    offset = before.astimezone(zone).utcoffset()
    if after.astimezone(zone).utcoffset() == offset:
        return None
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return after.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class NotYet:
    """It may go later."""

    until: datetime
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stale:
    """It has come to be of no use, or will have before its reader's hours begin."""

    reason: str


def may_go(
    now: datetime, not_before: datetime | None, expires_at: datetime | None, hours: str | None
) -> NotYet | Stale | None:
    """None when a message may go now, by its own times. Raises `HoursError` for hours that are none."""
    window = SendHours.read(hours) if hours else None
    first = max(now, not_before) if not_before is not None else now
    opens = window.opens(first) if window is not None else first
    if expires_at is not None and opens >= expires_at:
        said = f"it was to go before {expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return Stale(said if opens == now else f"{said}, and its reader's hours begin later")
    if opens <= now:
        return None
    if opens == first:
        return NotYet(opens, NOT_BEFORE, "waits for the day on which it is to go")
    return NotYet(opens, QUIET_HOURS, f"waits for its reader's hours, {window}")


@lru_cache(maxsize=256)
def _read(text: str) -> SendHours:
    hours, _, zone = text.partition(" ")
    found = SendHours.of(hours, "", zone)
    if found is None:
        raise HoursError(f"found {hours[:20]!r}, {_MUST}")
    return found


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _joined(spans: Iterable[tuple[int, int]]) -> Spans:
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return tuple(joined)


def _without(spans: Spans, quiet: Spans) -> Spans:
    left = list(spans)
    for begin, end in quiet:
        left = [
            piece
            for low, high in left
            for piece in ((low, min(high, begin)), (max(low, end), high))
            if piece[0] < piece[1]
        ]
    return tuple(left)
