"""The hours in which somebody may be sent a report, in every zone and across midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_integrasi.policy.hours import HoursError, NotYet, SendHours, Stale, may_go

JAKARTA, JAYAPURA, BERLIN = "Asia/Jakarta", "Asia/Jayapura", "Europe/Berlin"
NEW_YORK = "America/New_York"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def hours(send: str = "", quiet: str = "", zone: str = JAKARTA) -> SendHours:
    found = SendHours.of(send, quiet, zone)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("send", "quiet", "kept"),
    [
        ("07:00-21:00", "", "07:00-21:00 Asia/Jakarta"),
        ("", "21:00-05:30", "05:30-21:00 Asia/Jakarta"),
        ("22:00-06:00", "", "00:00-06:00,22:00-24:00 Asia/Jakarta"),
        ("06:00-21:00", "11:45-13:00", "06:00-11:45,13:00-21:00 Asia/Jakarta"),
        ("13:00-17:00, 08:00-12:00, 11:00-13:00", "", "08:00-17:00 Asia/Jakarta"),
        ("00:00-24:00", "", None),
        ("", "", None),
    ],
)
def test_send_hours_and_quiet_hours_come_to_one_thing(send: str, quiet: str, kept: str | None) -> None:
    found = SendHours.of(send, quiet, "WIB")
    assert (str(found) if found else None) == kept
    assert kept is None or SendHours.read(kept) == found


@pytest.mark.parametrize("wrong", ["7-8", "07:00", "07:00-07:00", "24:00-07:00", "07:60-08:00", "07:00-24:30", "x"])
def test_hours_that_are_none_are_refused(wrong: str) -> None:
    with pytest.raises(HoursError, match="must be hours such as 07:00-21:00"):
        SendHours.of(wrong, "", JAKARTA)


def test_quiet_hours_must_leave_something_of_the_day() -> None:
    with pytest.raises(HoursError, match="must leave some of it"):
        SendHours.of("07:00-09:00", "06:00-10:00", JAKARTA)


@pytest.mark.parametrize(
    ("zone", "now", "opens"),
    [
        (JAKARTA, "2026-11-20T06:59+07:00", "2026-11-20T07:00+07:00"),
        (JAKARTA, "2026-11-20T07:00+07:00", "2026-11-20T07:00+07:00"),
        (JAKARTA, "2026-11-20T21:00+07:00", "2026-11-21T07:00+07:00"),
        (JAYAPURA, "2026-11-20T20:00+07:00", "2026-11-21T05:00+07:00"),
        (BERLIN, "2026-03-29T00:00+01:00", "2026-03-29T07:00+02:00"),
    ],
)
def test_what_waits_goes_when_the_hours_of_its_reader_begin(zone: str, now: str, opens: str) -> None:
    assert hours("07:00-21:00", zone=zone).opens(at(now)) == at(opens)


def test_hours_that_begin_where_clocks_are_put_forward_begin_behind_that() -> None:
    assert hours("02:30-05:00", zone=BERLIN).opens(at("2026-03-29T00:00+01:00")) == at("2026-03-29T03:00+02:00")
    assert hours("02:10-02:20", zone=BERLIN).opens(at("2026-03-29T00:00+01:00")) == at("2026-03-30T02:10+02:00")


@pytest.mark.parametrize("window", ["01:30-05:00", "22:00-01:30", "01:10-01:20", "07:00-21:00"])
def test_hours_in_the_hour_that_clocks_show_twice_begin_each_time(window: str) -> None:
    spans, midnight = hours(window, zone=NEW_YORK), at("2026-11-01T00:00-04:00")
    minutes = [midnight + timedelta(minutes=minute) for minute in range(36 * 60)]
    opens = None
    for now in reversed(minutes):
        opens = now if spans.open_at(now) else opens
        assert opens is None or spans.opens(now) == opens


def test_what_waits_in_the_second_of_the_two_hours_goes_in_it() -> None:
    assert hours("01:30-05:00", zone=NEW_YORK).opens(at("2026-11-01T01:10-05:00")) == at("2026-11-01T01:30-05:00")
    assert hours("22:00-01:30", zone=NEW_YORK).opens(at("2026-11-01T01:40-04:00")) == at("2026-11-01T01:00-05:00")


@given(
    begin=st.integers(0, 1439),
    length=st.integers(1, 1439),
    zone=st.sampled_from([JAKARTA, JAYAPURA, BERLIN, "America/St_Johns"]),
    minutes=st.integers(0, 366 * 24 * 60),
)
def test_the_moment_they_open_lies_in_them_and_no_earlier_one_does(
    begin: int, length: int, zone: str, minutes: int
) -> None:
    end = (begin + length) % 1440
    window = hours(f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}", zone=zone)
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    opens = window.opens(now)
    assert opens >= now
    assert window.open_at(opens)
    assert opens == now or not any(window.open_at(now + (opens - now) * part / 7) for part in range(7))


NOW = at("2026-11-20T22:00+07:00")
NIGHT = "07:00-21:00 Asia/Jakarta"


def test_nothing_waits_without_a_reason() -> None:
    assert may_go(NOW, None, None, None) is None
    assert may_go(NOW, NOW, NOW + timedelta(hours=1), "07:00-23:00 Asia/Jakarta") is None


def test_what_waits_says_until_when_and_why() -> None:
    morning = at("2026-11-21T07:00+07:00")
    assert may_go(NOW, None, None, NIGHT) == NotYet(morning, "quiet_hours", f"waits for its reader's hours, {NIGHT}")
    monday = at("2026-11-23T06:00+07:00")
    assert may_go(NOW, monday, None, None) == NotYet(monday, "not_before", "waits for the day on which it is to go")
    both = may_go(NOW, monday, None, NIGHT)
    assert isinstance(both, NotYet)
    assert both.until == monday + timedelta(hours=1)


def test_what_is_stale_before_it_could_go_ends_at_once() -> None:
    late = may_go(NOW, None, NOW + timedelta(hours=9), NIGHT)
    assert late == Stale("it was to go before 2026-11-21 00:00 UTC, and its reader's hours begin later")
    assert may_go(NOW, None, NOW, None) == Stale("it was to go before 2026-11-20 15:00 UTC")
    assert isinstance(may_go(NOW, None, NOW + timedelta(hours=9, minutes=1), NIGHT), NotYet)


@pytest.mark.parametrize("wrong", ["", "07:00-21:00", "always Asia/Jakarta", "00:00-24:00 Asia/Jakarta"])
def test_what_another_program_wrote_there_is_read_or_refused(wrong: str) -> None:
    if wrong:
        with pytest.raises(HoursError):
            may_go(NOW, None, None, wrong)
    else:
        assert may_go(NOW, None, None, wrong) is None
