"""Webhooks as they came, and the messages that were in them."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from wa_integrasi.store.tables.base import DUE, NUMBER, UtcDateTime, metadata, row_id

inbound_events = Table(
    "inbound_events",
    metadata,
    row_id(),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("event_key", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("note", Text),
    # Who reads it now: then `due_at` is when that lease ends.
    Column("lease", Text),
    sqlite_autoincrement=True,
)
Index(
    "uq_inbound_events_account_event_key",
    inbound_events.c.provider,
    inbound_events.c.account,
    inbound_events.c.event_key,
    unique=True,
)
Index("ix_inbound_events_due_at", inbound_events.c.due_at, postgresql_where=DUE, sqlite_where=DUE)

inbound_messages = Table(
    "inbound_messages",
    metadata,
    row_id(),
    Column("event_id", NUMBER, nullable=False),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("quote_id", Text),
    Column("chat", Text, nullable=False),
    Column("group_id", Text),
    # Whoever wrote it, by every name that the channel gave, and of contacts by those that it gave before.
    Column("sender", Text, nullable=False),
    Column("sender_phone", Text),
    Column("sender_user_id", Text),
    Column("sender_lid", Text),
    Column("sender_name", Text),
    Column("kind", Text, nullable=False),
    Column("text", Text),
    Column("media", JSON(none_as_null=True)),
    Column("context", JSON(none_as_null=True)),
    Column("details", JSON(none_as_null=True)),
    # The channel's own item as JSON text, since it may hold what no JSON column takes.
    Column("raw", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    # The step that comes next (see `wa_integrasi.inbox.message.Step`), when it is due, and who is at it.
    Column("state", Text, nullable=False),
    Column("due_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease", Text),
    Column("note", Text),
    # Where it went (see `wa_integrasi.intake.routing.Route`); of an intake, to which conversation.
    Column("route", Text),
    Column("conversation_id", NUMBER),
    sqlite_autoincrement=True,
)
Index("uq_inbound_messages_message_id", inbound_messages.c.account, inbound_messages.c.message_id, unique=True)
Index("ix_inbound_messages_chat", inbound_messages.c.account, inbound_messages.c.chat, inbound_messages.c.at)
Index("ix_inbound_messages_at", inbound_messages.c.at, inbound_messages.c.id)
Index(
    "ix_inbound_messages_due",
    inbound_messages.c.state,
    inbound_messages.c.due_at,
    postgresql_where=DUE,
    sqlite_where=DUE,
)

_talked = text("conversation_id IS NOT NULL")
Index(
    "ix_inbound_messages_conversation_id",
    inbound_messages.c.conversation_id,
    postgresql_where=_talked,
    sqlite_where=_talked,
)

unread_items = Table(
    "unread_items",
    metadata,
    Column("event_id", NUMBER, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
)

number_changes = Table(
    "number_changes",
    metadata,
    Column("account", Text, primary_key=True),
    Column("old_chat", Text, primary_key=True),
    Column("new_chat", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

learned_ids = Table(
    "learned_ids",
    metadata,
    # A linked id or a BSUID, as `Recipient.chat`; `phone` is a contact's of the catalog.
    Column("address", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("phone", Text, nullable=False),
    # False where the catalog says that the id is another contact's: kept so that it is audited once.
    Column("believed", Boolean, nullable=False),
    # When the channel said so, by its message.
    Column("at", UtcDateTime, nullable=False),
)
Index("ix_learned_ids_phone", learned_ids.c.phone)
