"""`wa source check`: what a person sees of a source, from its block."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from blocks.sources import SqlSource
from deployments.cli import app
from wa_integrasi.sources.base import SourceError


def check(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["source", "check", *arguments])


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    file = tmp_path / "plant.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE plant (unit TEXT)")
    return file


def test_a_source_that_answers_is_described(plant: Path) -> None:
    SqlSource(url=SecretStr(f"sqlite:///{plant}")).save("pabrik-periksa", overwrite=True)
    said = check("pabrik-periksa")
    assert said.exit_code == 0, said.output
    assert said.output.startswith("pabrik-periksa: SQLite 3")
    assert "warning: the account is not only read: the file can be written by the user" in said.output
    told = json.loads(check("pabrik-periksa", "--json").output)
    assert (told["kind"], len(told["writes"])) == ("sqlite", 1)


def test_a_source_that_does_not_answer_is_an_error(plant: Path) -> None:
    SqlSource(url=SecretStr(f"sqlite:///{plant}")).save("pabrik-hilang", overwrite=True)
    plant.unlink()
    said = check("pabrik-hilang")
    assert said.exit_code == 1
    assert isinstance(said.exception, SourceError)
    assert "there is no database file 'plant.db'" in str(said.exception)
    assert "no source block is called tidak-ada" in str(check("tidak-ada").exception)
