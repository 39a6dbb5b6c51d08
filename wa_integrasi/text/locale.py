"""Numbers, money, dates and greetings as a reader in Indonesia (or in English) writes them."""

from __future__ import annotations

import datetime as dt
import numbers
from collections.abc import Mapping, Set
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import Enum
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import Locale as Language
from babel import UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_compact_decimal, format_decimal, format_percent, get_decimal_symbol

Number = float | Decimal
NOTHING = "–"
"""Shown where there is no value."""

_ROUNDING = Context(prec=60, rounding=ROUND_HALF_UP)
_LARGEST = 30
_DECIMALS = 10
_PATTERN = 40
_GREETINGS = {
    "id": ((4, "Selamat pagi"), (11, "Selamat siang"), (15, "Selamat sore"), (18, "Selamat malam")),
    "en": ((4, "Good morning"), (12, "Good afternoon"), (18, "Good evening")),
}


class FormatError(ValueError):
    """A value that cannot be shown the way it was asked for. Its text is fit for logs: it never holds the value."""


def is_missing(value: object) -> bool:
    """Whether `value` is none at all: `None`, or a NaN or NaT that a source gave."""
    return value is None or (isinstance(value, (float, Decimal, dt.date)) and value != value)


def is_number(value: object) -> bool:
    """Whether `value` is a quantity; `True` is none."""
    return isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Locale:
    """A language and a time zone. Every method shows `None` as `empty`, and wants aware datetimes."""

    name: str = "id_ID"
    zone: str = "Asia/Jakarta"

    def __post_init__(self) -> None:
        try:
            language = Language.parse(self.name.replace("-", "_")).language
        except (ValueError, UnknownLocaleError):
            language = ""
        if language not in _GREETINGS:
            raise FormatError(f"no locale {self.name!r}: use id_ID or en")
        try:
            ZoneInfo(self.zone)
        except (OSError, ValueError, LookupError):
            raise FormatError(f"no time zone {self.zone!r}: use a name such as Asia/Jakarta") from None

    @property
    def language(self) -> str:
        """`id` or `en`."""
        return self.name[:2].lower()

    def number(self, value: Number | None, decimals: int | None = None, *, empty: str = NOTHING) -> str:
        """`1.234.567,891`: up to three decimals, or exactly `decimals`; halves are rounded up."""
        return empty if is_missing(value) else self._shown(to_decimal(value), decimals, most=3)

    def compact(self, value: Number | None, decimals: int = 1, *, empty: str = NOTHING) -> str:
        """`1,2 jt`: thousands, millions and so on in short, with up to `decimals` decimals."""
        if is_missing(value):
            return empty
        exact = to_decimal(value)
        if not exact.is_finite():
            return _infinite(exact)
        # Rounded here first: Babel would make 999,950 into "1000 rb".
        power = max(exact.adjusted() // 3 * 3, 0) if exact else 0
        rounded = rounded_to(exact.scaleb(-power), checked_decimals(decimals)).scaleb(power)
        return _plain_spaces(format_compact_decimal(rounded, locale=self.language, fraction_digits=decimals))

    def rupiah(self, value: Number | None, decimals: int | None = None, *, empty: str = NOTHING) -> str:
        """`Rp1.234.567`, with `,50` only where there are sen, or always `decimals` decimals."""
        if is_missing(value):
            return empty
        exact = to_decimal(value)
        if decimals is None and exact.is_finite():
            exact = rounded_to(exact, 2)
            decimals = 0 if exact == exact.to_integral_value() else 2
        shown = self._shown(exact, decimals, most=2)
        return f"-Rp{shown[1:]}" if shown.startswith("-") else f"Rp{shown}"

    def percent(self, ratio: Number | None, decimals: int | None = None, *, empty: str = NOTHING) -> str:
        """`12,3%` for the ratio 0.123: up to one decimal, or exactly `decimals`."""
        if is_missing(ratio):
            return empty
        exact = to_decimal(ratio)
        if not exact.is_finite():
            return f"{_infinite(exact)}%"
        places = 1 if decimals is None else checked_decimals(decimals)
        rounded = rounded_to(exact.scaleb(2), places).scaleb(-2)
        pattern = f"#,##0.{'#' if decimals is None else '0' * places}".rstrip(".") + "%"
        return format_percent(rounded, pattern, locale=self.language, decimal_quantization=False)

    def date(self, value: dt.date | None, width: str = "long", *, empty: str = NOTHING) -> str:
        """`21 November 2026`; `width` is full, long, medium, short or a pattern such as `MMMM yyyy`."""
        if is_missing(value):
            return empty
        if isinstance(value, dt.datetime):
            value = self._local(value)
        if not isinstance(value, dt.date):
            raise FormatError(f"a date is wanted, not {_kind(value)}")
        return self._dated(value, width)

    def time(self, value: dt.datetime | None, *, zone: bool = True, empty: str = NOTHING) -> str:
        """`00.05 WIB`, or without the zone's name."""
        if is_missing(value):
            return empty
        local = self._local(value)
        shown = _plain_spaces(format_time(local.time(), "short", locale=self.language))
        return f"{shown} {_zone_name(local)}" if zone else shown

    def datetime(
        self, value: dt.datetime | None, width: str = "full", *, zone: bool = True, empty: str = NOTHING
    ) -> str:
        """`Sabtu, 21 November 2026 00.05 WIB`; `width` is that of the date."""
        if is_missing(value):
            return empty
        return f"{self._dated(self._local(value), width)} {self.time(value, zone=zone)}"

    def ago(self, value: dt.datetime | None, now: dt.datetime | None = None, *, empty: str = NOTHING) -> str:
        """`8 menit yang lalu`, or `dalam 8 menit` for what is still to come."""
        if is_missing(value):
            return empty
        past = self._local(value) - (self._local(now) if now else dt.datetime.now(dt.UTC))
        if abs(past) < dt.timedelta(seconds=5):
            return "baru saja" if self.language == "id" else "just now"
        return _plain_spaces(format_timedelta(past, threshold=1, add_direction=True, locale=self.language))

    def greeting(self, moment: dt.datetime) -> str:
        """`Selamat pagi`, `siang`, `sore` or `malam`, by the hour in this zone."""
        hour = self._local(moment).hour
        greetings = _GREETINGS[self.language]
        return next((words for begins, words in reversed(greetings) if hour >= begins), greetings[-1][1])

    def text(self, value: object, *, empty: str = NOTHING) -> str:
        """Any single value as a reader expects it, numbers without grouping: they may be years or ids.

        A float keeps its decimal comma: to an Indonesian reader `1.234` is more than a thousand.
        """
        if is_missing(value):
            return empty
        match value:
            case str():
                return value
            case bool():
                words = ("tidak", "ya") if self.language == "id" else ("no", "yes")
                return words[value]
            case numbers.Integral():
                return str(value)
            case dt.date() | dt.time() | dt.timedelta():
                return self._temporal(value)
            case numbers.Real() | Decimal():
                return self._ungrouped(to_decimal(value))
            case Enum() | UUID():
                return str(value)
            case _:
                raise FormatError(f"{_kind(value)} is no single value: take a field of it, loop over it or use a table")

    def _temporal(self, value: dt.date | dt.time | dt.timedelta) -> str:
        match value:
            case dt.datetime():
                return self.datetime(value)
            case dt.date():
                return self.date(value)
            case dt.time():
                return _plain_spaces(format_time(value, "short", locale=self.language))
            case _:
                return _plain_spaces(format_timedelta(value, threshold=1, locale=self.language))

    def _ungrouped(self, value: Decimal) -> str:
        if not value.is_finite():
            return _infinite(value)
        return f"{rounded_to(value, 6):f}".rstrip("0").rstrip(".").replace(".", get_decimal_symbol(self.language))

    def _shown(self, value: Decimal, decimals: int | None, *, most: int) -> str:
        if not value.is_finite():
            return _infinite(value)
        places = most if decimals is None else checked_decimals(decimals)
        pattern = f"#,##0.{('#' if decimals is None else '0') * places}".rstrip(".")
        return format_decimal(rounded_to(value, places), pattern, locale=self.language, decimal_quantization=False)

    def _local(self, value: object) -> dt.datetime:
        if not isinstance(value, dt.datetime):
            raise FormatError(f"a date with a time is wanted, not {_kind(value)}")
        if value.utcoffset() is None:
            raise FormatError("a time without a zone: nobody can tell when it is")
        return value.astimezone(ZoneInfo(self.zone))

    def _dated(self, value: dt.date, width: str) -> str:
        if len(width) > _PATTERN:
            raise FormatError("a date pattern has at most 40 characters")
        try:
            return _plain_spaces(format_date(value, width, locale=self.language))
        except (AttributeError, LookupError, TypeError, ValueError):
            raise FormatError(f"no date pattern {width!r}") from None


def to_decimal(value: object) -> Decimal:
    """`value` as the number that its digits say. Raises `FormatError` for what is no number, or too large to show."""
    match value:
        case bool():
            raise FormatError("a number is wanted, not yes or no")
        case Decimal():
            exact = value
        case numbers.Integral():
            exact = Decimal(int(value))
        case numbers.Real():
            exact = Decimal(repr(float(value)))
        case _:
            raise FormatError(f"a number is wanted, not {_kind(value)}")
    if exact and exact.is_finite() and exact.adjusted() > _LARGEST:
        raise FormatError("the number is too large to show")
    return exact


def rounded_to(value: Decimal, decimals: int) -> Decimal:
    """`value` with `decimals` decimals, halves up, as people round; never a minus zero."""
    rounded = value.quantize(Decimal(1).scaleb(-decimals), context=_ROUNDING)
    return rounded or abs(rounded)


def checked_decimals(decimals: int) -> int:
    """`decimals`, if a number can be shown with as many."""
    if isinstance(decimals, bool) or not isinstance(decimals, int) or not 0 <= decimals <= _DECIMALS:
        raise FormatError(f"decimals go from 0 to {_DECIMALS}")
    return decimals


def _infinite(value: Decimal) -> str:
    return "-∞" if value < 0 else "∞"


def _zone_name(moment: dt.datetime) -> str:
    """`WIB`, `WITA`, `WIT` as the time zone database has them; zones without a name of their own as `UTC+04`."""
    name = moment.tzname() or ""
    return name if name[:1].isalpha() else f"UTC{name}"


def _plain_spaces(text: str) -> str:
    """CLDR's no-break spaces as plain ones: readers search for what they type."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "a row"
    if isinstance(value, (list, tuple, Set)):
        return "a list"
    return f"a value of type {type(value).__name__}"
