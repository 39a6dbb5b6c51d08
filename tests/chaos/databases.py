"""Empty stores of both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import database
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate

KINDS = ("sqlite", "postgresql")


@contextmanager
def address_of_new(kind: str, folder: Path, server: str) -> Iterator[str]:
    """The address of an empty database: in `folder`, or one made on `server` for as long as the block."""
    if kind == "sqlite":
        yield f"sqlite+pysqlite:///{folder}/wa.db"
        return
    with database(server, driver="postgresql+psycopg") as url:
        yield url


@contextmanager
def new_store(url: str) -> Iterator[Store]:
    """The store at `url`, migrated."""
    with Store.open(url) as store:
        migrate(store)
        yield store
