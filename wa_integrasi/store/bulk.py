"""Many rows in one statement, the same SQL on both databases: they travel as one JSON parameter.

On PostgreSQL this is several times faster than `executemany`, and its plan does not depend on how many rows there are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Table, TextClause, text
from sqlalchemy.dialects import postgresql, sqlite

from wa_integrasi.store.tables import UtcDateTime


@dataclass(frozen=True)
class Bulk:
    """A statement over rows that it calls `x`, written as `{x}` where a table may stand.

    `columns` are the names and PostgreSQL types of the rows' values.
    """

    sql: str
    columns: tuple[tuple[str, str], ...]

    def __call__(self, connection: Connection, rows: Sequence[Mapping[str, Any]], **values: Any) -> CursorResult[Any]:
        """Run it over `rows`; `values` are its other parameters."""
        dialect = connection.dialect
        cells = json.dumps(
            rows, ensure_ascii=False, separators=(",", ":"), default=lambda cell: str(_kept(cell, dialect))
        )
        return connection.execute(_statement(self, dialect.name), {"x": cells, **_all_kept(values, dialect)})


def bulk(sql: str, **columns: str) -> Bulk:
    """`Bulk` with its columns as keywords: `bulk("DELETE FROM t USING {x} …", id="bigint")`."""
    return Bulk(sql, tuple(columns.items()))


def plain(connection: Connection, sql: str, **values: Any) -> CursorResult[Any]:
    """Run SQL text; moments among `values` are told as the database keeps them."""
    return connection.execute(_text(sql), _all_kept(values, connection.dialect))


def locked(connection: Connection, table: str, *, skip: bool = True) -> str:
    """The end of a SELECT that locks rows of `table`, leaving out those of others. On SQLite all is locked already."""
    if connection.dialect.name == "sqlite":
        return ""
    return f" FOR UPDATE OF {table}{' SKIP LOCKED' if skip else ''}"


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows by their primary key, whether they are there or not; all of them have the same columns."""
    if not rows:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    new = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=new), rows)


def moment(value: Any, dialect: Dialect) -> datetime | None:
    """A moment as SQL text gives it, aware and in UTC."""
    return _MOMENT.process_result_value(value, dialect)


@lru_cache(maxsize=256)
def _text(sql: str) -> TextClause:
    return text(sql)


@lru_cache(maxsize=256)
def _statement(of: Bulk, dialect: str) -> TextClause:
    if dialect == "postgresql":
        typed = ", ".join(f"{name} {kind}" for name, kind in of.columns)
        rows = f"json_to_recordset(CAST(:x AS json)) AS x({typed})"
    else:
        cells = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name, _ in of.columns)
        rows = f"(SELECT {cells} FROM json_each(:x)) AS x"
    return text(of.sql.replace("{x}", rows))


_MOMENT = UtcDateTime()


def _kept(value: Any, dialect: Dialect) -> Any:
    return _MOMENT.process_bind_param(value, dialect) if isinstance(value, datetime) else value


def _all_kept(values: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    return {name: _kept(value, dialect) for name, value in values.items()}
