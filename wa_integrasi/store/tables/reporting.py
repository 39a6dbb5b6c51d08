"""What recaps last told."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Table, Text

from wa_integrasi.store.tables.base import UtcDateTime, metadata

told_recaps = Table(
    "told_recaps",
    metadata,
    # Of each report and the set of its recipients (see `wa_integrasi.reporting.recaps`): until when it was told of,
    # and the rows that were told.
    Column("report", Text, primary_key=True),
    Column("audience", Text, primary_key=True),
    Column("told_at", UtcDateTime, nullable=False),
    Column("rows", JSON, nullable=False),
)
