"""What became of the slots of reports, and since when their watch looks."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from wa_integrasi.store.tables.base import UtcDateTime, metadata

report_slots = Table(
    "report_slots",
    metadata,
    Column("report", Text, primary_key=True),
    Column("slot", Text, primary_key=True),
    # `Outcome` of `wa_integrasi.reporting.ledger`.
    Column("outcome", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("flow_run_id", Text),
)

watches = Table(
    "watches",
    metadata,
    Column("name", Text, primary_key=True),
    Column("since", UtcDateTime, nullable=False),
)
