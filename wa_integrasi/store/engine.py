"""Opening the store, and the two kinds of transaction there are."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

T = TypeVar("T")

_BUSY_TIMEOUT_MS = 15_000
_BELIEVED_S = 1.0

_GIVE_UP = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
"""Of PostgreSQL, unless the address says otherwise: a server that is cut off without a word is given up after 15 s to
25 s. Without these a commit would hang for as long as the kernel believes in it, which is a quarter of an hour."""

CHANNEL = "wa_outbox"
"""What PostgreSQL notifies when there is work."""

_WAKE = text(f"NOTIFY {CHANNEL}")


class StoreError(Exception):
    """The store cannot be reached or used. Its message says which database, without its password."""


def is_away(error: Exception) -> bool:
    """Whether the store cannot be used now, and may be later: stopped, cut off, locked, full, or asked to try again."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, StoreError)
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_AWAY
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError | psycopg.InternalError):
        return cause.sqlstate is None or cause.sqlstate[:2] in _POSTGRES_AWAY
    return error.connection_invalidated


def again_after_deadlock(work: Callable[[], T]) -> T:
    """Do `work`, a transaction of its own, and again where PostgreSQL chose it to end a deadlock."""
    for _ in range(_DEADLOCKS):
        try:
            return work()
        except DBAPIError as error:
            if not isinstance(error.orig, psycopg.errors.DeadlockDetected):
                raise
    return work()


_DEADLOCKS = 5

_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
_POSTGRES_AWAY = {"08", "25", "40", "53", "55", "57", "58"}
"""Classes of SQLSTATE: connection, state of the transaction (a standby is read-only), deadlock, no room, locks,
shutdown, system (PostgreSQL, appendix A)."""


@dataclass(frozen=True)
class Store:
    """An open database. Close it with `close`, or use it as a context manager."""

    engine: Engine
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Connect lazily to `url` (`sqlite+pysqlite` or `postgresql+psycopg`).

        SQLite makes a file that is not there: without `create` that raises `StoreError`, since the address is mistyped.
        """
        if make_url(url).get_backend_name() == "sqlite":
            file = Path(str(make_url(url).database))
            if not (create or file.exists()):
                raise StoreError(f"there is no store at {file}: run 'wa init', or correct WA_DATABASE_URL")
            file.parent.mkdir(parents=True, exist_ok=True)
        # Without its parameters an error has no names, numbers or messages in it, wherever it is logged.
        own = {} if make_url(url).get_backend_name() == "sqlite" else _GIVE_UP
        patience = {name: value for name, value in own.items() if name not in make_url(url).query}
        engine = create_engine(url, hide_parameters=True, connect_args=patience)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            event.listen(engine, "checkout", _same_file)
        else:
            event.listen(engine, "connect", _prepare_postgresql)
            event.listen(engine, "checkout", _still_there)
            event.listen(engine, "checkin", _used)
        return cls(engine)

    @property
    def name(self) -> str:
        """Which store it is, for people: without a password, wherever that stands in the URL."""
        url = self.engine.url.set(drivername=self.dialect, query={})
        return url.render_as_string(hide_password=True)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads: one consistent view."""
        with self._connection() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits at its end, or not at all.

        On SQLite it takes the write lock when it begins: a reader that becomes a writer fails at once if another has
        written since, whatever the busy timeout says. Threads of one process take turns: SQLite itself lets those
        that wait look again every so often, and whoever comes at the right moment goes first.
        """
        with (
            self._writers_turn(),
            self._connection() as connection,
            connection.execution_options(immediate=True).begin(),
        ):
            yield connection

    @contextmanager
    def _writers_turn(self) -> Iterator[None]:
        if self.dialect != "sqlite":
            yield
            return
        if not self._turn.acquire(timeout=_BUSY_TIMEOUT_MS / 1000):
            raise StoreError("the store is busy: another transaction of this process does not end")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def single(self) -> Iterator[Connection]:
        """A transaction of one statement that writes: on PostgreSQL it takes a single round trip.

        On SQLite it is like any other, and may have more.
        """
        if self.dialect == "sqlite":
            with self.writing() as connection:
                yield connection
            return
        with self._connection() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def wake(self, connection: Connection | None = None) -> None:
        """Tell who waits on PostgreSQL that there is work, in a transaction of its own or at the end of another.

        On SQLite those who wait look at the file's version.
        """
        if self.dialect != "postgresql":
            return
        with nullcontext(connection) if connection is not None else self.single() as active:
            active.execute(_WAKE)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            connection = self.engine.connect()
        except DBAPIError as error:
            raise StoreError(f"cannot open the store {self.name}: {_first_line(error)}") from error
        with connection:
            yield connection

    def close(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


class _MomentLoader(Loader):
    """A moment; None for one that Python has no name for: another program may write `infinity`, or the year 99999."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        usual = psycopg.adapters.get_loader(oid, self.format)
        assert usual is not None  # noqa: S101 - the driver always has one
        self._usual = usual(oid, context)

    def load(self, data: Buffer) -> datetime | None:
        """Read what the server sent."""
        try:
            moment: datetime = self._usual.load(data)
        except psycopg.DataError:
            return None
        return moment


def _prepare_postgresql(connection: psycopg.Connection[Any], _record: object) -> None:
    """Plans by index, always: these tables change faster than their statistics."""
    off = ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit")
    words = [*(f"SET {name} = off" for name in off), "SET plan_cache_mode = force_generic_plan"]
    connection.adapters.register_loader("timestamptz", _MomentLoader)
    with connection.cursor() as cursor:
        cursor.execute("; ".join(words).encode())
    connection.commit()


def _still_there(connection: psycopg.Connection[Any], record: ConnectionPoolEntry, _proxy: object) -> None:
    """Give up a connection that has been cut; one that was used a moment ago is believed to be there."""
    if time.monotonic() - record.info.get("used", 0) < _BELIEVED_S:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError("the connection was cut") from error


def _used(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.text_factory = _text
    connection.isolation_level = None  # SQLAlchemy says BEGIN (below), not the driver
    for pragma in (f"busy_timeout = {_BUSY_TIMEOUT_MS}", "foreign_keys = ON", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}").close()
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        # Of a new file only: pages of deleted rows can be given back then (`upkeep.database`). On any other this would
        # wait for whoever writes, which may be the same process.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL").close()
    _use_write_ahead_log(connection)


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Only the first connection ever changes the file; another at that moment is refused whatever its busy timeout."""
    ends = time.monotonic() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(0.01)
        else:
            return


def _text(raw: bytes) -> str:
    """What another program wrote may be no UTF-8: its row is bad then, not the query that meets it."""
    return raw.decode("utf-8", "replace")


def _same_file(connection: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Give up a connection whose file was deleted or replaced: what it wrote would be gone."""
    file = connection.execute("PRAGMA database_list").fetchone()[2]
    try:
        found = Path(file).stat().st_ino
    except OSError as error:
        raise StoreError(f"the store's file {file} is gone") from error
    if record.info.setdefault("inode", found) != found:
        record.info.pop("inode")
        raise DisconnectionError("the store's file was replaced")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
