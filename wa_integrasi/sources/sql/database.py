"""One SQL database that reports read from: read-only, timed and capped, whatever the query says."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from wa_integrasi.sources.base import Rows, SourceError, SourceReport
from wa_integrasi.sources.patience import Patience
from wa_integrasi.sources.sql.functions import allowed
from wa_integrasi.sources.sql.guard import check
from wa_integrasi.sources.sql.reader import read
from wa_integrasi.sources.sql.session import Dialect, Limits, Session
from wa_integrasi.sources.sql.watchdog import watched

DIALECTS = ("sqlite", "postgresql", "mysql", "oracle")
_OTHER_NAMES = {"mariadb": "mysql"}


@dataclass(frozen=True)
class SqlDatabase:
    """One database that reports read from, in a fresh session for each query.

    The account's own rights are the only real wall: give it SELECT and nothing else. Here a query is besides looked at
    before it is sent (`guard`), and its session is read-only, limited in time and thrown away. Keep the object: its
    `patience` knows that the database is away.
    """

    url: str = field(repr=False)
    timeout_s: float = 30.0
    max_rows: int = 10_000
    max_bytes: int = 16_000_000
    zone: str = "Asia/Jakarta"
    """Of the session, and of what the database keeps without a zone."""
    functions: frozenset[str] = frozenset()
    """What a query may call besides the dialect's own functions."""
    patience: Patience = field(default_factory=Patience, repr=False, hash=False)

    def query(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """Run one SELECT with bound `parameters`, each where the query says `:name`. Raises `SourceError`."""
        dialect = self._dialect()
        checked = check(statement, dialect.name, self.functions)
        limits = self._limits(dialect.name)
        with self._session(dialect, limits) as session:
            return read(session, dialect, checked, dict(parameters), limits)

    def within(self, timeout_s: float, max_rows: int) -> SqlDatabase:
        """The same database, with the same patience, for queries that may take less time and give fewer rows."""
        return replace(self, timeout_s=min(self.timeout_s, timeout_s), max_rows=min(self.max_rows, max_rows))

    def check(self) -> SourceReport:
        """Connect, read what the server says of itself, and whether the account could write. Raises `SourceError`."""
        dialect = self._dialect()
        limits = self._limits(dialect.name)
        started = time.perf_counter()
        with self._session(dialect, limits) as session, watched(session, limits.timeout_s):
            facts = session.facts()
            latency_ms = 1000 * (time.perf_counter() - started)
            return SourceReport(dialect.name, facts.version, facts.zone, latency_ms, session.writes())

    @property
    def dialect(self) -> str:
        """`sqlite`, `postgresql`, `mysql` or `oracle`. Raises `SourceError` for any other."""
        return self._read_url()[0]

    def _read_url(self) -> tuple[str, URL]:
        name = "an unreadable URL"
        try:
            url = make_url(self.url)
            name = url.get_backend_name()
        except (SQLAlchemyError, ValueError):  # the latter quotes part of a password that holds an @
            raise SourceError(f"found {name}, must be one of: {', '.join(DIALECTS)}", transient=False) from None
        name = _OTHER_NAMES.get(name, name)
        if name not in DIALECTS:
            raise SourceError(f"found {name}, must be one of: {', '.join(DIALECTS)}", transient=False)
        return name, url

    def _dialect(self) -> Dialect:
        match self.dialect:
            case "sqlite":
                from wa_integrasi.sources.sql.sqlite import Sqlite

                return Sqlite()
            case "postgresql":
                from wa_integrasi.sources.sql.postgresql import PostgreSql

                return PostgreSql()
            case "mysql":
                from wa_integrasi.sources.sql.mysql import MySql

                return MySql()
            case _:
                from wa_integrasi.sources.sql.oracle import Oracle

                return Oracle()

    def _limits(self, dialect: str) -> Limits:
        try:
            zone = ZoneInfo(self.zone)
        except (KeyError, OSError, ValueError):
            raise SourceError(f"zone: found {self.zone!r}, must be one such as Asia/Jakarta", transient=False) from None
        return Limits(self.timeout_s, self.max_rows, self.max_bytes, zone, allowed(dialect, self.functions))

    @contextmanager
    def _session(self, dialect: Dialect, limits: Limits) -> Iterator[Session]:
        url = self._read_url()[1]

        def connect() -> Session:
            with explained(dialect):
                return dialect.connect(url, limits)

        session = self.patience.ask(connect, self.timeout_s)
        try:
            with explained(dialect):
                yield session
        finally:
            session.close()


@contextmanager
def explained(dialect: Dialect) -> Iterator[None]:
    """Within it, what the driver raises becomes a `SourceError`."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        told = dialect.failure(error)
        if told is None:
            raise
        raise told from None
