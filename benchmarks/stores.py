"""A new store for each measurement."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import make_url

from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate


@contextmanager
def database(server: str) -> Iterator[str]:
    """The address of a new PostgreSQL database, dropped at the end."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    try:
        yield make_url(server).set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def store_url(kind: str, server: str) -> Iterator[str]:
    """The address of a new store, as `Store.open` takes it; `kind` is `sqlite` or `postgresql`."""
    if kind == "postgresql":
        with database(server) as url:
            migrated = make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
            yield _migrated(migrated)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield _migrated(f"sqlite+pysqlite:///{folder}/wa.db")


@contextmanager
def store_of(kind: str, server: str) -> Iterator[Store]:
    """A new store, open."""
    with store_url(kind, server) as url, Store.open(url) as store:
        yield store


def _migrated(url: str) -> str:
    with Store.open(url) as store:
        migrate(store)
    return url
