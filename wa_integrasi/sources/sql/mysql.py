"""MySQL and MariaDB over PyMySQL: a read-only transaction of a session whose grammar is known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import URL

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.sql.session import Facts, Limits, Session, first_line, too_slow, unreachable
from wa_integrasi.sources.sql.values import moment

_GRACE_S = 5.0
_OPTIONS = {"unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "ssl_disabled", "ssl_verify_cert", "ssl_verify_identity"}
_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
"""Without ANSI_QUOTES, NO_BACKSLASH_ESCAPES and ORACLE: with them the server reads a text otherwise than the guard."""

_MOMENTS = frozenset({7, 10, 12})
"""TIMESTAMP, DATE, DATETIME."""

_HARMLESS = frozenset(
    {
        "USAGE",
        "SELECT",
        "SHOW VIEW",
        "SHOW DATABASES",
        "PROCESS",
        "REPLICATION CLIENT",
        "BINLOG MONITOR",
        "SLAVE MONITOR",
    }
)
_TOO_LONG = frozenset({1317, 1969, 3024})
_AWAY = frozenset({0, 1040, 1042, 1043, 1044, 1045, 1049, 1053, 1129, 1130, 1158, 1159, 1160, 1161, 1203, 1226})
_AGAIN = frozenset({1205, 1213, 1927})
_ONLY_READ = frozenset({1290, 1792})
_OF_THE_STATEMENT = frozenset({1046, 1052, 1054, 1055, 1140, 1142, 1143, 1146, 1222, 1241, 1248, 1305, 1370})
"""Errors that quote names of the statement. Others quote its text, in which the driver has put the bound values."""


class MySql:
    """The dialect, of MySQL and of MariaDB."""

    name = "mysql"
    percent = True

    def connect(self, url: URL, limits: Limits) -> Session:
        """A session whose settings are read-only, timed, in the source's zone, and gone with it."""
        import pymysql

        if unknown := set(url.query) - _OPTIONS:
            raise SourceError(f"mysql: unknown option {min(unknown)!r} in the URL", transient=False)
        given: dict[str, Any] = {
            **url.translate_connect_args(username="user", database="database"),
            **{
                name: value == "true" if name.startswith(("ssl_v", "ssl_d")) else value
                for name, value in url.query.items()
            },
            "charset": "utf8mb4",
            "connect_timeout": max(1, int(limits.connect_s)),
            "read_timeout": limits.timeout_s + _GRACE_S,
            "write_timeout": limits.timeout_s + _GRACE_S,
            "local_infile": False,
        }
        raw = pymysql.connect(**given, cursorclass=_cursor_class())
        try:
            session = MySqlSession(raw, given, limits.zone)
            session.prepare(limits)
        except BaseException:
            raw.close()
            raise
        return session

    def failure(self, error: Exception) -> SourceError | None:
        """By its number; what most errors quote may be data."""
        import pymysql

        if not isinstance(error, pymysql.MySQLError):
            if isinstance(error, (UnicodeError, TypeError)):
                return SourceError("mysql: a bound value cannot be sent", transient=False)
            return None
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        if number in _TOO_LONG:
            return too_slow(self.name)
        if number in _AWAY or 2000 <= number < 3000:
            return unreachable(self.name, f"error {number}" if 0 < number < 2000 else "")
        line = " ".join(str(part) for part in error.args[1:])[:200] or first_line(error)
        if number not in _OF_THE_STATEMENT:
            line = re.sub(r"'.*'", "…", line)
        if number == 1064:
            line = "syntax error " + ("".join(re.findall(r"at line \d+$", line)) or "in the statement")
        if number in _ONLY_READ:
            return SourceError(f"mysql: refused, a source is only read ({line})", transient=False)
        return SourceError(f"mysql: {line} (error {number})", transient=number in _AGAIN)


