"""Fixtures that every room's tests may use: the store on both databases, and a clock that stands still."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url

from tests.memory import memory_folder
from tests.postgres import Copies, database, postgres
from tests.sharing import Sharing
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate

DRIVER = "postgresql+psycopg"

# How fast a machine is says nothing about a property.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    config.option.loadscopereorder = False
    return Sharing(config, log)


class FrozenClock:
    """A clock that moves only when it is told to; ahead of every database server's own."""

    def __init__(self) -> None:
        self.now = datetime(2040, 11, 20, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server for the session."""
    with postgres(durable=False) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite+pysqlite:///{tmp_path}/wa.db"
        return
    with database(request.getfixturevalue("postgres_url"), driver=DRIVER) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database to copy."""
    file = tmp_path_factory.mktemp("migrated") / "wa.db"
    with Store.open(f"sqlite+pysqlite:///{file}") as store:
        migrate(store)
    return file


@pytest.fixture(scope="session")
def migrated_copies(postgres_url: str) -> Iterator[Copies]:
    """Migrated PostgreSQL databases."""
    with database(postgres_url, driver=DRIVER) as url:
        with Store.open(url) as store:
            migrate(store)
        with closing(Copies(postgres_url, str(make_url(url).database))) as copies:
            yield copies


@pytest.fixture
def sqlite_url(migrated_file: Path) -> Iterator[str]:
    """A migrated SQLite database."""
    with memory_folder("wa-sqlite-") as folder:
        yield f"sqlite+pysqlite:///{shutil.copyfile(migrated_file, folder / 'wa.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database of each kind; a copy, since migrating takes longer than most tests."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    with request.getfixturevalue("migrated_copies").one(driver=DRIVER) as url:
        yield url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A migrated store, once on SQLite and once on PostgreSQL."""
    with Store.open(database_url) as opened:
        yield opened
