"""A year of schedules: every slot exactly once, whatever happens to the runs; what fell out is told of, once."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.chaos.year import Calm, Year
from wa_integrasi.store.engine import Store

MIDNIGHT = datetime(2027, 12, 31, 17, tzinfo=UTC)
"""2028, a leap year, begins in Jakarta."""


@pytest.fixture
def sqlite_store(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(migrated_file, tmp_path / "wa.db")
    with Store.open(f"sqlite+pysqlite:///{tmp_path}/wa.db") as store:
        yield store


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+07:00")


def test_a_year_of_slots_goes_out_exactly_once_and_what_was_missed_is_told_of_once(sqlite_store: Store) -> None:
    down = [(at("2028-02-29T22:00"), at("2028-03-01T09:00")), (at("2028-08-06T12:00"), at("2028-08-09T06:59"))]
    late = [(at("2028-05-31T06:00"), at("2028-06-02T03:00"))]
    year = Year(sqlite_store, "Asia/Jakarta", MIDNIGHT, only=("harian", "mingguan", "bulanan"), to=("siti",))
    year.go(MIDNIGHT + timedelta(days=366), Calm(down, late, random.Random(7)), timedelta(days=14))
    year.check()
    days = [(MIDNIGHT + timedelta(days=ahead)).date().isoformat() for ahead in range(366)]
    assert year.slots("harian") == days
    assert "2028-02-29" in days
    assert year.slots("bulanan") == ["2027-12", *(f"2028-{month:02}" for month in range(1, 12))]
    assert year.slots("mingguan")[0::51] == ["2027-W52", "2028-W51"]
    missed = Counter(year.told)
    # The downtime over the morning of 1 March took the leap day's report and February's, that in August two mornings'
    # and a week's; what was late on 1 June speaks of its own day all the same.
    in_downtime = {("harian", "2028-02-29"), ("bulanan", "2028-02"), ("mingguan", "2028-W31")}
    in_downtime |= {("harian", "2028-08-06"), ("harian", "2028-08-07")}
    assert in_downtime <= set(missed)
    assert ("harian", "2028-05-30") not in missed
    assert ("bulanan", "2028-05") not in missed


@pytest.mark.parametrize(
    ("zone", "begin"),
    [
        ("Europe/Berlin", "2028-03-24"),
        ("Europe/Berlin", "2028-10-27"),
        ("America/St_Johns", "2028-03-10"),
        ("America/St_Johns", "2028-11-03"),
    ],
)
def test_clocks_that_are_put_forward_and_back_cost_no_slot(sqlite_store: Store, zone: str, begin: str) -> None:
    start = datetime.fromisoformat(f"{begin}T00:00+00:00")
    year = Year(sqlite_store, zone, start, only=("harian",), to=("siti",))
    year.go(start + timedelta(days=5), Calm(), timedelta(days=3))
    assert year.told == []
    assert list(year.expected.values()) == [1] * 5


def test_a_clock_that_is_set_back_sends_nothing_twice(sqlite_store: Store) -> None:
    year = Year(sqlite_store, "Asia/Jakarta", MIDNIGHT, only=("harian",), to=("siti",))
    year.go(MIDNIGHT + timedelta(days=3), Calm(), timedelta(days=1))
    year.start = MIDNIGHT + timedelta(days=2)
    year.go(MIDNIGHT + timedelta(days=5), Calm(), timedelta(days=1))
    assert year.slots("harian") == ["2027-12-31", "2028-01-01", "2028-01-02", "2028-01-03", "2028-01-04"]
    assert set(year.rows().values()) == {1}
    assert year.told == []
