"""The tasks of the demo plant: a database beside that of the plant, in which each day lives as it goes.

`tugas(id, unit, judul, assigned_at, due_at, done_at)`: who assigns by the hour, what is due within its shift, and when
it was delivered: mostly in time, now and then late or not at all. Moments are UTC text, as in the plant. The whole day
is drawn from the seed and its date; a query sees of it what has happened by `:slot_end`, so that every half-hour there
is something new to tell.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Jakarta")
_BEFORE, _AHEAD = 14, 14
_SCHEMA = """
CREATE TABLE tugas (
    id INTEGER PRIMARY KEY, unit TEXT NOT NULL, judul TEXT NOT NULL,
    assigned_at TEXT NOT NULL, due_at TEXT NOT NULL, done_at TEXT
);
CREATE INDEX tugas_due_at ON tugas (due_at);
CREATE TABLE tugas_until (day TEXT NOT NULL, seed INTEGER NOT NULL);
"""
_TITLES = {
    "Crusher": ("Ganti liner", "Periksa belt", "Bersihkan saluran"),
    "Giling 1": ("Cek bearing", "Isi pelumas", "Ganti ayakan"),
    "Giling 2": ("Cek bearing", "Kalibrasi timbangan", "Isi pelumas"),
    "Tungku": ("Ukur suhu dinding", "Periksa burner", "Ambil sampel klinker"),
    "Kemas 1": ("Kirim palet", "Periksa jahitan karung", "Stok kantong"),
    "Kemas 2": ("Kirim palet", "Periksa mesin jahit", "Stok kantong"),
}
_LATE, _NEVER = 0.15, 0.08


def build_tasks(path: Path, today: date, seed: int = 7) -> bool:
    """Build the database around a day, or leave one that goes on past it; returns whether it was built.

    The file is replaced in one step, so that readers see the old one or the new one.
    """
    if _covers(path, today, seed):
        return False
    last = today + timedelta(days=_AHEAD)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        fresh = Path(folder) / path.name
        with closing(sqlite3.connect(fresh)) as database:
            database.executescript(_SCHEMA)
            columns = "unit, judul, assigned_at, due_at, done_at"
            for day in (last - timedelta(days=count) for count in reversed(range(_BEFORE + _AHEAD))):
                database.executemany(f"INSERT INTO tugas ({columns}) VALUES (?, ?, ?, ?, ?)", _day(day, seed))  # noqa: S608 - fixed words
            database.execute("INSERT INTO tugas_until VALUES (?, ?)", (last.isoformat(), seed))
            database.commit()
        fresh.replace(path)
    return True


def _covers(path: Path, today: date, seed: int) -> bool:
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            row = database.execute("SELECT day, seed FROM tugas_until").fetchone()
    except sqlite3.DatabaseError:
        return False
    return row is not None and row[1] == seed and str(row[0]) > (today + timedelta(days=1)).isoformat()


def _day(day: date, seed: int) -> Iterator[tuple[str, str, str, str, str | None]]:
    """The tasks that are assigned on one day, also those that it has not come to yet."""
    for unit, titles in _TITLES.items():
        draw = random.Random(f"{seed}/{day}/{unit}/tugas")  # noqa: S311
        for hour in sorted(draw.sample(range(24), 8)):
            assigned = datetime(day.year, day.month, day.day, hour, draw.randrange(60), tzinfo=ZONE)
            due = assigned + timedelta(hours=draw.choice((2, 3, 4)))
            late, never = draw.random() < _LATE, draw.random() < _NEVER
            done = (
                due + timedelta(minutes=draw.randrange(10, 90)) if late else due - timedelta(minutes=draw.randrange(90))
            )
            yield unit, draw.choice(titles), _text(assigned), _text(due), None if never else _text(done)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
