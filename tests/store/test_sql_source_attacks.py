"""Queries that mean harm: whatever they try, the data stay as they were and the next query is read-only again."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.mariadb import run
from tests.store.plants import UNCHANGED, ask, everything, refused, refused_unguarded, unguarded

WRITES = [
    "INSERT INTO plant VALUES ('x', 1)",
    "UPDATE plant SET ton = 0",
    "UPDATE plant SET ton = 0 RETURNING unit",
    "DELETE FROM plant",
    "DROP TABLE plant",
    "CREATE TABLE other (a INTEGER)",
    "CREATE TEMPORARY TABLE other (a INTEGER)",
    "ALTER TABLE plant ADD COLUMN a INTEGER",
    "WITH gone AS (SELECT 1) DELETE FROM plant",
    "SELECT 1; DELETE FROM plant",
    "SELECT 1; COMMIT; BEGIN; DELETE FROM plant",
    "COMMIT",
    "",
    "-- SELECT 1",
]


@pytest.mark.parametrize("statement", WRITES)
def test_whatever_is_no_select_is_refused_for_good_and_changes_nothing(url: str, statement: str) -> None:
    assert not refused(url, statement).transient
    assert everything(url) == UNCHANGED


@pytest.mark.parametrize("statement", [each for each in WRITES if "TEMPORARY" not in each])
def test_the_session_refuses_a_write_that_the_guard_has_missed(url: str, statement: str) -> None:
    refused_unguarded(url, statement)
    assert everything(url) == UNCHANGED


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "PRAGMA journal_mode = DELETE",
        "SELECT * FROM pragma_table_info('plant')",
        "SELECT load_extension('evil')",
        "SELECT LOAD_EXTENSION('evil')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT writefile('stolen', 'x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT edit('x')",
        "VACUUM",
        "ANALYZE",
        "SAVEPOINT a",
        "CREATE VIRTUAL TABLE v USING fts5(a)",
        "SELECT length(zeroblob(900000000))",
        "SELECT hex(zeroblob(100000000))",
    ],
)
def test_the_back_doors_of_sqlite_are_shut(sqlite_file: Path, statement: str) -> None:
    url = f"sqlite:///{sqlite_file}"
    assert not refused(url, statement).transient
    assert not refused_unguarded(url, statement).transient
    assert everything(url) == UNCHANGED


@pytest.mark.parametrize("statement", ["ATTACH '{}' AS other", "VACUUM INTO '{}'"])
def test_sqlite_reaches_no_file_besides_its_own(sqlite_file: Path, tmp_path: Path, statement: str) -> None:
    refused(f"sqlite:///{sqlite_file}", statement.format(tmp_path / "other.db"))
    refused_unguarded(f"sqlite:///{sqlite_file}", statement.format(tmp_path / "other.db"))
    assert list(tmp_path.iterdir()) == [sqlite_file]


@pytest.mark.parametrize(
    "statement",
    [
        "WITH gone AS (DELETE FROM plant RETURNING unit) SELECT * FROM gone",
        "SELECT * INTO other FROM plant",
        "SELECT * FROM plant FOR UPDATE",
        "SELECT nextval('numbers')",
        "SELECT plain()",
        "SELECT sly()",
        "SELECT lo_create(0)",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT 1); DELETE FROM plant; --",
        "SET TRANSACTION READ WRITE",
        "TRUNCATE plant",
        "LOCK TABLE plant",
        "EXPLAIN ANALYZE DELETE FROM plant",
        "PREPARE p AS DELETE FROM plant",
        "DO $$ BEGIN DELETE FROM plant; END $$",
        "COPY plant FROM '/etc/passwd'",
        "COPY plant TO PROGRAM 'true'",
        "SELECT query_to_xml('DELETE FROM plant', true, true, '')",
        "SELECT dblink_exec('', 'DELETE FROM plant')",
    ],
)
def test_the_back_doors_of_postgresql_are_shut(postgres_database: str, statement: str) -> None:
    assert not refused(postgres_database, statement).transient
    refused_unguarded(postgres_database, statement)
    assert everything(postgres_database) == UNCHANGED
    with psycopg.connect(postgres_database) as connection:
        assert connection.execute("SELECT is_called FROM numbers").fetchone() == (False,)


def test_a_postgresql_setting_that_a_query_changes_is_gone_with_its_session(postgres_database: str) -> None:
    unguarded(postgres_database, "SELECT set_config('default_transaction_read_only', 'off', false)")
    unguarded(postgres_database, "SELECT set_config('statement_timeout', '0', false)")
    unguarded(postgres_database, "SELECT pg_advisory_lock(1)")
    settings = "SELECT current_setting('transaction_read_only'), current_setting('statement_timeout')"
    assert unguarded(postgres_database, settings, timeout_s=7).values == (("on", "7s"),)
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    assert unguarded(postgres_database, locks).values == ((0,),)
    refused_unguarded(postgres_database, "SELECT plain()")
    assert everything(postgres_database) == UNCHANGED


def test_a_query_that_switches_its_own_time_limit_off_is_stopped_all_the_same(
    postgres_database: str, mariadb_database: str
) -> None:
    sly = "SELECT set_config('statement_timeout', '0', false) UNION ALL SELECT pg_sleep(20)::text"
    assert "took longer than its time limit" in str(refused_unguarded(postgres_database, sly, timeout_s=0.1))
    sly = "SET STATEMENT max_statement_time = 0 FOR SELECT sleep(20), unit FROM plant"
    assert "took longer than its time limit" in str(refused_unguarded(mariadb_database, sly, timeout_s=0.1))
    running = "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SET STATEMENT%sleep(20)%'"
    assert run(mariadb_database, running) == [(0,)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT plain()",
        "SELECT nextval(numbers)",
        "SET SESSION TRANSACTION READ WRITE",
        "CALL nothing()",
        "HANDLER plant OPEN",
        "LOAD DATA INFILE '/etc/passwd' INTO TABLE plant",
        "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE plant",
        "REPLACE INTO plant VALUES ('x', 1)",
        "TRUNCATE plant",
        "LOCK TABLES plant WRITE",
        "GRANT ALL ON *.* TO someone",
    ],
)
def test_the_back_doors_of_mariadb_are_shut(mariadb_database: str, statement: str) -> None:
    assert not refused(mariadb_database, statement).transient
    refused_unguarded(mariadb_database, statement)
    assert everything(mariadb_database) == UNCHANGED


def test_bound_values_are_values_whatever_is_in_them(url: str) -> None:
    statement = "SELECT ton FROM plant WHERE unit = :unit"
    assert ask(url, statement, unit="Tungku").values == ((7,),)
    assert ask(url, statement, unit="' OR '1'='1").values == ()
    assert ask(url, statement, unit="'; DELETE FROM plant; --").values == ()
    assert everything(url) == UNCHANGED
