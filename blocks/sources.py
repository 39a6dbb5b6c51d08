"""Data sources as blocks: what a report's `source` names."""

from __future__ import annotations

from typing import ClassVar, cast

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, field_validator

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.sql import SqlDatabase


class SqlSource(Block):
    """A database that reports read from: SQLite or PostgreSQL.

    Give its account SELECT and nothing else. Every query runs in a fresh read-only session, with a time limit and a
    row cap.

    Attributes:
        url: SQLAlchemy URL, such as `postgresql://reader:password@host/plant` or `sqlite:////data/plant.db`.
        timeout_s: Seconds after which a query is cancelled.
        max_rows: Most rows that a query may give.

    Example:
        Query a source:
        ```python
        from blocks.sources import SqlSource

        source = SqlSource.load("BLOCK_NAME")
        rows = source.database().query("SELECT unit, ton FROM production WHERE day = :day", {"day": "2026-11-19"})
        ```
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name: ClassVar[str | None] = "SQL source"
    _block_type_slug: ClassVar[str | None] = "sql-source"
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls"
    )
    _description = "A database that reports read from: SQLite or PostgreSQL, read-only."

    url: SecretStr = Field(description="SQLAlchemy URL of the database, with its password.")
    timeout_s: float = Field(default=30.0, gt=0, le=600, description="Seconds after which a query is cancelled.")
    max_rows: int = Field(default=10_000, ge=1, le=1_000_000, description="Most rows that a query may give.")

    @field_validator("url")
    @classmethod
    def _known_database(cls, url: SecretStr) -> SecretStr:
        try:
            _ = SqlDatabase(url.get_secret_value()).dialect
        except SourceError as error:
            raise ValueError(str(error)) from None
        return url

    def database(self) -> SqlDatabase:
        """The source itself."""
        return SqlDatabase(self.url.get_secret_value(), timeout_s=self.timeout_s, max_rows=self.max_rows)


def load_source(name: str) -> SqlDatabase:
    """The source that a report names, for code in a thread. Raises `SourceError` where there is none."""
    try:
        block = cast(SqlSource, SqlSource.load(name))
    except ValueError as error:
        raise SourceError(f"no source block is called {name}: make one in the Prefect UI", transient=False) from error
    return block.database()
