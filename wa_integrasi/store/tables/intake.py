"""What becomes of what people write: complaints, commands, conversations, files; and who writes too much."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, Table, Text, text

from wa_integrasi.store.tables.base import DUE, NUMBER, UtcDateTime, metadata, row_id, stamped

complaint_queue = Table(
    "complaint_queue",
    metadata,
    # The columns of the systems that this replaces: a foreign producer's plain INSERT is enough.
    row_id(),
    Column("complainant", Text, nullable=False),
    Column("response_template", Text),
    Column("status", Text, nullable=False, server_default="pending"),
    stamped("created_at"),
    Column("responded_at", UtcDateTime),
    # Ours: where an answer goes, what was written, and by what it came (a message, or a key of the API).
    Column("account", Text, nullable=False, server_default="default"),
    Column("chat", Text),
    Column("text", Text),
    Column("fields", JSON(none_as_null=True)),
    Column("message_id", NUMBER),
    Column("filed_by", Text),
    # Who is at it, and until when; or when it is tried again. Why it was set aside, and when its owner was told.
    Column("due_at", UtcDateTime),
    Column("lease", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("note", Text),
    Column("noticed_at", UtcDateTime),
    # When people on duty are told (again), how often they were, and when a person answered.
    Column("escalate_at", UtcDateTime),
    Column("escalated", Integer, nullable=False, server_default="0"),
    Column("answered_at", UtcDateTime),
    Column("answered_by", Text),
    sqlite_autoincrement=True,
)
PENDING_COMPLAINT, ASIDE_COMPLAINT = text("status = 'pending'"), text("status = 'aside' AND noticed_at IS NULL")
"""For a WHERE: a partial index is found by its own words only, never by a parameter."""

Index(
    "ix_complaint_queue_pending",
    complaint_queue.c.id,
    postgresql_where=PENDING_COMPLAINT,
    sqlite_where=PENDING_COMPLAINT,
)
Index(
    "ix_complaint_queue_unnoticed",
    complaint_queue.c.id,
    postgresql_where=ASIDE_COMPLAINT,
    sqlite_where=ASIDE_COMPLAINT,
)
_escalates = text("escalate_at IS NOT NULL")
Index(
    "ix_complaint_queue_escalate_at",
    complaint_queue.c.escalate_at,
    complaint_queue.c.id,
    postgresql_where=_escalates,
    sqlite_where=_escalates,
)
_written = text("message_id IS NOT NULL")
Index(
    "uq_complaint_queue_message_id",
    complaint_queue.c.message_id,
    unique=True,
    postgresql_where=_written,
    sqlite_where=_written,
)

commands = Table(
    "commands",
    metadata,
    row_id(),
    # Where the answer goes, and who asked: a person, or a key of the API (`asked_by`).
    Column("account", Text, nullable=False),
    Column("chat", Text, nullable=False),
    Column("sender", Text),
    Column("asked_by", Text),
    Column("message_id", NUMBER),
    Column("quote_id", Text),
    # What was written; or the name of a trigger, with its arguments. Once answered, the trigger that a text meant.
    Column("text", Text),
    Column("trigger", Text),
    Column("arguments", JSON(none_as_null=True)),
    Column("created_at", UtcDateTime, nullable=False),
    # waiting, running, answered, refused, failed
    Column("state", Text, nullable=False),
    Column("due_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease", Text),
    Column("flow_run_id", Text),
    Column("ended_at", UtcDateTime),
    Column("note", Text),
    sqlite_autoincrement=True,
)
Index("ix_commands_due_at", commands.c.due_at, postgresql_where=DUE, sqlite_where=DUE)
Index(
    "ix_commands_person",
    commands.c.account,
    commands.c.chat,
    commands.c.sender,
    commands.c.id,
    postgresql_where=DUE,
    sqlite_where=DUE,
)
_ran = text("state = 'answered' AND trigger IS NOT NULL")
Index(
    "ix_commands_ran",
    commands.c.account,
    commands.c.sender,
    commands.c.trigger,
    commands.c.ended_at,
    postgresql_where=_ran,
    sqlite_where=_ran,
)
_approval = text("note = 'waits for approval'")
Index(
    "ix_commands_approval",
    commands.c.account,
    commands.c.chat,
    commands.c.sender,
    commands.c.ended_at,
    postgresql_where=_approval,
    sqlite_where=_approval,
)
_asked = text("message_id IS NOT NULL")
Index(
    "uq_commands_message_id",
    commands.c.message_id,
    unique=True,
    postgresql_where=_asked,
    sqlite_where=_asked,
)

dialogs = Table(
    "dialogs",
    metadata,
    # What the bot remembers of a person in a chat (see `wa_integrasi.commands.conversation`), and until when what they
    # write next is taken for an answer. `pages` are the texts of the long answer that they turn the pages of; at
    # `warn_at` they are told that a question is soon forgotten.
    Column("account", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("memory", JSON, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("pages", JSON(none_as_null=True)),
    Column("warn_at", UtcDateTime),
)
_warned = text("warn_at IS NOT NULL")
Index("ix_dialogs_warn_at", dialogs.c.warn_at, postgresql_where=_warned, sqlite_where=_warned)
Index("ix_dialogs_until", dialogs.c.until)

conversations = Table(
    "conversations",
    metadata,
    row_id(),
    Column("account", Text, nullable=False),
    Column("chat", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("messages", Integer, nullable=False),
    # How many of them had been judged when it was classified.
    Column("judged", Integer, nullable=False, server_default="0"),
    # What it is about, and who says so: an AI or the rules.
    Column("intent", Text),
    Column("urgency", Text),
    Column("summary", Text),
    Column("classified_by", Text),
    Column("reason", Text),
    # When it is to be classified (again), and who is at it.
    Column("due_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease", Text),
    # When it was found urgent, and when Prefect was told of that.
    Column("urgent_at", UtcDateTime),
    Column("told_at", UtcDateTime),
    sqlite_autoincrement=True,
)
_open = text("closed_at IS NULL")
Index(
    "uq_conversations_open",
    conversations.c.account,
    conversations.c.chat,
    conversations.c.sender,
    unique=True,
    postgresql_where=_open,
    sqlite_where=_open,
)
Index("ix_conversations_due_at", conversations.c.due_at, postgresql_where=DUE, sqlite_where=DUE)
_untold = text("urgent_at IS NOT NULL AND told_at IS NULL")
Index("ix_conversations_untold", conversations.c.id, postgresql_where=_untold, sqlite_where=_untold)

media = Table(
    "media",
    metadata,
    row_id(),
    # The message that it came with, and its place there.
    Column("message_id", NUMBER, nullable=False),
    Column("position", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    # image, sticker, audio, video or document; and where it can be had (`wa_integrasi.inbox.Media`).
    Column("kind", Text, nullable=False),
    Column("source", JSON, nullable=False),
    # fetch, scan, kept, infected, refused, gone or deleted; when that step is due, and who is at it.
    Column("state", Text, nullable=False),
    Column("due_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease", Text),
    Column("note", Text),
    # What was found: nothing of it is what the sender claims.
    Column("mime_type", Text),
    Column("size", NUMBER),
    Column("sha256", Text),
    Column("vault_id", Text),
    Column("received_at", UtcDateTime, nullable=False),
    Column("stored_at", UtcDateTime),
    Column("scanned_at", UtcDateTime),
    sqlite_autoincrement=True,
)
Index("uq_media_message_id_position", media.c.message_id, media.c.position, unique=True)
Index("ix_media_due_at", media.c.state, media.c.due_at, postgresql_where=DUE, sqlite_where=DUE)
_vaulted = text("vault_id IS NOT NULL")
Index("ix_media_stored_at", media.c.stored_at, postgresql_where=_vaulted, sqlite_where=_vaulted)

senders = Table(
    "senders",
    metadata,
    # How much somebody writes in a chat (see `wa_integrasi.policy.spam`); in a person's own chat both are the same.
    Column("account", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("filled_until", UtcDateTime),
    Column("last_at", UtcDateTime),
    Column("digest", Text),
    Column("repeats", Integer, nullable=False, server_default="0"),
    Column("silent_until", UtcDateTime),
    Column("silenced", Integer, nullable=False, server_default="0"),
    Column("alarmed_at", UtcDateTime),
)

blocked = Table(
    "blocked",
    metadata,
    # Whose messages are kept and not answered, by any of their addresses; `account` is * for all.
    Column("account", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
