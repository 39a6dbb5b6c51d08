"""Databases that reports read from, one of each kind."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from tests.mariadb import NoServerError, mariadb, mariadb_plant, run
from tests.postgres import database
from tests.store.plants import TABLES


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """A file with an awkward name."""
    file = tmp_path / "plant data #1 100%.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in TABLES:
            connection.execute(statement)
    return file


@pytest.fixture(scope="module")
def postgres_database(postgres_url: str) -> Iterator[str]:
    """A database whose account could write; one for all tests of a module, since none may change it."""
    with database(postgres_url) as url:
        with psycopg.connect(url) as connection:
            for statement in TABLES:
                connection.execute(statement)
            connection.execute("CREATE SEQUENCE numbers")
            connection.execute(
                "CREATE FUNCTION sly() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN "
                "PERFORM set_config('transaction_read_only', 'off', false); DELETE FROM plant; RETURN 1; END $$"
            )
            connection.execute("CREATE FUNCTION plain() RETURNS void LANGUAGE sql AS 'DELETE FROM plant'")
        yield url


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    """A MariaDB server for the session."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(mariadb())
        except NoServerError as error:
            pytest.skip(str(error))
        yield url


@pytest.fixture(scope="module")
def mariadb_database(mariadb_server: str) -> Iterator[str]:
    """A database whose account could do everything."""
    with mariadb_plant(mariadb_server) as url:
        run(
            url,
            *TABLES,
            "CREATE SEQUENCE numbers",
            "CREATE FUNCTION plain() RETURNS integer MODIFIES SQL DATA BEGIN DELETE FROM plant; RETURN 1; END",
        )
        yield url


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def url(request: pytest.FixtureRequest) -> str:
    """The same plant on each."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_file')}"
    fixture = {"postgresql": "postgres_database", "mysql": "mariadb_database"}[request.param]
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port of this machine where somebody accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield int(server.getsockname()[1])
