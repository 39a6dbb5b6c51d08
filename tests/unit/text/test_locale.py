"""Numbers and times as Indonesian readers write them."""

import datetime as dt
import math
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from wa_integrasi.text.locale import FormatError, Locale

ID = Locale()
EN = Locale("en")
MOMENT = dt.datetime(2026, 11, 20, 17, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "decimals", "indonesian", "english"),
    [
        (1234567.891, None, "1.234.567,891", "1,234,567.891"),
        (1234567, None, "1.234.567", "1,234,567"),
        (0.1 + 0.2, None, "0,3", "0.3"),
        (2.5, 0, "3", "3"),
        (Decimal("2.345"), 2, "2,35", "2.35"),
        (12, 2, "12,00", "12.00"),
        (-1234.5, None, "-1.234,5", "-1,234.5"),
        (-0.001, 2, "0,00", "0.00"),
        (math.inf, None, "∞", "∞"),
        (math.nan, None, "–", "–"),
        (None, None, "–", "–"),
    ],
)
def test_numbers(value: float | Decimal | None, decimals: int | None, indonesian: str, english: str) -> None:
    assert ID.number(value, decimals) == indonesian
    assert EN.number(value, decimals) == english


@pytest.mark.parametrize(
    ("value", "indonesian", "english"),
    [
        (999, "999", "999"),
        (1_000, "1 rb", "1K"),
        (999_950, "1 jt", "1M"),
        (1_234_567, "1,2 jt", "1.2M"),
        (-1_234_567, "-1,2 jt", "-1.2M"),
        (2.5e12, "2,5 T", "2.5T"),
        (0, "0", "0"),
        (None, "–", "–"),
    ],
)
def test_compact_numbers(value: float | None, indonesian: str, english: str) -> None:
    assert ID.compact(value) == indonesian
    assert EN.compact(value) == english


def test_money_and_percent() -> None:
    assert ID.rupiah(1_234_567) == "Rp1.234.567"
    assert ID.rupiah(Decimal("1234567.50")) == "Rp1.234.567,50"
    assert ID.rupiah(-1_000_000) == "-Rp1.000.000"
    assert ID.rupiah(5, 2) == "Rp5,00"
    assert ID.rupiah(0.999) == "Rp1"
    assert EN.rupiah(1234.5) == "Rp1,234.50"
    assert ID.percent(0.1234) == "12,3%"
    assert ID.percent(1) == "100%"
    assert ID.percent(0.12345, 2) == "12,35%"
    assert EN.percent(0.5, 0) == "50%"


def test_a_missing_value_is_shown_as_asked() -> None:
    assert ID.number(None, empty="belum ada") == "belum ada"
    assert ID.date(None) == ID.time(None) == ID.datetime(None) == ID.ago(None) == ID.rupiah(None) == "–"


@pytest.mark.parametrize("value", ["12", True, [1], 10**40, Decimal("1E+999999")])
def test_what_is_no_number_says_so(value: object) -> None:
    for show in (ID.number, ID.compact, ID.rupiah, ID.percent):
        with pytest.raises(FormatError):
            show(value)  # type: ignore[operator]


def test_dates_and_times() -> None:
    assert ID.datetime(MOMENT) == "Sabtu, 21 November 2026 00.05 WIB"
    assert ID.datetime(MOMENT, "short", zone=False) == "21/11/26 00.05"
    assert ID.date(MOMENT) == "21 November 2026"
    assert ID.date(dt.date(2026, 8, 17), "full") == "Senin, 17 Agustus 2026"
    assert ID.date(dt.date(2026, 8, 17), "MMMM yyyy") == "Agustus 2026"
    assert ID.time(MOMENT) == "00.05 WIB"
    assert EN.datetime(MOMENT) == "Saturday, November 21, 2026 12:05 AM WIB"


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Jakarta", "00.05 WIB"),
        ("Asia/Pontianak", "00.05 WIB"),
        ("Asia/Makassar", "01.05 WITA"),
        ("Asia/Jayapura", "02.05 WIT"),
        ("Asia/Dubai", "21.05 UTC+04"),
        ("UTC", "17.05 UTC"),
    ],
)
def test_times_say_their_zone(zone: str, shown: str) -> None:
    assert Locale("id_ID", zone).time(MOMENT) == shown


def test_a_time_without_a_zone_is_refused() -> None:
    naive = MOMENT.replace(tzinfo=None)
    for show in (ID.date, ID.time, ID.datetime, ID.ago, ID.greeting, ID.text):
        with pytest.raises(FormatError, match="without a zone"):
            show(naive)


@pytest.mark.parametrize("pattern", ["HH:mm", "y" * 100])
def test_a_pattern_that_does_not_fit_a_date_says_so(pattern: str) -> None:
    with pytest.raises(FormatError, match="pattern"):
        ID.date(dt.date(2026, 8, 17), pattern)


@pytest.mark.parametrize(
    ("ago", "indonesian", "english"),
    [
        (dt.timedelta(seconds=2), "baru saja", "just now"),
        (dt.timedelta(minutes=8), "8 menit yang lalu", "8 minutes ago"),
        (dt.timedelta(hours=23), "23 jam yang lalu", "23 hours ago"),
        (dt.timedelta(days=-3), "dalam 3 hari", "in 3 days"),
    ],
)
def test_how_long_ago(ago: dt.timedelta, indonesian: str, english: str) -> None:
    assert ID.ago(MOMENT - ago, MOMENT) == indonesian
    assert EN.ago(MOMENT - ago, MOMENT) == english


def test_how_long_ago_by_the_clock() -> None:
    assert ID.ago(dt.datetime.now(dt.UTC) - dt.timedelta(minutes=8, seconds=5)) == "8 menit yang lalu"


@pytest.mark.parametrize(
    ("hour", "indonesian", "english"),
    [
        (3, "Selamat malam", "Good evening"),
        (4, "Selamat pagi", "Good morning"),
        (10, "Selamat pagi", "Good morning"),
        (11, "Selamat siang", "Good morning"),
        (15, "Selamat sore", "Good afternoon"),
        (18, "Selamat malam", "Good evening"),
    ],
)
def test_greetings(hour: int, indonesian: str, english: str) -> None:
    moment = dt.datetime(2026, 11, 21, hour, tzinfo=ZoneInfo("Asia/Jakarta"))
    assert ID.greeting(moment.astimezone(dt.UTC)) == indonesian
    assert EN.greeting(moment) == english


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("teks", "teks"),
        (2026, "2026"),
        (1.234, "1,234"),
        (1234567.5, "1234567,5"),
        (100.0, "100"),
        (Decimal(120), "120"),
        (True, "ya"),
        (None, "–"),
        (math.nan, "–"),
        (dt.date(2026, 8, 17), "17 Agustus 2026"),
        (dt.time(7, 30), "07.30"),
        (dt.timedelta(hours=3), "3 jam"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_any_value_as_text(value: object, shown: str) -> None:
    assert ID.text(value) == shown


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"a", object(), len])
def test_what_is_no_single_value_is_refused(value: object) -> None:
    with pytest.raises(FormatError):
        ID.text(value)


@pytest.mark.parametrize(("name", "zone"), [("fr", "UTC"), ("", "UTC"), ("id", "WIB"), ("id", ""), ("id", "../etc")])
def test_an_unknown_locale_or_zone_is_refused(name: str, zone: str) -> None:
    with pytest.raises(FormatError):
        Locale(name, zone)
