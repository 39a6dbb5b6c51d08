"""The data of the demo plant “Pabrik Contoh”: a seeded SQLite database that looks like a real one.

Tables:

- `units(unit, nama, urutan)`: the units in the order of the process.
- `production_hourly(unit, ts, ton, target)`: tons made in the hour that begins at `ts`, and what was planned.
- `downtime(unit, start, minutes, reason)`: stops; none goes on past midnight in Jakarta.
- `plant_build(version, seed, first_day, last_day)`: what the file was built from; one row.

Every moment is UTC text like `2026-11-18T17:00:00+00:00`, so that comparing texts compares moments: a day in Jakarta
is `ts >= :slot_start AND ts < :slot_end`. Each day is drawn from the seed and its date alone: it has the same data
whatever range it is built in.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Jakarta")
VERSION = 1
"""Raised when the same day would get other data or other tables."""

_SCHEMA = """
CREATE TABLE units (unit TEXT PRIMARY KEY, nama TEXT NOT NULL, urutan INTEGER NOT NULL);
CREATE TABLE production_hourly (
    ts TEXT NOT NULL, unit TEXT NOT NULL REFERENCES units, ton REAL NOT NULL, target REAL NOT NULL,
    PRIMARY KEY (ts, unit)
) WITHOUT ROWID;
CREATE TABLE downtime (
    start TEXT NOT NULL, unit TEXT NOT NULL REFERENCES units, minutes INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (start, unit)
) WITHOUT ROWID;
CREATE TABLE plant_build (version INTEGER, seed INTEGER, first_day TEXT, last_day TEXT);
"""
_NIGHT = frozenset({22, 23, 0, 1, 2, 3, 4, 5})
_MAINTENANCE = "Perawatan mingguan"
_BAD_DAY = "Gangguan listrik PLN"
_REASONS = (
    "Belt conveyor selip",
    "Motor panas berlebih",
    "Bearing bunyi tidak normal",
    "Menunggu bahan baku",
    "Sensor level bermasalah",
    "Saluran buntu",
    "Pergantian ayakan",
)


@dataclass(frozen=True, slots=True)
class _Unit:
    name: str
    title: str
    target: float  # tons an hour
    skill: float  # share of the target on a usual hour
    rest_day: int  # weekday of its maintenance, Monday is 0


_UNITS = (
    _Unit("Crusher", "Pemecah Batu", 62.0, 1.03, 0),
    _Unit("Giling 1", "Penggiling 1", 48.0, 1.01, 1),
    _Unit("Giling 2", "Penggiling 2", 48.0, 0.97, 2),
    _Unit("Tungku", "Tungku Putar", 55.0, 1.02, 3),
    _Unit("Kemas 1", "Pengemasan 1", 36.0, 1.04, 4),
    _Unit("Kemas 2", "Pengemasan 2", 36.0, 0.99, 5),
)


@dataclass(frozen=True, slots=True)
class _Stop:
    start: int  # minutes after local midnight
    minutes: int
    reason: str


def build_plant(path: Path, until: date, days: int = 400, seed: int = 7) -> bool:
    """Build the database with `days` days up to and with `until`, or leave one that already has them.

    Returns whether it was built. The file is replaced in one step, so that readers see the old one or the new one.
    """
    first = until - timedelta(days=days - 1)
    if _covers(path, first, until, seed):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        fresh = Path(folder) / path.name
        _write(fresh, first, until, seed)
        fresh.replace(path)
    return True


def _covers(path: Path, first: date, last: date, seed: int) -> bool:
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            row = database.execute("SELECT version, seed, first_day, last_day FROM plant_build").fetchone()
    except sqlite3.DatabaseError:
        return False
    if row is None or row[:2] != (VERSION, seed):
        return False
    return bool(row[2] <= first.isoformat() and last.isoformat() <= row[3])


def _write(path: Path, first: date, last: date, seed: int) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA}")
        rows = [(unit.name, unit.title, place) for place, unit in enumerate(_UNITS, 1)]
        database.executemany("INSERT INTO units VALUES (?, ?, ?)", rows)
        for day in (first + timedelta(days=count) for count in range((last - first).days + 1)):
            _write_day(database, day, seed)
        build = (VERSION, seed, first.isoformat(), last.isoformat())
        database.execute("INSERT INTO plant_build VALUES (?, ?, ?, ?)", build)
        database.commit()


def _write_day(database: sqlite3.Connection, day: date, seed: int) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
    bad = _is_bad(day, seed)
    for unit in _UNITS:
        draw = random.Random(f"{seed}/{day}/{unit.name}")  # noqa: S311
        stops = list(_stops(unit, day, draw, bad=bad))
        hours = [
            ((midnight + timedelta(hours=hour)).isoformat(), unit.name, _tons(unit, hour, stops, draw), unit.target)
            for hour in range(24)
        ]
        database.executemany("INSERT INTO production_hourly VALUES (?, ?, ?, ?)", hours)
        events = [
            ((midnight + timedelta(minutes=stop.start)).isoformat(), unit.name, stop.minutes, stop.reason)
            for stop in stops
        ]
        database.executemany("INSERT INTO downtime VALUES (?, ?, ?, ?)", events)


def _is_bad(day: date, seed: int) -> bool:
    """One day of every month goes badly for the whole plant."""
    return day.day == random.Random(f"{seed}/{day:%Y-%m}").randint(1, 28)  # noqa: S311


def _stops(unit: _Unit, day: date, draw: random.Random, *, bad: bool) -> Iterator[_Stop]:
    """The stops of one day, in order and apart from each other."""
    if bad:
        yield _Stop(6 * 60 + 25, draw.randint(300, 420), _BAD_DAY)
    elif day.weekday() == unit.rest_day:
        yield _Stop(8 * 60, draw.choice((90, 120, 150)), _MAINTENANCE)
    if draw.random() < 0.35:
        yield _Stop(draw.randrange(15 * 60, 22 * 60, 5), draw.randrange(10, 95, 5), draw.choice(_REASONS))


def _tons(unit: _Unit, hour: int, stops: list[_Stop], draw: random.Random) -> float:
    begin, end = hour * 60, hour * 60 + 60
    down = sum(max(0, min(end, stop.start + stop.minutes) - max(begin, stop.start)) for stop in stops)
    pace = unit.skill * (0.95 if hour in _NIGHT else 1.03) * draw.gauss(1.0, 0.04)
    return round(unit.target * pace * (60 - down) / 60, 2)
