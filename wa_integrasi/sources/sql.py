"""SQL databases: read-only, timed and capped, whatever the query says."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from wa_integrasi.sources.base import Rows, SourceError

_STEPS_BETWEEN_CHECKS = 10_000
_LONGEST_VALUE = 10_000_000
"""Bytes; SQLite cannot be stopped in the middle of making one value."""

_GRACE_S = 0.5
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_FORBIDDEN_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})
_DIALECTS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
_QUOTED = re.compile(r"([\"']).*\1|[\"'].*")


@dataclass(frozen=True)
class SqlDatabase:
    """One database that reports read from, in a fresh session for each query.

    The account's own rights are the only real wall: give it SELECT and nothing else. What is done here besides:
    SQLite is opened read-only behind an allow-list of operations; PostgreSQL gets a read-only transaction with a
    server-side cursor, which takes a single SELECT and nothing else.
    """

    url: str = field(repr=False)
    timeout_s: float = 30.0
    max_rows: int = 10_000

    def query(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """Run one SELECT with bound `parameters`. Raises `SourceError`."""
        dialect = self.dialect
        try:
            with _connect(self, dialect) as connection, _watched(connection, self.timeout_s):
                result = connection.execute(text(statement), dict(parameters))
                if not result.returns_rows:
                    raise SourceError("the statement gives no rows: a source only takes SELECT", transient=False)
                rows = result.fetchmany(self.max_rows + 1)
                columns = tuple(result.keys())
                result.close()
        except SQLAlchemyError as error:
            raise _explain(error, dialect) from None
        kept = tuple(tuple(row) for row in rows[: self.max_rows])
        return Rows(columns, kept, truncated=len(rows) > self.max_rows)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`. Raises `SourceError` for any other."""
        try:
            dialect = make_url(self.url).get_backend_name()
        except (SQLAlchemyError, ValueError):  # the latter quotes part of a password that holds an @
            dialect = "an unreadable URL"
        if dialect not in _DIALECTS:
            raise SourceError(f"found {dialect}, must be one of: {', '.join(_DIALECTS)}", transient=False)
        return dialect


def _connect(database: SqlDatabase, dialect: str) -> Connection:
    url = make_url(database.url).set(drivername=_DIALECTS[dialect])
    if dialect == "sqlite":
        file = Path(str(url.database))
        if not file.is_file():
            raise SourceError(f"there is no database file {file.name!r}", transient=True)
        engine = create_engine(
            f"sqlite+pysqlite:///{file.absolute().as_uri()}?mode=ro&uri=true",
            poolclass=NullPool,
            connect_args={"timeout": database.timeout_s},
        )
        event.listen(engine, "connect", lambda raw, _: _wall_in(raw, database.timeout_s))
        return engine.connect()
    milliseconds = int(database.timeout_s * 1000)
    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args={
            "connect_timeout": max(2, int(database.timeout_s)),
            "options": f"-c statement_timeout={milliseconds} -c default_transaction_read_only=on",
        },
    )
    return engine.connect().execution_options(
        postgresql_readonly=True, stream_results=True, max_row_buffer=database.max_rows + 1
    )


@contextmanager
def _watched(connection: Connection, timeout_s: float) -> Iterator[None]:
    """Cancel what still runs on PostgreSQL after its time: a query may have switched off the server's own limit."""
    if connection.dialect.name != "postgresql":
        yield
        return
    import psycopg

    raw: Any = connection.connection.driver_connection
    done = threading.Event()

    def cancel_until_done() -> None:
        wait = timeout_s + _GRACE_S
        while not done.wait(wait):
            wait = _GRACE_S
            with suppress(psycopg.Error):
                raw.cancel_safe(timeout=timeout_s)

    watchdog = threading.Thread(target=cancel_until_done, name="query time limit", daemon=True)
    watchdog.start()
    try:
        yield
    finally:
        done.set()
        watchdog.join()


def _wall_in(connection: sqlite3.Connection, timeout_s: float) -> None:
    ends = time.monotonic() + timeout_s
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    connection.set_authorizer(_authorize)
    connection.set_progress_handler(lambda: time.monotonic() > ends, _STEPS_BETWEEN_CHECKS)


def _authorize(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    if action == sqlite3.SQLITE_TRANSACTION and first in ("BEGIN", "ROLLBACK"):
        return sqlite3.SQLITE_OK
    if action not in _ALLOWED or (action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FORBIDDEN_FUNCTIONS):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _explain(error: SQLAlchemyError, dialect: str) -> SourceError:
    """One line for people, without the URL, the statement or its values; and whether trying again may help."""
    if not isinstance(error, DBAPIError):
        return SourceError(f"{dialect}: {_first_line(getattr(error, 'orig', None) or error)}", transient=False)
    state = getattr(error.orig, "sqlstate", None) or ""
    line = _without_values(_first_line(error.orig), dialect, state)
    if "interrupted" in line or state == "57014":
        return SourceError(f"{dialect}: the query took longer than its time limit", transient=True)
    if dialect == "postgresql" and not state and isinstance(error, OperationalError):
        return SourceError("postgresql: the server cannot be reached or refused the connection", transient=True)
    if "not authorized" in line or "prohibited" in line or "readonly" in line or state.startswith("25006"):
        return SourceError(f"{dialect}: refused, a source is only read ({line})", transient=False)
    transient = state[:2] in ("08", "53", "57", "40") or "locked" in line or "unable to open" in line
    return SourceError(f"{dialect}: {line}", transient=transient)


def _first_line(error: BaseException | None) -> str:
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line.partition(" (Background on this error")[0][:200]


def _without_values(line: str, dialect: str, state: str) -> str:
    """Without the data that databases quote; what PostgreSQL quotes in class 42 (syntax, names) is the statement's."""
    if dialect == "postgresql":
        return line if state.startswith("42") else _QUOTED.sub("…", line)
    return line.partition(" with text ")[0]
