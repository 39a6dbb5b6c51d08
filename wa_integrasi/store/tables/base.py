"""What the tables share: their metadata, and how ids and moments are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    Text,
    func,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC. SQLite keeps it as text that sorts like the time it says.

    What another program wrote there may be no moment at all: it reads as None, and the rest of its row can be read.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, where any value may stand in any column."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else self.impl_instance)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To UTC; refuses a moment without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no zone")
        value = value.astimezone(UTC)
        return f"{value:%Y-%m-%d %H:%M:%S.%f}" if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Aware again."""
        if dialect.name == "sqlite" and value is not None:
            try:
                value = datetime.fromisoformat(value)
            except (TypeError, ValueError):
                return None
        moment: datetime | None = value
        if moment is None:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""Of ids: SQLite numbers only what is called INTEGER."""


def row_id() -> Column[int]:
    """The primary key of rows that are numbered."""
    return Column("id", NUMBER, primary_key=True, autoincrement=True)


def stamped(name: str) -> Column[Any]:
    """A moment that the database fills in."""
    return Column(name, UtcDateTime, nullable=False, server_default=func.current_timestamp())


DUE = text("due_at IS NOT NULL")
"""What the indexes of queues ask for."""
