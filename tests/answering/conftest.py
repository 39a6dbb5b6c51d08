"""The world of these tests: on SQLite, or (`worlds`) on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.answering.world import CATALOG, Plant, World, build_plant
from tests.conftest import FrozenClock
from tests.memory import memory_folder
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.store.engine import Store


@pytest.fixture(scope="session")
def plant_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("plant") / "plant.db"
    build_plant(file)
    return file


@pytest.fixture(scope="session")
def catalog_file(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Path:
    """A SQLite store that has the catalog, to copy."""
    file = shutil.copyfile(migrated_file, tmp_path_factory.mktemp("catalog") / "wa.db")
    with Store.open(f"sqlite+pysqlite:///{file}") as store:
        apply_catalog(store, CATALOG)
    return file


@pytest.fixture
def world(catalog_file: Path, clock: FrozenClock, plant_file: Path) -> Iterator[World]:
    with memory_folder("wa-sqlite-") as folder:
        file = shutil.copyfile(catalog_file, folder / "wa.db")
        with Store.open(f"sqlite+pysqlite:///{file}") as store:
            yield World(store, clock, Plant(plant_file))


@pytest.fixture
def worlds(store: Store, clock: FrozenClock, plant_file: Path) -> World:
    """Once on each database."""
    return World(store, clock, Plant(plant_file))
