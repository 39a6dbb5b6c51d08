"""Days as people type them, in both languages: `19/11`, `19 nov 2026`, `kemarin`, `last week`, `dari 1 sampai 7 nov`.

The day comes before the month. A week begins on Monday.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_TOKENS = 10
"""The longest way to say one: `dari tanggal 28 okt 2026 sampai tanggal 3 nov 2026`."""

_LONGEST = 70


@dataclass(frozen=True, slots=True)
class Days:
    """A day or several in a row; `last` is one of them."""

    first: date
    last: date

    @property
    def one(self) -> bool:
        """Whether it is a single day."""
        return self.first == self.last

    @property
    def count(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def bounds(self, zone: str) -> tuple[str, str]:
        """When it begins (within) and ends (without), as UTC text like `2026-11-18T17:00:00+00:00`."""
        begins, ends = (
            datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC).isoformat()
            for day in (self.first, self.last + timedelta(days=1))
        )
        return begins, ends


def read_days(text: str, today: date, *, future: bool = False) -> Days | None:
    """The days that a text names, or None. `text` is as it compares (`Token.bare`), with single spaces.

    A day without a year is the last one that has come, or with `future` the one of this year. Without `future`, what is
    still to come of several days is left out; one that lies wholly ahead stays, for the caller to refuse.
    """
    if len(text) > _LONGEST:
        return None
    text = _written_out(text, today, future=future)
    found = _relative(text, today) or _range(text, today, future=future) or _single(text, today, future=future)
    if found is None or not FIRST_YEAR <= found.first.year <= found.last.year <= LAST_YEAR:
        return None
    if not future and found.first <= today < found.last:
        return Days(found.first, today)
    return found


def read_backwards(text: str, today: date, *, future: bool = False) -> Days | None:
    """The days of a range that is typed with its last day first, the right way round; None where a text is none."""
    if len(text) > _LONGEST:
        return None
    found = _ends(_written_out(text, today, future=future), today, future=future)
    turned = (ends for ends in found if ends[0] > ends[1])
    return next(
        (Days(last, first) for first, last in turned if FIRST_YEAR <= last.year <= first.year <= LAST_YEAR), None
    )


def spelled(days: Days, language: str) -> str:
    """Days as people type them, short and with the year: `1-7 nov 2026`, `28 okt - 3 nov 2026`."""
    first, last = days.first, days.last
    end = f"{last.day} {_SHORT[language][last.month - 1]} {last.year}"
    if days.one:
        return end
    begin = f"{first.day} {_SHORT[language][first.month - 1]}"
    if first.year != last.year:
        return f"{begin} {first.year} - {end}"
    return f"{begin} - {end}" if first.month != last.month else f"{first.day}-{end}"


def _written_out(text: str, today: date, *, future: bool) -> str:
    """A text without `tanggal`, its short words in full; `tgl 18` with the month in which that day came last."""
    text = _SHORTENED.sub(lambda short: _IN_FULL[short[0]], _BEFORE.sub("", text))
    days = _DATED.sub("", text)
    if days == text or not (bare := _BARE.fullmatch(days)):
        return days
    month = today if future or int(bare[1]) <= today.day else _month_before(today).first
    return f"{days} {_SHORT['en'][month.month - 1]} {month.year}"


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month(year: int, month: int) -> Days:
    return Days(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))


def _month_before(day: date) -> Days:
    last = day.replace(day=1) - timedelta(days=1)
    return Days(last.replace(day=1), last)


def _away(days: int) -> Callable[[date], Days]:
    return lambda today: Days(today + timedelta(days=days), today + timedelta(days=days))


def _week(weeks: int) -> Callable[[date], Days]:
    def week(today: date) -> Days:
        monday = _monday(today) + timedelta(weeks=weeks)
        return Days(monday, monday + timedelta(days=6))

    return week


_NAMED: Mapping[str, Callable[[date], Days]] = {
    **dict.fromkeys(("hari ini", "today", "sekarang", "saat ini", "now"), _away(0)),
    **dict.fromkeys(("kemarin", "kemaren", "yesterday"), _away(-1)),
    **dict.fromkeys(("kemarin lusa", "kemarin dulu", "day before yesterday"), _away(-2)),
    **dict.fromkeys(("besok", "tomorrow"), _away(1)),
    **dict.fromkeys(("lusa", "day after tomorrow"), _away(2)),
    **dict.fromkeys(("minggu ini", "pekan ini", "this week"), _week(0)),
    **dict.fromkeys(("minggu lalu", "minggu kemarin", "pekan lalu", "last week"), _week(-1)),
    **dict.fromkeys(("bulan ini", "this month"), lambda today: _month(today.year, today.month)),
    **dict.fromkeys(("bulan lalu", "bulan kemarin", "last month"), _month_before),
    **dict.fromkeys(("tahun ini", "this year"), lambda today: Days(date(today.year, 1, 1), date(today.year, 12, 31))),
    **dict.fromkeys(
        ("tahun lalu", "last year"), lambda today: Days(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))
    ),
}
_WEEKDAYS: Mapping[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "senin monday",
            "selasa tuesday",
            "rabu wednesday",
            "kamis thursday",
            "jumat friday",
            "sabtu saturday",
            "minggu sunday",
        )
    )
    for name in names.split()
}
_MONTHS: Mapping[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan",
            "februari february feb",
            "maret march mar",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "agustus august agu ags agt aug",
            "september sept sep",
            "oktober october okt oct",
            "november nopember nov nop",
            "desember december des dec",
        ),
        1,
    )
    for name in names.split()
}
_SHORT = {
    "id": ["jan", "feb", "mar", "apr", "mei", "jun", "jul", "agu", "sep", "okt", "nov", "des"],
    "en": ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
}
MONTHS = _MONTHS
"""The number of each month by its names, in small letters."""

NAMES = frozenset({*_NAMED, *_WEEKDAYS, *_MONTHS})
"""Words that name days, without those that count them."""

_LAST_DAYS = re.compile(r"([0-9]{1,3}) hari terakhir|last ([0-9]{1,3}) days")
_DAYS_AGO = re.compile(r"([0-9]{1,3}) (?:hari (?:yang )?lalu|days? ago)")
_WEEKDAY = re.compile(r"(?:hari |last )?([a-z]+)(?: lalu)?")
_ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_NUMERIC = re.compile(r"([0-9]{1,2})(?:[/.]([0-9]{1,2})|-([0-9]{1,2})(?=-))(?:[-/.]([0-9]{4}|[0-9]{2}))?")
_DAY_MONTH = re.compile(r"([0-9]{1,2})[ -]?([a-z]+)(?:[ -]([0-9]{4}|[0-9]{2}))?")
_MONTH_DAY = re.compile(r"([a-z]+) ([0-9]{1,2})(?:,? ([0-9]{4}))?")
_WHOLE_MONTH = re.compile(r"(?:bulan )?([a-z]+)(?: ([0-9]{4}))?")
_FROM = re.compile(r"(?:dari|mulai|from)\s+")
_AMONG = re.compile(r"(?:antara|between)\s+(.+?)\s+(?:dan|and)\s+(.+)")
_IN_FULL = {"hr": "hari", "mgg": "minggu", "bln": "bulan", "thn": "tahun", "kmrn": "kemarin", "skrg": "sekarang"}
_SHORTENED = re.compile(rf"\b(?:{'|'.join(_IN_FULL)})\b")
_BEFORE = re.compile(r"^(?:pada|untuk|on|of|for|in)\s+(?=\S)")
_DATED = re.compile(r"(?:tanggal|tgl\.?)\s+(?=[0-9])")
_BARE = re.compile(r"(?:dari |mulai |from )?([0-9]{1,2})(?:\s*(?:-|s/d|sd|sampai|hingga)\s*[0-9]{1,2})?")
_BETWEEN = re.compile(
    r"\s*(?:\.\.\.?|-|\bs/d\b|\bs\.d\.?(?=\s)|\bsd\b|\bsampai(?:\s+dengan)?\b|\bhingga\b|\bto\b|\buntil\b|\bthrough\b)\s*"
)


def _relative(text: str, today: date) -> Days | None:
    if named := _NAMED.get(text):
        return named(today)
    if last := _LAST_DAYS.fullmatch(text):
        count = int(last[1] or last[2])
        return Days(today - timedelta(days=count - 1), today) if count else None
    if ago := _DAYS_AGO.fullmatch(text):
        return _away(-int(ago[1]))(today)
    weekday = _WEEKDAY.fullmatch(text)
    if weekday and weekday[1] in _WEEKDAYS:
        before = "lalu" in text or "last" in text
        back = (today.weekday() - _WEEKDAYS[weekday[1]]) % 7 or (7 if before else 0)
        return _away(-back)(today)
    return None


@dataclass(frozen=True, slots=True)
class _Day:
    day: int
    month: int
    year: int | None

    def on(self, year: int) -> date | None:
        """Its date in a year; none for 31 November."""
        try:
            return date(self.year or year, self.month, self.day)
        except ValueError:
            return None


def _day(text: str) -> _Day | None:
    if iso := _ISO.fullmatch(text):
        return _Day(int(iso[3]), int(iso[2]), int(iso[1]))
    if numeric := _NUMERIC.fullmatch(text):
        return _Day(int(numeric[1]), int(numeric[2] or numeric[3]), _year(numeric[4]))
    if named := _DAY_MONTH.fullmatch(text):
        month = _MONTHS.get(named[2])
        return _Day(int(named[1]), month, _year(named[3])) if month else None
    if (named := _MONTH_DAY.fullmatch(text)) and (month := _MONTHS.get(named[1])):
        return _Day(int(named[2]), month, _year(named[3]))
    return None


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text) + (2000 if len(text) == 2 else 0)


def _single(text: str, today: date, *, future: bool) -> Days | None:
    if day := _day(text):
        found = _come(day, today, future=future)
        return Days(found, found) if found else None
    whole = _WHOLE_MONTH.fullmatch(text)
    if whole and (month := _MONTHS.get(whole[1])):
        return _month(int(whole[2]) if whole[2] else _come_year(1, month, today, future=future), month)
    return None


def _come(day: _Day, today: date, *, future: bool) -> date | None:
    return day.on(_come_year(day.day, day.month, today, future=future))


def _come_year(day: int, month: int, today: date, *, future: bool) -> int:
    return today.year if future or (month, day) <= (today.month, today.day) else today.year - 1


def _range(text: str, today: date, *, future: bool) -> Days | None:
    ordered = (ends for ends in _ends(text, today, future=future) if ends[0] <= ends[1])
    return next((Days(*ends) for ends in ordered), None)


def _ends(text: str, today: date, *, future: bool) -> Iterator[tuple[date, date]]:
    """The first and the last day of each range that a text may be, in the order in which they are typed."""
    for first, last in _halves(text):
        end = _day(last)
        begin = _Day(int(first), end.month, end.year) if end and _is_day(first) else _day(first)
        if not begin or not end:
            continue
        known = begin.year or end.year
        year = known or _come_year(begin.day, begin.month, today, future=future)
        over_new_year = begin.year is None and begin.month > end.month
        starts = begin.on(year - 1 if over_new_year and known else year)
        ends = end.on(year + 1 if over_new_year and not known else year)
        if starts and ends:
            yield starts, ends


def _halves(text: str) -> Iterator[tuple[str, str]]:
    if among := _AMONG.fullmatch(text):
        yield among[1], among[2]
    if begins := _FROM.match(text):
        text = text[begins.end() :]
    for between in _BETWEEN.finditer(text):
        if between.start() and between.end() < len(text):
            yield text[: between.start()], text[between.end() :]


def _is_day(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) <= 2
