"""Bringing a database to the current shape, from an empty one or from any earlier revision."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from wa_integrasi.store.engine import Store, StoreError

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 4_277_001
"""An advisory lock of PostgreSQL: two processes that start at once migrate one after the other."""


def migrate(store: Store, revision: str = "head") -> str:
    """Bring the store to `revision` in one transaction and return the revision it has then."""
    with store.writing() as connection:
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(_config(connection), revision)
        return _revision(connection) or "empty"


def check_revision(store: Store) -> None:
    """Raise `StoreError`, which says what to do, unless the store has the revision that this code was written for."""
    with store.reading() as connection:
        found = _revision(connection)
    scripts = ScriptDirectory(str(_MIGRATIONS))
    head = scripts.get_current_head()
    if found == head:
        return
    where = store.name
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(f"the store {where} is at revision {found}, newer than this program: update the program")
    raise StoreError(f"the store {where} is at revision {found or 'none (empty)'}, not at {head}: run 'wa init'")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
