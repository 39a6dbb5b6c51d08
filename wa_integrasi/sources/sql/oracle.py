"""Oracle over python-oracledb's thin mode, on an event loop of its own.

Its blocking calls cannot be used: `connect` waits for ever for a listener that accepts and stays silent. On a loop
every wait has an end.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import URL

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.sql.session import LONGEST_VALUE, Facts, Limits, Session, first_line, too_slow, unreachable
from wa_integrasi.sources.sql.values import moment

_T = TypeVar("_T")
_GRACE_S = 1.0
_AT_ONCE = 100
_CODE = re.compile(r"\b(?:ORA|DPY)-\d+")
_TOO_LONG = {"ORA-01013", "DPY-4024", "ORA-00040", "ORA-03136", "ORA-03156"}
_AWAY = re.compile(r"DPY-(?:6\d{3}|4011|1001)|ORA-(?:12\d{3}|010(?:33|34|89)|03113|03114|03135|28000|28001|01017)\b")
_ONLY_READ = {"ORA-01456", "ORA-16000", "ORA-01031"}
_OF_THE_STATEMENT = re.compile(r"ORA-009\d\d\b|ORA-00(?:6|7|8)\d\d\b|ORA-01008\b|ORA-41900")
_SETTINGS = (
    "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,' NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS' "
    "NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6' TIME_ZONE = '{zone}'"
)
_PRIVILEGES = """
SELECT privilege FROM session_privs
  WHERE privilege NOT IN
    ('CREATE SESSION', 'SELECT ANY TABLE', 'READ ANY TABLE', 'SELECT ANY DICTIONARY', 'SET CONTAINER')
UNION ALL SELECT privilege || ' on ' || owner || '.' || table_name FROM user_tab_privs
  WHERE grantee = SYS_CONTEXT('USERENV', 'SESSION_USER')
    AND privilege IN ('INSERT', 'UPDATE', 'DELETE', 'ALTER', 'INDEX', 'EXECUTE')
UNION ALL SELECT privilege || ' on ' || owner || '.' || table_name || ' by role ' || role FROM role_tab_privs
  WHERE owner NOT IN ('SYS', 'SYSTEM', 'XDB') AND privilege IN ('INSERT', 'UPDATE', 'DELETE', 'ALTER', 'INDEX')
