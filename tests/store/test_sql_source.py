"""SQL databases that reports read from: rows out, within time and size, and errors that are fit for logs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.store.plants import SECRET, UNCHANGED, ask, endless, everything, refused, refused_unguarded
from tests.store.readers import reader_of_mariadb, reader_of_postgresql
from wa_integrasi.sources.base import Rows
from wa_integrasi.sources.sql import SqlDatabase


def test_a_query_gives_its_columns_and_rows(url: str) -> None:
    assert everything(url) == UNCHANGED
    assert everything(url).as_dicts()[1] == {"unit": "Tungku", "ton": 7}


def test_a_query_without_rows_still_has_columns(url: str) -> None:
    assert ask(url, "SELECT unit FROM plant WHERE ton > 100") == Rows(("unit",), ())


def test_a_percent_sign_is_a_percent_sign(url: str) -> None:
    assert ask(url, "SELECT unit FROM plant WHERE unit LIKE 'T%'").values == (("Tungku",),)


@pytest.mark.parametrize(("most", "cut"), [(1, True), (2, True), (3, False), (4, False)])
def test_rows_over_the_cap_are_left_out_and_it_is_said(url: str, most: int, cut: bool) -> None:
    rows = ask(url, "SELECT unit FROM plant", max_rows=most)
    assert (len(rows.values), rows.truncated) == (min(most, 3), cut)


def test_an_endless_result_ends_at_the_cap(url: str) -> None:
    rows = ask(url, endless(url), max_rows=2000)
    assert (rows.values[-1], rows.truncated) == ((2000,), True)


def test_a_query_that_takes_too_long_is_stopped_and_may_be_tried_again(url: str) -> None:
    error = refused(url, endless(url, "sum(x * 1.0)"), timeout_s=0.2)
    assert "took longer than its time limit" in str(error)
    assert error.transient


def test_a_sqlite_file_that_its_owner_is_writing_to_can_be_read(sqlite_file: Path) -> None:
    with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as owner:
        owner.execute("PRAGMA journal_mode = WAL")
        owner.execute("BEGIN IMMEDIATE")
        owner.execute("DELETE FROM plant")
        assert everything(f"sqlite:///{sqlite_file}") == UNCHANGED
        owner.execute("ROLLBACK")
    assert everything(f"sqlite:///{sqlite_file}") == UNCHANGED


def test_a_sqlite_file_is_never_made_and_may_come_later(tmp_path: Path) -> None:
    missing = tmp_path / "rahasia" / "plant.db"
    error = refused(f"sqlite:///{missing}", "SELECT 1")
    assert (str(error), error.transient) == ("there is no database file 'plant.db'", True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused_for_good(tmp_path: Path) -> None:
    file = tmp_path / "plant.db"
    file.write_text("unit;ton\n" * 1000)
    error = refused(f"sqlite:///{file}", "SELECT 1 FROM plant")
    assert (str(error), error.transient) == ("sqlite: file is not a database", False)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT nothing FROM plant", "nothing"),
        ("SELECT 1 FROM (", "syntax error"),
        ("SELECT :missing", "bind parameter 'missing'"),
    ],
)
def test_a_wrong_statement_is_refused_for_good_with_the_databases_words(url: str, statement: str, reason: str) -> None:
    error = refused(url, statement)
    assert reason in str(error)
    assert not error.transient
    assert "https://" not in str(error)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT CAST(:value AS integer)",
        "SELECT CAST(unit AS integer) FROM plant WHERE ton = 3",
        "SELECT CAST('1' || unit AS date) FROM plant WHERE ton = 3",
        "SELECT timestamptz 'infinity' AS at, unit FROM plant WHERE ton = 3",
        "SELECT CAST(:nul AS text)",
    ],
)
def test_an_error_about_data_does_not_show_it_and_is_no_matter_of_waiting(
    postgres_database: str, statement: str
) -> None:
    parameters = {"value": f'{SECRET} "x"\n', "nul": f"{SECRET}\x00"}
    error = refused(postgres_database, statement, **{k: v for k, v in parameters.items() if f":{k}" in statement})
    assert SECRET not in str(error)
    assert "infinity" not in str(error)
    assert not error.transient


def test_an_error_of_mariadb_does_not_show_a_bound_value(mariadb_database: str) -> None:
    error = refused(mariadb_database, "SELECT :value + 9223372036854775807", value=812345678)
    assert "812345678" not in str(error)
    assert "out of range" in str(error)
    error = refused_unguarded(mariadb_database, f"SELECT '{SECRET}' FROM WHERE")
    assert str(error) == "mysql: syntax error at line 1 (error 1064)"


def test_text_that_sqlite_cannot_read_is_not_shown(sqlite_file: Path) -> None:
    error = refused(f"sqlite:///{sqlite_file}", "SELECT CAST(x'72616861736961ff' AS TEXT) AS name")
    assert SECRET not in str(error)
    assert "UTF-8" in str(error)


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_server_that_is_away_may_come_back_and_its_address_is_not_shown(kind: str) -> None:
    error = refused(f"{kind}://siti:{SECRET}@127.0.0.1:1/plant", "SELECT 1", timeout_s=2)
    assert error.transient
    assert str(error) == f"{kind}: the server cannot be reached or refused the connection"


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_server_that_accepts_and_stays_silent_does_not_hold_a_report_up(kind: str, silent_port: int) -> None:
    error = refused(f"{kind}://siti:{SECRET}@127.0.0.1:{silent_port}/plant", "SELECT 1", timeout_s=1)
    assert error.transient
    assert SECRET not in str(error)


def test_a_wrong_password_is_no_matter_of_the_query_and_is_not_shown(mariadb_server: str) -> None:
    url = make_url(mariadb_server).set(username="siti", password=SECRET).render_as_string(hide_password=False)
    error = refused(url, "SELECT 1")
    assert (SECRET in str(error), "siti" in str(error)) == (False, False)
    assert "cannot be reached or refused the connection (error 1045)" in str(error)


@pytest.mark.parametrize(
    "url",
    [
        f"mssql://siti:{SECRET}@host/plant",
        f"postgresql://siti:pw@x:{SECRET}@host/plant",
        SECRET,
        "",
        f"postgresql://siti@host:{SECRET}/plant",
    ],
)
def test_a_url_of_no_known_database_is_refused_without_showing_it(url: str) -> None:
    error = refused(url, "SELECT 1")
    assert str(error).endswith("must be one of: sqlite, postgresql, mysql, oracle")
    assert SECRET not in str(error)
    assert not error.transient


def test_a_source_does_not_show_its_password() -> None:
    assert SECRET not in repr(SqlDatabase(f"postgresql://siti:{SECRET}@host/plant"))


def test_an_account_that_can_only_read_is_said_to(postgres_database: str, mariadb_database: str) -> None:
    with reader_of_postgresql(postgres_database) as url:
        report = SqlDatabase(url).check()
        assert (report.kind, report.zone, report.writes) == ("postgresql", "Asia/Jakarta", ())
        assert report.version.startswith("PostgreSQL ")
        assert report.latency_ms > 0
    with reader_of_mariadb(mariadb_database) as url:
        report = SqlDatabase(url).check()
        assert (report.kind, report.zone, report.writes) == ("mysql", "+07:00", ())
        assert "MariaDB" in report.version


def test_an_account_that_could_write_is_named_with_its_privileges(
    postgres_database: str, mariadb_database: str, sqlite_file: Path
) -> None:
    assert "superuser" in SqlDatabase(postgres_database).check().writes
    assert any("ALL PRIVILEGES" in each for each in SqlDatabase(mariadb_database).check().writes)
    assert SqlDatabase(f"sqlite:///{sqlite_file}").check().version.startswith("SQLite 3")
    with reader_of_postgresql(postgres_database, "GRANT UPDATE (ton) ON plant TO {}") as url:
        assert SqlDatabase(url).check().writes == ("UPDATE on 1 table, plant",)
    with reader_of_mariadb(mariadb_database, "GRANT INSERT ON plant TO {}") as url:
        [writes] = SqlDatabase(url).check().writes
        assert writes.startswith("INSERT on ")