class MySqlSession:
    """One connection."""

    def __init__(self, raw: Any, given: Mapping[str, Any], zone: ZoneInfo) -> None:
        self._raw = raw
        self._given = given
        self._zone = zone
        self._cursor: Any = None
        self._moments: tuple[int, ...] = ()

    def prepare(self, limits: Limits) -> None:
        """Set what the session may do, and begin its only transaction."""
        maria = "MariaDB" in self._raw.get_server_info()
        limit = (
            f"max_statement_time = {limits.timeout_s:.3f}"
            if maria
            else f"max_execution_time = {max(1, int(limits.timeout_s * 1000))}"
        )
        seconds = max(1, int(limits.timeout_s))
        with self._raw.cursor() as cursor:
            cursor.execute(
                f"SET SESSION sql_mode = '{_MODE}', time_zone = '{_zone_of(limits.zone)}', {limit}, "
                f"lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}"
            )
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            cursor.execute("START TRANSACTION READ ONLY")

    def run(self, text: str, values: Mapping[str, Any]) -> Sequence[str]:
        """Begin a SELECT."""
        self._cursor = self._raw.cursor()
        self._cursor.execute(text, {name: self._bound(value) for name, value in values.items()})
        columns = self._cursor.description or ()
        self._moments = tuple(at for at, column in enumerate(columns) if column[1] in _MOMENTS)
        return [column[0] for column in columns]

    def fetch(self, most: int) -> Sequence[Sequence[Any]]:
        """The next rows; a date such as 0000-00-00, which the driver gives as text, is none."""
        rows = self._cursor.fetchmany(most)
        if not self._moments:
            return list(rows)
        return [
            [None if at in self._moments and isinstance(value, str) else value for at, value in enumerate(row)]
            for row in rows
        ]

    def cancel(self) -> None:
        """Kill the query over a connection of its own: `read_timeout` alone would let it run on in the server."""
        self._kill("QUERY")

    def sever(self) -> None:
        """Kill the connection."""
        self._kill("CONNECTION")

    def close(self) -> None:
        """End it without reading what is left, which would take as long as the whole query."""
        import pymysql

        if self._cursor is not None:
            self._cursor.abandon()
        with suppress(pymysql.MySQLError, OSError):
            self._raw.close()

    def facts(self) -> Facts:
        """Version and zone."""
        with self._raw.cursor() as cursor:
            cursor.execute("SELECT @@version, @@session.time_zone")
            version, zone = cursor.fetchall()[0]
        kind = "" if "MariaDB" in version else "MySQL "
        return Facts(f"{kind}{version}", zone)

    def writes(self) -> tuple[str, ...]:
        """Every grant of the account and its active roles that is more than reading."""
        with self._raw.cursor() as cursor:
            cursor.execute("SHOW GRANTS")
            grants = [str(row[0]) for row in cursor.fetchall()]
        return tuple(dict.fromkeys(found for grant in grants if (found := _writing(grant))))

    def _kill(self, what: str) -> None:
        import pymysql

        with suppress(pymysql.MySQLError, OSError):
            killer = pymysql.connect(**{**self._given, "connect_timeout": 3, "read_timeout": 3, "write_timeout": 3})
            with closing(killer), killer.cursor() as cursor:
                cursor.execute(f"KILL {what} {int(self._raw.thread_id())}")

    def _bound(self, value: Any) -> Any:
        at = moment(value)
        return at.astimezone(self._zone).replace(tzinfo=None) if at else value


def _cursor_class() -> Any:
    from pymysql.cursors import SSCursor

    class Abandonable(SSCursor):  # type: ignore[misc]  # PyMySQL has no types
        """Rows as they come, and no reading to the end when it is closed."""

        def abandon(self) -> None:
            if self._result is not None:
                self._result.unbuffered_active = False
                self._result.has_next = False
                self._result.connection = None  # a cycle, which would keep the certificates of each connection
            self.connection = None

    return Abandonable


def _zone_of(zone: ZoneInfo) -> str:
    """A zone as a server without time zone tables knows it: by its offset, if that is always the same."""
    year = datetime.now(UTC).year
    offsets = {datetime(year, month, 1, tzinfo=zone).strftime("%z") for month in range(1, 13)}
    if len(offsets) > 1:
        return zone.key
    offset = offsets.pop()
    return f"{offset[:3]}:{offset[3:5]}"


def _writing(grant: str) -> str:
    """The part of a grant that is more than reading; empty where there is none."""
    found = re.match(r"GRANT (.+?) ON (?:(?:FUNCTION|PROCEDURE|PACKAGE|TABLE) )?(\S+) TO ", grant)
    if not found:
        return ""
    privileges = {each.strip().upper() for each in re.sub(r"\([^)]*\)", "", found[1]).split(",")}
    if "WITH GRANT OPTION" in grant.upper():
        privileges.add("GRANT OPTION")
    more = sorted(privileges - _HARMLESS)
    return f"{', '.join(more)} on {found[2]}" if more else ""