UNION ALL SELECT 'owns ' || COUNT(*) || ' tables' FROM user_tables HAVING COUNT(*) > 0
FETCH FIRST 20 ROWS ONLY
"""


class Oracle:
    """The dialect."""

    name = "oracle"
    percent = False

    def connect(self, url: URL, limits: Limits) -> Session:
        """A session within a read-only transaction; `host/?service_name=NAME`, or `host/SID`."""
        unknown = set(url.query) - {"service_name", "protocol", "wallet_location"}
        if unknown:
            raise SourceError(f"oracle: unknown option {min(unknown)!r} in the URL", transient=False)
        given: dict[str, Any] = {
            **url.translate_connect_args(username="user", database="sid"),
            **url.query,
            "tcp_connect_timeout": limits.connect_s,
        }
        session = OracleSession(limits)
        try:
            session.connect(given)
        except BaseException:
            session.close()
            raise
        return session

    def failure(self, error: Exception) -> SourceError | None:
        """By the codes in its text: `full_code` is always DPY-6005 for what went wrong while connecting."""
        import oracledb

        if isinstance(error, (OSError, TimeoutError)):
            return unreachable(self.name)
        if not isinstance(error, oracledb.Error):
            return None
        text = str(error)
        codes = _CODE.findall(text)
        if _TOO_LONG & set(codes):
            return too_slow(self.name)
        if away := [code for code in codes if _AWAY.fullmatch(code)]:
            return unreachable(self.name, away[-1])
        code = codes[0] if codes else "an error of the driver"
        if _ONLY_READ & set(codes):
            return SourceError(f"oracle: refused, a source is only read ({code})", transient=False)
        said = first_line(error) if _OF_THE_STATEMENT.match(code) else code
        return SourceError(f"oracle: {said}", transient=code in ("ORA-00060", "ORA-01555", "ORA-08177", "ORA-00054"))


class OracleSession:
    """One connection; its calls are made in one thread, which runs no other event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ends = time.monotonic() + limits.timeout_s
        self._runner = asyncio.Runner()
        self._raw: Any = None
        self._cursor: Any = None

    def connect(self, given: Mapping[str, Any]) -> None:
        """Connect and set what the session may do."""
        import oracledb

        self._raw = self._wait(lambda: oracledb.connect_async(**given), self._limits.connect_s)
        self._ends = time.monotonic() + self._limits.timeout_s
        self._raw.call_timeout = max(1, int(self._limits.timeout_s * 1000))
        self._do(_SETTINGS.format(zone=self._limits.zone.key))
        self._do("SET TRANSACTION READ ONLY")

    def run(self, text: str, values: Mapping[str, Any]) -> Sequence[str]:
        """Begin a SELECT."""
        import oracledb

        self._cursor = self._raw.cursor()
        self._cursor.arraysize = _AT_ONCE
        self._cursor.prefetchrows = _AT_ONCE
        bound = {name: self._bound(value) for name, value in values.items()}
        moments = [name for name, value in bound.items() if isinstance(value, datetime)]
        if moments:
            self._cursor.setinputsizes(**dict.fromkeys(moments, oracledb.DB_TYPE_TIMESTAMP))
        self._wait(lambda: self._cursor.execute(text, bound, fetch_decimals=True))
        columns = self._cursor.description or ()
        dropped = (oracledb.DB_TYPE_TIMESTAMP_TZ, oracledb.DB_TYPE_TIMESTAMP_LTZ)
        if zoned := [column[0] for column in columns if column[1] in dropped]:
            raise SourceError(
                f"oracle: the driver drops the zone of {zoned[0]}: write CAST({zoned[0]} AT TIME ZONE "
                f"'{self._limits.zone.key}' AS TIMESTAMP)",
                transient=False,
            )
        return [column[0].lower() for column in columns]

    def fetch(self, most: int) -> Sequence[Sequence[Any]]:
        """The next rows, with what LOBs hold."""
        return self._wait(lambda: self._fetched(most))

    def cancel(self) -> None:
        """Nothing: every wait on the loop has an end, and `call_timeout` stops the server."""

    def sever(self) -> None:
        """Nothing, for the same reason."""

    def close(self) -> None:
        """End it."""
        try:
            if self._raw is not None:
                with suppress(Exception):  # the connection may be gone, or still busy with what took too long
                    self._wait(self._raw.close, _GRACE_S)
        finally:
            self._runner.close()

    def facts(self) -> Facts:
        """Version and zone."""
        [(zone,)] = self._all("SELECT SESSIONTIMEZONE FROM dual")
        return Facts(f"Oracle {self._raw.version}", str(zone))

    def writes(self) -> tuple[str, ...]:
        """System privileges, privileges on tables, and tables of its own."""
        return tuple(str(row[0]) for row in self._all(_PRIVILEGES))

    async def _fetched(self, most: int) -> list[list[Any]]:
        return [[await _whole(value) for value in row] for row in await self._cursor.fetchmany(most)]

    def _all(self, text: str) -> list[Any]:
        cursor = self._raw.cursor()
        self._wait(lambda: cursor.execute(text))
        rows: list[Any] = self._wait(cursor.fetchall)
        return rows

    def _do(self, text: str) -> None:
        self._wait(lambda: self._raw.cursor().execute(text))

    def _wait(self, step: Callable[[], Awaitable[_T]], seconds: float | None = None) -> _T:
        left = self._ends - time.monotonic() + _GRACE_S if seconds is None else seconds

        async def bounded() -> _T:
            return await asyncio.wait_for(step(), max(0.01, left))

        try:
            return self._runner.run(bounded())
        except TimeoutError:
            if seconds is None:
                raise too_slow("oracle") from None
            raise unreachable("oracle", "no answer") from None

    def _bound(self, value: Any) -> Any:
        """A moment as the session's own time: most columns keep no zone."""
        at = moment(value)
        return at.astimezone(self._limits.zone).replace(tzinfo=None) if at else value


async def _whole(value: Any) -> Any:
    """A value, or what a LOB holds up to one character or byte too many."""
    if hasattr(value, "read") and hasattr(value, "size"):
        return await value.read(1, LONGEST_VALUE + 1)
    return value
