"""`wa source check`: what a person sees of a source, from its block."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks.sources import SqlSource
from tests.prefect.conftest import House


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    file = tmp_path / "plant.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE plant (unit TEXT)")
    return file


async def test_a_source_that_answers_is_described(house: House, plant: Path) -> None:
    await SqlSource(url=SecretStr(f"sqlite:///{plant}")).asave("pabrik-periksa", overwrite=True)
    said = house.wa("source", "check", "pabrik-periksa")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("pabrik-periksa: SQLite 3")
    assert "warning: the account is not only read: the file can be written by the user" in said.stdout
    told = json.loads(house.wa("source", "check", "pabrik-periksa", "--json").stdout)
    assert (told["kind"], len(told["writes"])) == ("sqlite", 1)


async def test_a_source_that_does_not_answer_is_an_error(house: House, tmp_path: Path) -> None:
    await SqlSource(url=SecretStr(f"sqlite:///{tmp_path}/plant.db")).asave("pabrik-hilang", overwrite=True)
    said = house.wa("source", "check", "pabrik-hilang")
    assert (said.returncode, said.stderr) == (1, "error: there is no database file 'plant.db'\n")
    assert "no source block is called tidak-ada" in house.wa("source", "check", "tidak-ada").stderr
