"""The period a report speaks of: its name, its moments, and that no moment is missed or told twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.slot import Cadence, Slot

JAKARTA = "Asia/Jakarta"
NEW_YORK = "America/New_York"
ZONES = [JAKARTA, NEW_YORK, "UTC", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia"]


def of(day: str, cadence: Cadence, zone: str = JAKARTA) -> Slot:
    return Slot.containing(date.fromisoformat(day), cadence, zone)


def hours(slot: Slot) -> float:
    return (slot.end.astimezone(UTC) - slot.start.astimezone(UTC)) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("cadence", "day", "key", "first", "following"),
    [
        (Cadence.DAILY, "2026-11-19", "2026-11-19", "2026-11-19", "2026-11-20"),
        (Cadence.DAILY, "2026-12-31", "2026-12-31", "2026-12-31", "2027-01-01"),
        (Cadence.DAILY, "2028-02-29", "2028-02-29", "2028-02-29", "2028-03-01"),
        (Cadence.WEEKLY, "2026-11-16", "2026-W47", "2026-11-16", "2026-11-23"),
        (Cadence.WEEKLY, "2026-11-22", "2026-W47", "2026-11-16", "2026-11-23"),
        (Cadence.WEEKLY, "2027-01-01", "2026-W53", "2026-12-28", "2027-01-04"),
        (Cadence.WEEKLY, "2024-12-31", "2025-W01", "2024-12-30", "2025-01-06"),
        (Cadence.MONTHLY, "2026-10-31", "2026-10", "2026-10-01", "2026-11-01"),
        (Cadence.MONTHLY, "2026-12-25", "2026-12", "2026-12-01", "2027-01-01"),
        (Cadence.MONTHLY, "2027-02-10", "2027-02", "2027-02-01", "2027-03-01"),
        (Cadence.MONTHLY, "2028-02-10", "2028-02", "2028-02-01", "2028-03-01"),
    ],
)
def test_a_day_lies_in_one_slot_with_a_name_of_its_own(
    cadence: Cadence, day: str, key: str, first: str, following: str
) -> None:
    slot = of(day, cadence)
    assert (slot.key, slot.first_day.isoformat(), slot.next_day.isoformat()) == (key, first, following)


def test_a_slot_begins_and_ends_at_midnight_of_the_business_zone() -> None:
    slot = of("2026-11-19", Cadence.DAILY)
    assert slot.start == datetime(2026, 11, 18, 17, tzinfo=UTC)
    assert slot.end == datetime(2026, 11, 19, 17, tzinfo=UTC)


def test_a_query_gets_the_slots_moments_in_utc_as_text_that_compares() -> None:
    assert of("2026-11-19", Cadence.DAILY).binds == {
        "slot_start": "2026-11-18T17:00:00+00:00",
        "slot_end": "2026-11-19T17:00:00+00:00",
        "slot_date": "2026-11-19",
    }


@pytest.mark.parametrize(
    ("day", "cadence", "length"),
    [
        ("2026-11-19", Cadence.DAILY, 24),
        ("2026-03-08", Cadence.DAILY, 23),
        ("2026-11-01", Cadence.DAILY, 25),
        ("2026-03-08", Cadence.WEEKLY, 7 * 24 - 1),
        ("2026-11-01", Cadence.WEEKLY, 7 * 24 + 1),
        ("2026-11-01", Cadence.MONTHLY, 30 * 24 + 1),
    ],
)
def test_a_slot_is_as_long_as_the_days_of_its_zone(day: str, cadence: Cadence, length: int) -> None:
    assert hours(of(day, cadence, NEW_YORK)) == length


@pytest.mark.parametrize(
    ("now", "cadence", "zone", "key"),
    [
        # 00:00 in Jakarta is 17:00 UTC of the day before.
        ("2026-11-19T16:59:59", Cadence.DAILY, JAKARTA, "2026-11-18"),
        ("2026-11-19T17:00:00", Cadence.DAILY, JAKARTA, "2026-11-19"),
        ("2026-11-19T17:00:00", Cadence.DAILY, "UTC", "2026-11-18"),
        ("2026-11-20T00:00:00", Cadence.DAILY, JAKARTA, "2026-11-19"),
        ("2026-11-20T00:00:00", Cadence.DAILY, "UTC", "2026-11-19"),
        ("2026-11-22T16:59:59", Cadence.WEEKLY, JAKARTA, "2026-W46"),
        ("2026-11-22T17:00:00", Cadence.WEEKLY, JAKARTA, "2026-W47"),
        ("2026-11-22T17:00:00", Cadence.WEEKLY, "UTC", "2026-W46"),
        ("2027-01-04T00:00:00", Cadence.WEEKLY, JAKARTA, "2026-W53"),
        ("2026-12-31T16:59:59", Cadence.MONTHLY, JAKARTA, "2026-11"),
        ("2026-12-31T17:00:00", Cadence.MONTHLY, JAKARTA, "2026-12"),
        ("2026-12-31T17:00:00", Cadence.MONTHLY, "UTC", "2026-11"),
        ("2028-03-01T00:00:00", Cadence.MONTHLY, JAKARTA, "2028-02"),
    ],
)
def test_a_scheduled_run_reports_on_the_slot_that_is_over_where_the_business_is(
    now: str, cadence: Cadence, zone: str, key: str
) -> None:
    assert Slot.ended(datetime.fromisoformat(now).replace(tzinfo=UTC), cadence, zone).key == key


def test_a_report_at_seven_is_of_yesterday_whatever_the_clock_of_the_server_says() -> None:
    seven = datetime(2026, 11, 20, 7, tzinfo=ZoneInfo(JAKARTA))
    for zone in (JAKARTA, "UTC", NEW_YORK):
        assert Slot.ended(seven.astimezone(ZoneInfo(zone)), Cadence.DAILY, JAKARTA).key == "2026-11-19"


days = st.dates(date(1990, 1, 1), date(2090, 1, 1))
cadences = st.sampled_from(Cadence)
zones = st.sampled_from(ZONES)
moments = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@settings(deadline=None)
@given(day=days, cadence=cadences, zone=zones)
def test_slots_follow_each_other_without_gap_or_overlap(day: date, cadence: Cadence, zone: str) -> None:
    slots = [Slot.containing(day, cadence, zone)]
    while len(slots) < 60:
        slots.append(Slot.containing(slots[-1].next_day, cadence, zone))
    assert all(earlier.end.astimezone(UTC) == later.start.astimezone(UTC) for earlier, later in pairwise(slots))
    assert len({slot.key for slot in slots}) == len(slots)
    assert [slot.key for slot in slots] == sorted(slot.key for slot in slots)


@settings(deadline=None)
@given(day=days, cadence=cadences, zone=zones)
def test_every_day_of_a_slot_names_that_slot(day: date, cadence: Cadence, zone: str) -> None:
    slot = Slot.containing(day, cadence, zone)
    assert slot.first_day <= day < slot.next_day
    last = slot.next_day - timedelta(days=1)
    assert Slot.containing(slot.first_day, cadence, zone) == slot == Slot.containing(last, cadence, zone)


@settings(deadline=None)
@given(now=moments, cadence=cadences, zone=zones)
def test_the_ended_slot_is_over_and_the_one_after_it_is_not(now: datetime, cadence: Cadence, zone: str) -> None:
    slot = Slot.ended(now, cadence, zone)
    following = Slot.containing(slot.next_day, cadence, zone)
    assert slot.end.astimezone(UTC) <= now < following.end.astimezone(UTC)
