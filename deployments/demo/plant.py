"""The data of the demo plant “Pabrik Contoh”, a small cement works: a seeded SQLite database that looks real.

Tables:

- `units(unit, nama, hasil, urutan)`: the units in the order of the process, and what each makes.
- `production_hourly(ts, unit, shift, ton, target)`: tons made in the hour that begins at `ts`, and what was planned.
- `downtime(start, unit, minutes, reason, kind)`: stops; none goes on past midnight in Jakarta.
- `energy_shift(start, shift, area, kwh, coal)`: power of each unit and of the utilities, tons of coal of the kiln.
- `lab_limits(measure, sample, unit, low, high, decimals, urutan)`, `lab_results(ts, measure, value)`.
- `customers(customer, city)`, `orders(order_no, day, customer, product, ton, price, due)`: price in rupiah for a ton.
- `shipments(order_no, truck, haulier, assigned, departed, arrived, ton)`: the trucks of each order.
- `alarms(start, tag, unit, level, message, seen, ended)`: `seen` is when somebody acknowledged it, if anybody did.
- `pi_hourly(ts, tag, value, unit, state)`: what the simulated PI server says of the last weeks, hour by hour.
- `plant_build(version, seed, first_day, last_day)`: what the file was built from; one row.

Every moment is UTC text like `2026-11-18T17:00:00+00:00`, so that comparing texts compares moments: a day in Jakarta
is `ts >= :slot_start AND ts < :slot_end`. Moments of the present day and later are there too: a query that may be asked
about them leaves out what is after `:now`. Each day is drawn from the seed and its date alone: it has the same data
whatever range it is built in.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from deployments.demo.alarms import alarms, copied
from deployments.demo.days import ZONE, Day
from deployments.demo.laboratory import MEASURES, samples
from deployments.demo.orders import CUSTOMERS, orders
from deployments.demo.works import KINDS, UNITS, energy, work

__all__ = ["VERSION", "ZONE", "build_plant"]

VERSION = 2
"""Raised when the same day would get other data or other tables."""

AHEAD_DAYS = 7
"""Days beyond the last one asked for, so that a demo that is left running has data in the days after."""

_PI_DAYS = 35

_SCHEMA = """
CREATE TABLE units (unit TEXT PRIMARY KEY, nama TEXT NOT NULL, hasil TEXT NOT NULL, urutan INTEGER NOT NULL);
CREATE TABLE production_hourly (
    ts TEXT NOT NULL, unit TEXT NOT NULL REFERENCES units, shift INTEGER NOT NULL, ton REAL NOT NULL,
    target REAL NOT NULL, PRIMARY KEY (ts, unit)
) WITHOUT ROWID;
CREATE TABLE downtime (
    start TEXT NOT NULL, unit TEXT NOT NULL REFERENCES units, minutes INTEGER NOT NULL, reason TEXT NOT NULL,
    kind TEXT NOT NULL, PRIMARY KEY (start, unit)
) WITHOUT ROWID;
CREATE TABLE energy_shift (
    start TEXT NOT NULL, shift INTEGER NOT NULL, area TEXT NOT NULL, kwh REAL NOT NULL, coal REAL,
    PRIMARY KEY (start, area)
) WITHOUT ROWID;
CREATE TABLE lab_limits (
    measure TEXT PRIMARY KEY, sample TEXT NOT NULL, unit TEXT NOT NULL, low REAL, high REAL,
    decimals INTEGER NOT NULL, urutan INTEGER NOT NULL
);
CREATE TABLE lab_results (
    ts TEXT NOT NULL, measure TEXT NOT NULL REFERENCES lab_limits, value REAL NOT NULL, PRIMARY KEY (ts, measure)
) WITHOUT ROWID;
CREATE TABLE customers (customer TEXT PRIMARY KEY, city TEXT NOT NULL);
CREATE TABLE orders (
    order_no TEXT PRIMARY KEY, day TEXT NOT NULL, customer TEXT NOT NULL REFERENCES customers, product TEXT NOT NULL,
    ton REAL NOT NULL, price INTEGER NOT NULL, due TEXT NOT NULL
);
CREATE INDEX orders_of_day ON orders (day);
CREATE TABLE shipments (
    order_no TEXT NOT NULL REFERENCES orders, truck INTEGER NOT NULL, haulier TEXT NOT NULL, assigned TEXT NOT NULL,
    departed TEXT NOT NULL, arrived TEXT NOT NULL, ton REAL NOT NULL, PRIMARY KEY (order_no, truck)
) WITHOUT ROWID;
CREATE INDEX shipments_arrived ON shipments (arrived);
CREATE TABLE alarms (
    start TEXT NOT NULL, tag TEXT NOT NULL, unit TEXT NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL, seen TEXT,
    ended TEXT NOT NULL, PRIMARY KEY (start, tag)
) WITHOUT ROWID;
CREATE TABLE pi_hourly (
    ts TEXT NOT NULL, tag TEXT NOT NULL, value REAL, unit TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (ts, tag)
) WITHOUT ROWID;
CREATE TABLE plant_build (version INTEGER, seed INTEGER, first_day TEXT, last_day TEXT);
"""


def build_plant(path: Path, until: date, days: int = 400, seed: int = 7) -> bool:
    """Build the database with `days` days up to `until` and some after it, or leave one that already has them.

    Returns whether it was built. The file is replaced in one step, so that readers see the old one or the new one.
    """
    first = until - timedelta(days=days - 1)
    if _covers(path, first, until, seed):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        fresh = Path(folder) / path.name
        _write(fresh, first, until + timedelta(days=AHEAD_DAYS), seed)
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
        _write_masters(database)
        for count in range((last - first).days + 1):
            _write_day(database, Day(first + timedelta(days=count), seed))
        begins, ends = Day(max(first, last - timedelta(days=_PI_DAYS)), seed), Day(last + timedelta(days=1), seed)
        _insert(database, "pi_hourly", copied(begins.midnight, ends.midnight - timedelta(hours=1)))
        _insert(database, "plant_build", [(VERSION, seed, first.isoformat(), last.isoformat())])
        database.commit()


def _write_masters(database: sqlite3.Connection) -> None:
    _insert(database, "units", ((unit.name, unit.title, unit.product, at) for at, unit in enumerate(UNITS, 1)))
    limits = ((each.name, each.sample, each.unit, each.low, each.high, each.decimals) for each in MEASURES)
    _insert(database, "lab_limits", ((*row, at) for at, row in enumerate(limits, 1)))
    _insert(database, "customers", ((each.name, each.city) for each in CUSTOMERS))


def _write_day(database: sqlite3.Connection, day: Day) -> None:
    worked = work(day)
    placed, trips = orders(worked)
    stops = (
        (day.moment(stop.start), stop.unit, stop.minutes, stop.reason, KINDS[stop.reason]) for stop in worked.stops
    )
    _insert(database, "production_hourly", worked.hours)
    _insert(database, "downtime", stops)
    _insert(database, "energy_shift", energy(worked))
    _insert(database, "lab_results", samples(day))
    _insert(database, "orders", placed)
    _insert(database, "shipments", trips)
    _insert(database, "alarms", alarms(worked))


def _insert(database: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    every = list(rows)
    if every:
        places = ", ".join("?" * len(every[0]))
        database.executemany(f"INSERT INTO {table} VALUES ({places})", every)  # noqa: S608
