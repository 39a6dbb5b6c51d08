"""Accounts that may read the plant, as an administrator should make them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import make_url

from tests.mariadb import run


@contextmanager
def reader_of_postgresql(url: str, *more: str) -> Iterator[str]:
    """The address for an account with SELECT on `plant`, and whatever `more` grants to `{}`."""
    name = f"wa_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'baca'")
        admin.execute(f"GRANT SELECT ON plant TO {name}")
        for grant in more:
            admin.execute(grant.format(name))
        try:
            yield make_url(url).set(username=name, password="baca").render_as_string(hide_password=False)
        finally:
            admin.execute(f"DROP OWNED BY {name}")
            admin.execute(f"DROP ROLE {name}")


@contextmanager
def reader_of_mariadb(url: str, *more: str) -> Iterator[str]:
    """The address for an account with SELECT on the database, and whatever `more` grants to `{}`."""
    name = f"wa_{uuid.uuid4().hex[:12]}"
    database = make_url(url).database
    run(url, f"CREATE USER {name} IDENTIFIED BY 'baca'", f"GRANT SELECT ON {database}.* TO {name}")
    try:
        run(url, *(grant.format(name) for grant in more))
        yield make_url(url).set(username=name, password="baca").render_as_string(hide_password=False)
    finally:
        run(url, f"DROP USER {name}")
