"""The view `messages`: one audit list over what went out and what came in, nothing written twice."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from wa_integrasi.store.tables.base import UtcDateTime

views = MetaData()
"""Apart from the tables: a migration makes a view by its own words."""

messages = Table(
    "messages",
    views,
    Column("direction", Text),
    Column("id", BigInteger),
    Column("account", Text),
    Column("chat", Text),
    Column("sender", Text),
    Column("sender_name", Text),
    Column("kind", Text),
    Column("content", Text),
    Column("status", Text),
    Column("report", Text),
    Column("slot", Text),
    Column("part", Integer),
    Column("parts", Integer),
    Column("flow_run_id", Text),
    Column("attempts", Integer),
    Column("provider_message_id", Text),
    Column("created_at", UtcDateTime),
    Column("received_at", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("read_at", UtcDateTime),
    Column("error_code", Text),
    Column("error_text", Text),
)
