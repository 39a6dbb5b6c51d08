"""What the owner was told by another channel than WhatsApp."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from wa_integrasi.store.tables.base import DUE, UtcDateTime, metadata

owner_notices = Table(
    "owner_notices",
    metadata,
    # held/ACCOUNT, message/ID: told of once (see `wa_integrasi.upkeep.matters`).
    Column("matter", Text, primary_key=True),
    Column("said", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # When it is told, or told again; null once it was accepted or given up.
    Column("due_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("told_at", UtcDateTime),
)
Index("ix_owner_notices_due_at", owner_notices.c.due_at, postgresql_where=DUE, sqlite_where=DUE)
