"""Messages that ended long ago go into files, with all that became of them, and leave the tables.

A batch is one transaction: its rows are locked, written to the file, on the disk, and only then deleted. Who dies
before the commit leaves bytes at the file's end that do not count; the next batch writes over them.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import Connection, Row, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from wa_integrasi.outbox.archiving import BusyError, events_of, lock_finished, remove
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import UtcDateTime, archives
from wa_integrasi.upkeep.books import append, name_of

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Archived:
    """What one run has moved."""

    messages: int = 0
    left: str = ""
    """Why it ended before all was moved; empty when all was."""

    def __str__(self) -> str:
        return f"{self.messages} messages archived" + (f"; the rest is left: {self.left}" if self.left else "")


def archive(
    store: Store, folder: Path, before: datetime, zone: str, budget_s: float = 60, at_once: int = AT_ONCE
) -> Archived:
    """Move messages of which nothing was heard since `before` into the files of `folder`. Raises `ArchiveError`."""
    ends, moved = time.monotonic() + budget_s, 0
    while time.monotonic() < ends:
        try:
            batch = _batch(store, folder, before, zone, at_once)
        except BusyError:
            return Archived(moved, "others write without a pause")
        if batch is None:
            return Archived(moved, "another archives")
        if not batch:
            return Archived(moved)
        moved += batch
    return Archived(moved, f"{budget_s:.0f} s were over")


def complete_from(connection: Connection) -> datetime | None:
    """From when on every message is in the store; None when none has left it."""
    latest: datetime | None = connection.execute(select(func.max(archives.c.latest_at, type_=UtcDateTime))).scalar()
    return latest


def _batch(store: Store, folder: Path, before: datetime, zone: str, at_once: int) -> int | None:
    """Move some messages of one month and say how many; None while another is at it."""
    with store.writing() as connection:
        if not _alone(connection):
            return None
        rows = lock_finished(connection, before, at_once)
        if not rows:
            return 0
        month = _month(rows[0], zone)
        book = _book(connection, folder, month)
        if book is not None:
            chosen = [row for row in rows if _month(row, zone) == month]
            _move(connection, folder, book, chosen)
            return len(chosen)
    _new_book(store, month)
    return _batch(store, folder, before, zone, at_once)


def _alone(connection: Connection) -> bool:
    if connection.dialect.name == "sqlite":
        return True
    try:
        connection.execute(text("LOCK TABLE archives IN EXCLUSIVE MODE NOWAIT"))
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            return False
        raise
    return True


def _book(connection: Connection, folder: Path, month: str) -> Row[Any] | None:
    """The file of a month to write on; none when there is none yet, or somebody has moved it away."""
    rows = connection.execute(select(archives).where(archives.c.month == month).order_by(archives.c.file))
    return next((row for row in rows if row.bytes == 0 or (folder / row.file).exists()), None)


def _new_book(store: Store, month: str) -> None:
    """Make a file known before it is written, so that nothing is ever written over what is not ours."""
    values = {"file": name_of(month, secrets.token_hex(4)), "month": month, "bytes": 0, "messages": 0}
    with store.writing() as connection:
        connection.execute(insert(archives).values(**values))


def _move(connection: Connection, folder: Path, book: Row[Any], rows: Sequence[Row[Any]]) -> None:
    events = events_of(connection, [row.id for row in rows])
    documents = [{**_said(row._mapping), "events": [_said(event) for event in events[row.id]]} for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it
    size = append(folder, book.file, book.bytes, documents)
    moments = [row.created_at for row in rows] + [event["at"] for its in events.values() for event in its]
    latest = max((at for at in [book.latest_at, *moments] if at is not None), default=None)
    values = {"bytes": size, "messages": book.messages + len(rows), "latest_at": latest}
    connection.execute(update(archives).where(archives.c.file == book.file).values(**values))
    remove(connection, rows)


def _said(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _month(row: Row[Any], zone: str) -> str:
    at = row.created_at
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m}" if at is not None else "undated"
