"""Cron expressions are read as Prefect reads them, so that what is told of the next runs is so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.schedule import next_times, prefect_cron

ZONES = ["Asia/Jakarta", "Asia/Jayapura", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]
CRONS = [
    "*/20 * * * * *",
    "*/7 * * * *",
    "0 7 * * *",
    "30 1,2 * * *",
    "0 0 1 * *",
    "15 3 * * 0",
    "*/20 */5 * * *",
    "0 7 31 * *",
]


@settings(max_examples=30)
@given(
    cron=st.sampled_from(CRONS),
    zone=st.sampled_from(ZONES),
    hours=st.integers(0, 2 * 366 * 24),
)
def test_prefect_starts_its_runs_at_the_same_times(cron: str, zone: str, hours: int) -> None:
    from prefect.server.schemas.schedules import CronSchedule

    after = datetime(2027, 1, 1, 0, 30, tzinfo=UTC) + timedelta(hours=hours)
    schedule = CronSchedule(cron=prefect_cron(cron), timezone=zone)
    theirs = asyncio.run(schedule.get_dates(8, start=after + timedelta(seconds=1)))
    assert [moment.astimezone(UTC) for moment in next_times(cron, zone, after, 8)] == [
        moment.astimezone(UTC) for moment in theirs
    ]
