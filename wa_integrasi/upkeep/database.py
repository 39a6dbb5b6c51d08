"""What a database wants done now and then, so that it stays small and its plans stay good."""

from __future__ import annotations

from contextlib import closing

from sqlalchemy import text

from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import metadata

_PAGES = 2_000
"""Given back to the disk at once: a few megabytes, some milliseconds of the writer's lock."""


def tend(store: Store) -> str:
    """Refresh statistics and, on SQLite, give back what deleted rows have left; says what was done."""
    return _tend_sqlite(store) if store.dialect == "sqlite" else _tend_postgresql(store)


def _tend_sqlite(store: Store) -> str:
    with closing(store.engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
        waits = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute("PRAGMA busy_timeout = 1000").fetchall()
        try:
            cursor.execute("PRAGMA optimize").fetchall()
            before = cursor.execute("PRAGMA freelist_count").fetchone()[0]
            cursor.executescript(f"PRAGMA incremental_vacuum({_PAGES})")  # `execute` would take its first step only
            given = before - cursor.execute("PRAGMA freelist_count").fetchone()[0]
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {waits}").fetchall()
    return f"optimized; {given} pages given back; log {'left, since it is read' if busy else 'emptied'}"


def _tend_postgresql(store: Store) -> str:
    names = sorted(metadata.tables)
    for name in names:
        with store.writing() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '2s'"))
            connection.execute(text("SET LOCAL statement_timeout = '60s'"))
            connection.execute(text(f"ANALYZE {name}"))
    return f"{len(names)} tables analysed"
