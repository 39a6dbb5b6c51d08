"""The database is brought to its shape from nothing, from every revision, and by two processes at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from wa_integrasi.store import migrating
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.tables import metadata

REVISIONS = [script.revision for script in ScriptDirectory(str(migrating._MIGRATIONS)).walk_revisions()]


@pytest.mark.parametrize("earlier", REVISIONS)
def test_every_revision_leads_to_the_tables_of_the_code(empty_database_url: str, earlier: str) -> None:
    with Store.open(empty_database_url) as store:
        assert migrating.migrate(store, earlier) == earlier
        assert migrating.migrate(store) == REVISIONS[0]
        with store.reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_subscriptions_learn_whose_they_are(empty_database_url: str) -> None:
    """They went with a number before."""
    values = "'id', 'report', 'harian', '{}', '2026-11-20 05:00:00+00:00', 'ok', 'ok', 0, 0"
    columns = (
        "account, person, number, chat, language, kind, name, arguments, created_at, state, told, misses, tellings"
    )
    with Store.open(empty_database_url) as store:
        migrating.migrate(store, "0017")
        with store.writing() as connection:
            for name, phone in (("siti", "+622"), ("budi", "+621"), ("lama", "+622")):
                connection.exec_driver_sql(
                    "INSERT INTO contacts (name, version, definition, created_at) "
                    f"VALUES ('{name}', 1, '{{\"phone\": \"{phone}\"}}', '2026-11-20 05:00:00+00:00')"
                )
            for phone in ("+621", "+622", "+629"):
                connection.exec_driver_sql(
                    f"INSERT INTO subscriptions ({columns}) VALUES ('default', '{phone}', 1, '{phone}', {values})"
                )
        migrating.migrate(store)
        with store.reading() as connection:
            found = connection.execute(text("SELECT person, contact FROM subscriptions")).tuples().all()
    assert dict(found) == {"+621": "budi", "+622": "lama", "+629": "+629"}


def test_two_starts_at_once_migrate_one_after_the_other(empty_database_url: str) -> None:
    def start(_: int) -> str:
        with Store.open(empty_database_url) as store:
            return migrating.migrate(store)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [REVISIONS[0]] * 4


def test_an_empty_store_says_what_to_do(empty_database_url: str) -> None:
    with Store.open(empty_database_url) as store, pytest.raises(StoreError, match="run 'wa init'"):
        migrating.check_revision(store)


def test_a_store_that_is_away_is_named_without_its_password() -> None:
    away = "postgresql+psycopg://wa:geheim@127.0.0.1:1/wa"
    with Store.open(away) as store, pytest.raises(StoreError) as caught, store.reading():
        pass
    assert "127.0.0.1:1" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_sqlite_keeps_what_it_has_committed_and_checks_foreign_keys(tmp_path) -> None:
    with Store.open(f"sqlite+pysqlite:///{tmp_path}/wa.db") as store, store.reading() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert pragmas["journal_mode"] == "wal"
    assert pragmas["foreign_keys"] == 1
    assert pragmas["synchronous"] == 2
    assert pragmas["busy_timeout"] >= 5000
