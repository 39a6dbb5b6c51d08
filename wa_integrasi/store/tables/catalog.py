"""What data engineers define, with every version."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, Table, Text, text

from wa_integrasi.store.tables.base import UtcDateTime, metadata


def _versions(name: str) -> Table:
    """A kind of catalog entry: every version is kept; the one without `retired_at` is in force."""
    table = Table(
        name,
        metadata,
        Column("name", Text, primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("definition", JSON, nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
        Column("retired_at", UtcDateTime),
    )
    in_force = text("retired_at IS NULL")
    Index(f"uq_{name}_in_force", table.c.name, unique=True, postgresql_where=in_force, sqlite_where=in_force)
    return table


contacts = _versions("contacts")
groups = _versions("groups")
chat_templates = _versions("chat_templates")
reports = _versions("reports")
triggers = _versions("triggers")
policies = _versions("policies")
calendars = _versions("calendars")
