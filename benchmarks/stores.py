"""A new store for each measurement."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from tests.postgres import database
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate


@contextmanager
def store_url(kind: str, server: str) -> Iterator[str]:
    """The address of a new store, as `Store.open` takes it; `kind` is `sqlite` or `postgresql`."""
    if kind == "postgresql":
        with database(server, driver="postgresql+psycopg") as url:
            yield _migrated(url)
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
