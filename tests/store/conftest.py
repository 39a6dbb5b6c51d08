"""Databases that reports read from, one of each kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

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


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The same plant on each."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_file')}"
    return str(request.getfixturevalue("postgres_database"))
