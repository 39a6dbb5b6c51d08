"""Empty stores of both kinds."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate

KINDS = ("sqlite", "postgresql")


@contextmanager
def address_of_new(kind: str, folder: Path, server: str) -> Iterator[str]:
    """The address of an empty database: in `folder`, or one made on `server` for as long as the block."""
    if kind == "sqlite":
        yield f"sqlite+pysqlite:///{folder}/wa.db"
        return
    name = f"chaos_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    try:
        yield make_url(server).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def new_store(url: str) -> Iterator[Store]:
    """The store at `url`, migrated."""
    with Store.open(url) as store:
        migrate(store)
        yield store
