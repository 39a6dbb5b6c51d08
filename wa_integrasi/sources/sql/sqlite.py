"""SQLite: a file that is opened read-only, behind an allow-list of operations and functions."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.sql.session import LONGEST_VALUE, Facts, Limits, Session, first_line, too_slow

_STEPS_BETWEEN_CHECKS = 10_000
_OPERATIONS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_OPERATORS = frozenset({"->", "->>", "like", "glob", "match", "current_date", "current_time", "current_timestamp"})
"""What SQLite calls functions, and a query writes otherwise."""


class Sqlite:
    """The dialect."""

    name = "sqlite"
    percent = False

    def connect(self, url: URL, limits: Limits) -> Session:
        """Open the file; it is never made."""
        file = Path(str(url.database))
        if not file.is_file():
            raise SourceError(f"there is no database file {file.name!r}", transient=True)
        raw = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=limits.timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        return SqliteSession(raw, file, limits)

    def failure(self, error: Exception) -> SourceError | None:
        """What SQLite says, without the text that it quotes where it is not UTF-8."""
        if isinstance(error, (OverflowError, UnicodeEncodeError)):
            return SourceError("sqlite: a bound value does not fit into SQLite", transient=False)
        if not isinstance(error, sqlite3.Error):
            return None
        line = first_line(error).partition(" with text ")[0]
        if "interrupted" in line:
            return too_slow(self.name)
        if "not authorized" in line or "prohibited" in line or "readonly" in line:
            return SourceError(f"sqlite: refused, a source is only read ({line})", transient=False)
        transient = "locked" in line or "unable to open" in line or "disk I/O" in line
        return SourceError(f"sqlite: {line}", transient=transient)


class SqliteSession:
    """One open file, or a database in memory, where `file` is None."""

    def __init__(self, raw: sqlite3.Connection, file: Path | None, limits: Limits) -> None:
        self._raw = raw
        self._file = file
        self._cursor: sqlite3.Cursor | None = None
        ends = time.monotonic() + limits.timeout_s
        functions = limits.functions | _OPERATORS

        def authorize(action: int, _first: str | None, second: str | None, _in: str | None, _by: str | None) -> int:
            if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in functions:
                return sqlite3.SQLITE_DENY
            return sqlite3.SQLITE_OK if action in _OPERATIONS else sqlite3.SQLITE_DENY

        raw.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        raw.set_authorizer(authorize)
        raw.set_progress_handler(lambda: time.monotonic() > ends, _STEPS_BETWEEN_CHECKS)

    def run(self, text: str, values: Mapping[str, Any]) -> Sequence[str]:
        """Begin a SELECT."""
        self._cursor = self._raw.execute(text, {name: _bound(value) for name, value in values.items()})
        return [column[0] for column in self._cursor.description or ()]

    def fetch(self, most: int) -> Sequence[Sequence[Any]]:
        """The next rows."""
        return self._cursor.fetchmany(most) if self._cursor else []

    def cancel(self) -> None:
        """Stop what runs."""
        self._raw.interrupt()

    def sever(self) -> None:
        """Stop what runs: there is no connection to cut."""
        self._raw.interrupt()

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def facts(self) -> Facts:
        """The library's version; times have the zone that a text says."""
        self._raw.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()  # opens and reads the file
        return Facts(f"SQLite {sqlite3.sqlite_version}", "as in the texts")

    def writes(self) -> tuple[str, ...]:
        """Whether this process may write to the file; here it is opened read-only all the same."""
        writable = self._file is not None and os.access(self._file, os.W_OK)
        return ("the file can be written by the user of this process",) if writable else ()


def _bound(value: Any) -> Any:
    """What SQLite has a type for: moments are UTC text as in `slot_start`, and exact numbers are floats."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
