"""Databases that reports read from, and asking them."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import make_url

from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.sql import SqlDatabase
from wa_integrasi.sources.sql.guard import Checked

SECRET = "rahasia"

TABLES = [
    "CREATE TABLE plant (unit TEXT, ton INTEGER)",
    f"INSERT INTO plant VALUES ('Tungku', 7), ('Kemas', NULL), ('{SECRET}', 3)",
]

UNCHANGED = Rows(("unit", "ton"), (("Kemas", None), ("Tungku", 7), (SECRET, 3)))

_ENDLESS = {
    "mysql": "SELECT seq AS x FROM seq_1_to_2000000000",
    "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c",
}


def endless(url: str, what: str = "x") -> str:
    """A query that gives 1, 2, 3 and so on, or something of them all."""
    numbers = _ENDLESS.get(make_url(url).get_backend_name(), _ENDLESS["sqlite"])
    return numbers if what == "x" else f"SELECT {what} FROM ({numbers}) AS numbers"


def ask(url: str, statement: str, *, timeout_s: float = 10, max_rows: int = 100, **parameters: Any) -> Rows:
    return SqlDatabase(url, timeout_s, max_rows).query(statement, parameters)


def unguarded(url: str, statement: str, *, timeout_s: float = 10, **parameters: Any) -> Rows:
    """Ask as if the guard had let the statement through."""
    with patch("wa_integrasi.sources.sql.database.check", lambda text, *_: Checked(text)):
        return ask(url, statement, timeout_s=timeout_s, **parameters)


def refused(url: str, statement: str, *, timeout_s: float = 10, **parameters: Any) -> SourceError:
    with pytest.raises(SourceError) as error:
        ask(url, statement, timeout_s=timeout_s, **parameters)
    return error.value


def refused_unguarded(url: str, statement: str, *, timeout_s: float = 10) -> SourceError:
    with pytest.raises(SourceError) as error:
        unguarded(url, statement, timeout_s=timeout_s)
    return error.value


def everything(url: str) -> Rows:
    return ask(url, "SELECT unit, ton FROM plant ORDER BY lower(unit) = 'rahasia', unit")
