"""The outbox, what became of its messages, and whose turn it is."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Computed, Index, Integer, LargeBinary, Table, Text, text

from wa_integrasi.store.tables.base import NUMBER, UtcDateTime, metadata, row_id, stamped

OPEN_STAGE, DEAD_STAGE = text("stage = 'open'"), text("stage = 'dead'")
"""For a WHERE: a partial index is found by its own words only, never by a parameter."""

_STAGE = (
    "CASE WHEN status IN ('pending', 'sending', 'unknown') THEN 'open' "
    "WHEN status = 'dead' THEN 'dead' ELSE 'ended' END"
)
wa_outbox = Table(
    "wa_outbox",
    metadata,
    # The columns of the systems that this replaces, with their defaults: a foreign producer's plain INSERT is enough.
    row_id(),
    Column("recipient", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("type", Text, nullable=False, server_default="text"),
    Column("status", Text, nullable=False, server_default="pending"),
    stamped("created_at"),
    Column("sent_at", UtcDateTime),
    # Ours. `chat` is null until a row has been read and addressed (see `Outbox.adopt`).
    Column("account", Text, nullable=False, server_default="default"),
    Column("chat", Text),
    Column("priority", Integer, nullable=False, server_default="50"),
    Column("dedupe_key", Text),
    Column("report", Text),
    Column("slot", Text),
    Column("part", Integer, nullable=False, server_default="1"),
    Column("parts", Integer, nullable=False, server_default="1"),
    Column("flow_run_id", Text),
    Column("reply_to", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("attempt_id", Text),
    stamped("next_attempt_at"),
    Column("provider_message_id", Text),
    Column("delivered_at", UtcDateTime),
    Column("read_at", UtcDateTime),
    Column("error_code", Text),
    Column("error_text", Text),
    # When its report's owner was told that it is a dead letter.
    Column("noticed_at", UtcDateTime),
    # When it may go (see `wa_integrasi.policy.hours`): not before, not at or after, and only in these hours.
    Column("not_before", UtcDateTime),
    Column("expires_at", UtcDateTime),
    Column("send_hours", Text),
    # What the indexes ask for instead of the status: a claim leaves it as it is, and so need not touch them.
    Column("stage", Text, Computed(_STAGE)),
    sqlite_autoincrement=True,
)
_keyed = text("dedupe_key IS NOT NULL")
Index("uq_wa_outbox_dedupe_key", wa_outbox.c.dedupe_key, unique=True, postgresql_where=_keyed, sqlite_where=_keyed)
Index(
    "ix_wa_outbox_chat",
    wa_outbox.c.account,
    wa_outbox.c.chat,
    wa_outbox.c.priority,
    wa_outbox.c.id,
    postgresql_where=OPEN_STAGE,
    sqlite_where=OPEN_STAGE,
)
_foreign = text("stage = 'open' AND chat IS NULL")
Index("ix_wa_outbox_foreign", wa_outbox.c.id, postgresql_where=_foreign, sqlite_where=_foreign)
_unnoticed = text("stage = 'dead' AND noticed_at IS NULL")
Index("ix_wa_outbox_unnoticed", wa_outbox.c.id, postgresql_where=_unnoticed, sqlite_where=_unnoticed)
_reported = text("report IS NOT NULL")
Index(
    "ix_wa_outbox_report_slot",
    wa_outbox.c.report,
    wa_outbox.c.slot,
    postgresql_where=_reported,
    sqlite_where=_reported,
)

Index("ix_wa_outbox_created_at", wa_outbox.c.created_at, wa_outbox.c.id)

message_events = Table(
    "message_events",
    metadata,
    row_id(),
    Column("outbox_id", NUMBER, nullable=False),
    Column("status", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("attempt_id", Text),
    Column("provider_message_id", Text),
    Column("error_code", Text),
    Column("error_text", Text),
    Column("price_category", Text),
    Column("billable", Boolean),
)
Index("ix_message_events_outbox_id", message_events.c.outbox_id)
_known = text("provider_message_id IS NOT NULL")
Index(
    "ix_message_events_provider_message_id",
    message_events.c.provider_message_id,
    postgresql_where=_known,
    sqlite_where=_known,
)
_priced = text("price_category IS NOT NULL")
Index("ix_message_events_priced", message_events.c.at, postgresql_where=_priced, sqlite_where=_priced)

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    # The pace that all workers share: when the next message may go (see `wa_integrasi.policy.pace`).
    Column("next_at", UtcDateTime),
    # Its channel, and what `wa serve` needs to check the channel's webhooks, encrypted: so it works without Prefect.
    Column("provider", Text),
    Column("webhook", LargeBinary),
    # The approved template that asks a silent person to write back, as the column `content` of a message has it.
    Column("nudge", Text),
)

leases = Table(
    "leases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
Index("ix_leases_until", leases.c.until)

breakers = Table(
    "breakers",
    metadata,
    Column("account", Text, primary_key=True),
    Column("circuit", Text, nullable=False),
    Column("in_a_row", Integer, nullable=False),
    Column("tried", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("window_ends", UtcDateTime),
    Column("until", UtcDateTime),
    Column("openings", Integer, nullable=False),
    Column("code", Text),
    Column("reason", Text),
    Column("changed_at", UtcDateTime, nullable=False),
    # The circuit that people were last told of.
    Column("noticed", Text),
)

chats = Table(
    "chats",
    metadata,
    Column("account", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    Column("next_at", UtcDateTime),
    Column("last_inbound_at", UtcDateTime),
    Column("profile_name", Text),
    Column("opted_in_at", UtcDateTime),
    Column("opted_in_by", Text),
    Column("opted_out_at", UtcDateTime),
    Column("opted_out_by", Text),
    Column("initiated_at", UtcDateTime),
    # Whose turn it is (see `wa_integrasi.outbox.turns`).
    Column("head_id", NUMBER),
    Column("priority", Integer),
    Column("due_at", UtcDateTime),
    Column("held_by", Text),
)
_free = text("held_by IS NULL AND due_at IS NOT NULL")
Index(
    "ix_chats_due",
    chats.c.account,
    chats.c.priority,
    chats.c.due_at,
    chats.c.head_id,
    postgresql_where=_free,
    sqlite_where=_free,
)
_held = text("held_by IS NOT NULL")
Index("ix_chats_held_by", chats.c.held_by, postgresql_where=_held, sqlite_where=_held)
_begun = text("initiated_at IS NOT NULL")
Index(
    "ix_chats_initiated_at",
    chats.c.account,
    chats.c.initiated_at,
    postgresql_where=_begun,
    sqlite_where=_begun,
)

approved_templates = Table(
    "approved_templates",
    metadata,
    Column("account", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("definition", JSON, nullable=False),
    Column("synced_at", UtcDateTime, nullable=False),
)

channel_facts = Table(
    "channel_facts",
    metadata,
    # What a channel says of an account and its templates (see `wa_integrasi.store.facts`).
    Column("account", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("reason", Text),
    Column("at", UtcDateTime, nullable=False),
    # Whether people are still to be told.
    Column("news", Boolean, nullable=False),
)
_told_of = text("news")
Index("ix_channel_facts_news", channel_facts.c.account, postgresql_where=_told_of, sqlite_where=_told_of)
