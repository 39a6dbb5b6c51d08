"""Databases that reports read from, and asking them."""

from __future__ import annotations

from typing import Any

import pytest

from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.sql import SqlDatabase

SECRET = "rahasia"

TABLES = [
    "CREATE TABLE plant (unit TEXT, ton INTEGER)",
    f"INSERT INTO plant VALUES ('Tungku', 7), ('Kemas', NULL), ('{SECRET}', 3)",
]

UNCHANGED = Rows(("unit", "ton"), (("Kemas", None), ("Tungku", 7), (SECRET, 3)))


def ask(url: str, statement: str, *, timeout_s: float = 10, max_rows: int = 100, **parameters: Any) -> Rows:
    return SqlDatabase(url, timeout_s, max_rows).query(statement, parameters)


def refused(url: str, statement: str, *, timeout_s: float = 10, **parameters: Any) -> SourceError:
    with pytest.raises(SourceError) as error:
        ask(url, statement, timeout_s=timeout_s, **parameters)
    return error.value


def everything(url: str) -> Rows:
    return ask(url, "SELECT unit, ton FROM plant ORDER BY lower(unit) = 'rahasia', unit")
