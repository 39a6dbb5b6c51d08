"""Numbers, days and patterns as people type them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wa_integrasi.text.locale import Locale
from wa_integrasi.typed.days import LAST_YEAR, Days, read_backwards, read_days, spelled
from wa_integrasi.typed.numbers import LARGEST, read_number, read_whole
from wa_integrasi.typed.patterns import PatternError, compile_pattern

TODAY = date(2026, 11, 20)
WEEK = Days(date(2026, 11, 1), date(2026, 11, 7))
days = st.dates(date(2001, 1, 1), date(2099, 12, 31))


@given(st.integers(-(10**12), 10**12), st.sampled_from(["id", "en"]))
def test_a_number_that_we_write_is_read_again(thousandths: int, language: str) -> None:
    number = thousandths / 1000
    assert read_number(Locale("id_ID" if language == "id" else "en_GB").number(number), language) == number


@given(st.integers(-LARGEST, LARGEST), st.sampled_from(["id", "en"]))
def test_a_whole_number_is_read_with_and_without_marks(number: int, language: str) -> None:
    assert read_whole(str(number), language) == number
    assert read_whole(Locale("id_ID" if language == "id" else "en_GB").number(number), language) == number


@pytest.mark.parametrize(
    ("text", "indonesian", "english"),
    [
        ("1.234", 1234.0, 1.234),
        ("1,234", 1.234, 1234.0),
        ("1.234,5", 1234.5, 1234.5),
        ("1,234.5", 1234.5, 1234.5),
        ("2.5", 2.5, 2.5),
        ("2,5", 2.5, 2.5),
        ("1.234.567", 1234567.0, 1234567.0),
        ("-0,5", -0.5, -0.5),
        ("1.23.4", None, None),
        ("1,2,3", None, None),
        ("1..2", None, None),
        (",5", None, None),
        ("5,", None, None),
        ("1e5", None, None),
        ("nan", None, None),
        ("inf", None, None),
        ("0x10", None, None),
        ("1_000", None, None),
        ("--1", None, None),
        ("", None, None),
        ("9" * 16, None, None),
        ("9" * 4000, None, None),
    ],
)
def test_the_language_decides_what_a_mark_is(text: str, indonesian: float | None, english: float | None) -> None:
    assert read_number(text, "id") == indonesian
    assert read_number(text, "en") == english


@given(days, days)
def test_a_day_is_read_in_every_form(day: date, today: date) -> None:
    forms = [
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.day}/{day.month}/{day.year}",
        f"{day.day:02}-{day.month:02}-{day.year}",
        f"{day.day}.{day.month}.{day.year % 100:02}",
        Locale("id_ID").date(day).lower(),
        Locale("en_GB").date(day).lower(),
    ]
    assert [read_days(form, today, future=True) for form in forms] == [Days(day, day)] * len(forms)


@given(days, st.integers(0, 800), st.sampled_from(["id", "en"]))
def test_days_are_read_as_they_are_spelled(first: date, more: int, language: str) -> None:
    last = first + timedelta(days=more)
    assume(last.year <= LAST_YEAR)
    assert read_days(spelled(Days(first, last), language), last) == Days(first, last)


@given(days, st.integers(1, 60), st.sampled_from([" - ", "..", " s/d ", " to "]))
def test_a_range_that_runs_backwards_is_none_but_known(first: date, more: int, between: str) -> None:
    last = first + timedelta(days=more)
    typed = f"{last.isoformat()}{between}{first.isoformat()}"
    assert read_days(typed, last) is None
    assert read_backwards(typed, last) == Days(first, last)
    assert read_backwards(f"{first.isoformat()}{between}{last.isoformat()}", last) is None


@given(days, st.integers(1, 60), st.sampled_from([" - ", "-", "..", " s/d ", " sampai ", " to "]))
def test_several_days_are_read_in_every_form(first: date, more: int, between: str) -> None:
    last = first + timedelta(days=more)
    expected = Days(first, last)
    assert read_days(f"{first.isoformat()}{between}{last.isoformat()}", last) == expected
    assert read_days(f"{first.day}/{first.month}/{first.year}{between}{last:%d/%m/%Y}", last) == expected
    assert read_days(f"{first.day}/{first.month}{between}{last:%d/%m/%Y}", last) == expected
    if more < 365:
        assert read_days(f"{first.day}/{first.month}{between}{last:%d/%m}", last) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1-7 nov",
        "1 s/d 7 nov",
        "1 sampai dengan 7 nov",
        "1 nov sampai 7 nov",
        "dari 1 nov sampai 7 nov",
        "dari 1 sampai 7 nov",
        "dari tanggal 1 november 2026 sampai tanggal 7 november 2026",
        "mulai tgl. 1/11 s.d. 7/11",
        "antara 1 nov dan 7 nov",
        "from 1 nov to 7 nov",
        "from 1 to 7 november 2026",
        "from nov 1 until nov 7",
        "from 1 through 7 nov",
        "between 1 and 7 nov",
    ],
)
def test_the_first_week_of_november(text: str) -> None:
    assert read_days(text, TODAY) == WEEK


@given(days, st.sampled_from(["hari ini", "kemarin", "minggu ini", "minggu lalu", "bulan ini", "bulan lalu", "senin"]))
def test_what_is_said_of_today_never_lies_ahead(today: date, text: str) -> None:
    found = read_days(text, today)
    assert found is not None
    assert found.first <= found.last <= today


@given(st.text(alphabet="0123456789-/. novdesjan", max_size=30), days)
def test_whatever_is_typed_for_a_day_is_no_error(text: str, today: date) -> None:
    found = read_days(text, today)
    assert found is None or found.first <= found.last


def test_a_day_without_a_year_is_the_last_that_has_come() -> None:
    assert read_days("20/11", TODAY) == Days(TODAY, TODAY)
    assert read_days("21/11", TODAY) == Days(date(2025, 11, 21), date(2025, 11, 21))
    assert read_days("21/11", TODAY, future=True) == Days(date(2026, 11, 21), date(2026, 11, 21))


def test_a_day_without_a_month_is_the_last_that_has_come_where_it_is_called_a_date() -> None:
    assert read_days("tgl 18", TODAY) == Days(date(2026, 11, 18), date(2026, 11, 18))
    assert read_days("tanggal 25", TODAY) == Days(date(2026, 10, 25), date(2026, 10, 25))
    assert read_days("tgl. 31", TODAY, future=True) is None
    assert read_days("tgl 25", TODAY, future=True) == Days(date(2026, 11, 25), date(2026, 11, 25))
    assert read_days("tgl 1-7", TODAY) == read_days("dari tanggal 1 sampai tanggal 7", TODAY) == WEEK
    assert read_backwards("tgl 7-1", TODAY) == WEEK
    assert read_days("18", TODAY) is None


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("hr ini", "hari ini"),
        ("kmrn", "kemarin"),
        ("mgg lalu", "minggu lalu"),
        ("bln lalu", "bulan lalu"),
        ("7 hr terakhir", "7 hari terakhir"),
        ("saat ini", "hari ini"),
        ("on 18 nov", "18 nov"),
        ("of last week", "last week"),
        ("in october", "october"),
        ("untuk kemarin", "kemarin"),
        ("pada tgl 18", "18 nov"),
    ],
)
def test_days_as_they_are_typed_in_a_hurry(short: str, full: str) -> None:
    assert read_days(short, TODAY) == read_days(full, TODAY) is not None


def test_a_range_over_new_year_ends_in_the_next() -> None:
    assert read_days("28 des - 3 jan", date(2026, 1, 10)) == Days(date(2025, 12, 28), date(2026, 1, 3))
    assert read_days("28 des - 3 jan 2026", TODAY) == Days(date(2025, 12, 28), date(2026, 1, 3))


@pytest.mark.parametrize(
    "text",
    [
        "31 nov",
        "29/2/2025",
        "0/1",
        "1/13",
        "1999-12-31",
        "2101-01-01",
        "nov nov",
        "1-",
        "-",
        "",
        "1 nov dan 7 nov",
        "dari 1 nov",
        "dari",
    ],
)
def test_what_is_no_day(text: str) -> None:
    assert read_days(text, TODAY) is None


def test_the_bounds_of_days_are_midnights_of_the_zone() -> None:
    week = Days(date(2026, 11, 9), date(2026, 11, 15))
    assert week.bounds("Asia/Jakarta") == ("2026-11-08T17:00:00+00:00", "2026-11-15T17:00:00+00:00")
    assert week.count == 7


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("[A-Z]{2}-[0-9]{4}", ["TI-2001", "ti-2001"], ["TI-20011", "xTI-2001", "TI-2001\n", ""]),
        ("a|b", ["a", "B"], ["ab", "ca"]),
        ("(a+)+", ["aaa"], ["a" * 4000 + "!"]),
    ],
)
def test_a_pattern_is_about_the_whole_text(pattern: str, good: list[str], bad: list[str]) -> None:
    fits = compile_pattern(pattern)
    assert all(map(fits, good))
    assert not any(map(fits, bad))


@pytest.mark.parametrize("pattern", ["(", "a)(b", "(?=x)y", r"(a)\1", "[z-a]", "a{1000}{1000}{1000}"])
def test_a_pattern_that_cannot_be_used_says_so(pattern: str) -> None:
    with pytest.raises(PatternError, match="must be one without look-around"):
        compile_pattern(pattern)
