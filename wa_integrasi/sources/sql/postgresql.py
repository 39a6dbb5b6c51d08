"""PostgreSQL over psycopg: a read-only transaction with a server-side cursor, which takes one SELECT."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import URL

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.sql.session import Facts, Limits, Session, first_line, too_slow, unreachable
from wa_integrasi.sources.sql.values import moment

_CANCEL_S = 3.0
_QUOTED = re.compile(r"([\"']).*\1|[\"'].*")
_AS_TEXT = ("interval", "time", "timetz", "json", "jsonb", "uuid", "inet", "cidr")

_PRIVILEGES = """
SELECT 'superuser' FROM pg_roles WHERE rolname = current_user AND rolsuper
UNION ALL SELECT 'CREATEROLE' FROM pg_roles WHERE rolname = current_user AND rolcreaterole
UNION ALL SELECT 'CREATEDB' FROM pg_roles WHERE rolname = current_user AND rolcreatedb
UNION ALL SELECT 'member of ' || rolname FROM pg_roles
  WHERE rolname IN ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program', 'pg_signal_backend')
    AND pg_has_role(current_user, oid, 'MEMBER')
UNION ALL SELECT 'CREATE on the database' WHERE has_database_privilege(current_database(), 'CREATE')
UNION ALL SELECT 'CREATE on schema ' || nspname FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'CREATE')
UNION ALL SELECT privilege || ' on ' || count(*) || CASE count(*) WHEN 1 THEN ' table, ' ELSE ' tables, such as ' END
    || min(c.oid::regclass::text)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) privilege
  WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND (has_table_privilege(c.oid, privilege)
      OR privilege IN ('INSERT', 'UPDATE') AND has_any_column_privilege(c.oid, privilege))
  GROUP BY privilege
UNION ALL SELECT 'USAGE or UPDATE on ' || count(*) || ' sequences, such as ' || min(c.oid::regclass::text)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S' AND n.nspname !~ '^pg_'
    AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'USAGE, UPDATE') END
  HAVING count(*) > 0
LIMIT 20
"""


class PostgreSql:
    """The dialect."""

    name = "postgresql"
    percent = True

    def connect(self, url: URL, limits: Limits) -> Session:
        """A session whose settings are read-only, timed, in the source's zone, and gone with it."""
        import psycopg
        from psycopg.types.string import TextLoader

        more = {name: value if isinstance(value, str) else ",".join(value) for name, value in url.query.items()}
        milliseconds = max(1, int(limits.timeout_s * 1000))
        settings = {
            "statement_timeout": milliseconds,
            "lock_timeout": milliseconds,
            "idle_in_transaction_session_timeout": milliseconds + 60_000,
            "default_transaction_read_only": "on",
            "standard_conforming_strings": "on",
            "TimeZone": limits.zone.key,
        }
        options = " ".join([more.pop("options", ""), *(f"-c {name}={value}" for name, value in settings.items())])
        given = {**url.translate_connect_args(username="user", database="dbname"), **more}
        raw: Any = psycopg.connect(
            **{**given, "connect_timeout": max(2, int(limits.connect_s)), "options": options.strip()}
        )
        for name in _AS_TEXT:
            raw.adapters.register_loader(name, TextLoader)
        raw.read_only = True
        return PostgreSqlSession(raw)

    def failure(self, error: Exception) -> SourceError | None:
        """By its SQLSTATE; what is quoted in class 42 (syntax, names) is the statement's, elsewhere it may be data."""
        import psycopg

        if isinstance(error, (psycopg.DataError, psycopg.InterfaceError, UnicodeError)) and not _state(error):
            return SourceError(f"postgresql: {_QUOTED.sub('…', first_line(error))}", transient=False)
        if not isinstance(error, psycopg.Error):
            return None
        state = _state(error)
        line = first_line(error) if state.startswith("42") else _QUOTED.sub("…", first_line(error))
        if state == "57014":
            return too_slow(self.name)
        if not state and isinstance(error, psycopg.OperationalError):
            return unreachable(self.name)
        if state == "25006":
            return SourceError(f"postgresql: refused, a source is only read ({line})", transient=False)
        transient = state[:2] in ("08", "53", "57", "40") or state == "55P03"
        return SourceError(f"postgresql: {line}", transient=transient)


class PostgreSqlSession:
    """One connection."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._cursor: Any = None
        self._line = socket.socket(fileno=os.dup(raw.fileno()))

    def run(self, text: str, values: Mapping[str, Any]) -> Sequence[str]:
        """Begin a SELECT."""
        self._cursor = self._raw.cursor(name="wa")
        self._cursor.execute(text, {name: moment(value) or value for name, value in values.items()})
        return [column.name for column in self._cursor.description or ()]

    def fetch(self, most: int) -> Sequence[Sequence[Any]]:
        """The next rows."""
        rows: Sequence[Sequence[Any]] = self._cursor.fetchmany(most)
        return rows

    def cancel(self) -> None:
        """Ask the server over a connection of its own: a query may have switched off the server's own limit."""
        import psycopg

        with suppress(psycopg.Error, OSError):
            self._raw.cancel_safe(timeout=_CANCEL_S)

    def sever(self) -> None:
        """Cut the connection."""
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it; the server drops the cursor and every setting."""
        import psycopg

        if self._cursor is not None:
            with suppress(psycopg.Error):
                self._cursor.close()
        self._line.close()
        self._raw.close()

    def facts(self) -> Facts:
        """Version and zone."""
        version, zone = self._raw.execute(
            "SELECT current_setting('server_version'), current_setting('TimeZone')"
        ).fetchone()
        return Facts(f"PostgreSQL {version}", zone)

    def writes(self) -> tuple[str, ...]:
        """Privileges of the account on the server, the database, its schemas, tables and sequences."""
        return tuple(row[0] for row in self._raw.execute(_PRIVILEGES).fetchall())


def _state(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or ""
