"""Cron expressions: what is taken, what is refused, and when they come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wa_integrasi.schedule import CronError, next_times, prefect_cron, read_cron, times_between

JAKARTA, BERLIN = "Asia/Jakarta", "Europe/Berlin"


def shown(cron: str, zone: str, after: datetime, count: int) -> list[str]:
    return [moment.isoformat() for moment in next_times(cron, zone, after, count)]


@pytest.mark.parametrize(
    ("given", "for_prefect"),
    [
        ("*/2 * * * *", "*/2 * * * *"),
        ("0 */2 * * * *", "*/2 * * * *"),
        ("*/30 * * * * *", "* * * * * */30"),
        ("15 0 7 * * 1-5", "0 7 * * 1,2,3,4,5 15"),
        ("0 7 * * 7", "0 7 * * 0"),
        ("0 7 * * Fri-Sun", "0 7 * * 0,5,6"),
        ("0 7 1 January,jul *", "0 7 1 1,7 *"),
        ("0 7 1-31 * *", "0 7 * * *"),
        ("0-30/10,45 6,18 * * *", "0-30/10,45 6,18 * * *"),
        ("0 7 29 2 *", "0 7 29 2 *"),
    ],
)
def test_five_and_six_fields_become_what_prefect_reads(given: str, for_prefect: str) -> None:
    assert prefect_cron(given) == for_prefect


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "five fields"),
        ("@daily", "five fields"),
        ("0 7 * *", "five fields"),
        ("0 0 7 * * * 2026", "five fields"),
        ("60 7 * * *", "minute: 0 to 59"),
        ("0 24 * * *", "hour: 0 to 23"),
        ("60 0 7 * * *", "second: 0 to 59"),
        ("0 7 0 * *", "day of month: 1 to 31"),
        ("0 7 * 13 *", "month: 1 to 12 or jan to dec"),
        ("0 7 * * senin", "day of week: 0 to 7 or sun to sat"),
        ("*/0 * * * *", "minute: a step of 1 to 59"),
        ("*/90 * * * *", "minute: a step of 1 to 59"),
        ("5/15 * * * *", "minute: *, numbers, ranges"),
        ("22-2 7 * * *", "minute: a range that begins with the smaller number"),
        ("0 7 L * *", "day of month: 1 to 31"),
        ("0 7 ? * 1", "day of month: *, numbers"),
        ("0 7 * * 1#2", "day of week: *, numbers"),
        ("0 7 * * H", "day of week: 0 to 7"),
        ("1,,2 7 * * *", "minute: *, numbers"),
        ("٣ 7 * * *", "minute: 0 to 59"),
        ("0 7 30 2 *", "a day that comes"),
        ("0 7 31 2,4,6 *", "a day that comes"),
        ("0 7 1 * 1", "a day of month or a day of week, not both"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_what_it_must_be(given: str, why: str) -> None:
    with pytest.raises(CronError, match=r"^" + why.replace("*", r"\*")):
        read_cron(given)


def test_times_are_those_of_the_clock_on_the_wall_where_it_is_put_forward_and_back() -> None:
    before = datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert shown("30 2 * * *", BERLIN, before, 2) == ["2026-03-29T01:30:00+01:00", "2026-03-30T02:30:00+02:00"]
    before = datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert shown("30 2 * * *", BERLIN, before, 2) == ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]


def test_a_time_that_is_now_is_not_the_next() -> None:
    seven = datetime(2026, 11, 20, 0, tzinfo=UTC)
    assert shown("0 7 * * *", JAKARTA, seven, 1) == ["2026-11-21T07:00:00+07:00"]
    assert times_between("0 7 * * *", JAKARTA, seven - timedelta(days=1), seven) == [seven]


def test_a_day_that_comes_every_eight_years_is_found() -> None:
    after = datetime(2096, 3, 1, tzinfo=UTC)
    assert shown("0 7 29 2 *", JAKARTA, after, 1) == ["2104-02-29T07:00:00+07:00"]
