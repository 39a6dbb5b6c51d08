"""Every table of the store, as SQLAlchemy Core sees it. Migrations create them; a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
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


def _id() -> Column[int]:
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _now(name: str) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=False, server_default=func.current_timestamp())


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
    _id(),
    Column("recipient", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("type", Text, nullable=False, server_default="text"),
    Column("status", Text, nullable=False, server_default="pending"),
    _now("created_at"),
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
    _now("next_attempt_at"),
    Column("provider_message_id", Text),
    Column("delivered_at", UtcDateTime),
    Column("read_at", UtcDateTime),
    Column("error_code", Text),
    Column("error_text", Text),
    # When its report's owner was told that it is a dead letter.
    Column("noticed_at", UtcDateTime),
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

message_events = Table(
    "message_events",
    metadata,
    _id(),
    Column("outbox_id", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
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
    Column("head_id", BigInteger().with_variant(Integer, "sqlite")),
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

complaint_queue = Table(
    "complaint_queue",
    metadata,
    _id(),
    Column("complainant", Text, nullable=False),
    Column("response_template", Text),
    Column("status", Text, nullable=False, server_default="pending"),
    _now("created_at"),
    Column("responded_at", UtcDateTime),
    sqlite_autoincrement=True,
)

inbound_events = Table(
    "inbound_events",
    metadata,
    _id(),
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
_due = text("due_at IS NOT NULL")
Index(
    "uq_inbound_events_account_event_key",
    inbound_events.c.provider,
    inbound_events.c.account,
    inbound_events.c.event_key,
    unique=True,
)
Index("ix_inbound_events_due_at", inbound_events.c.due_at, postgresql_where=_due, sqlite_where=_due)

inbound_messages = Table(
    "inbound_messages",
    metadata,
    _id(),
    Column("event_id", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("quote_id", Text),
    Column("chat", Text, nullable=False),
    Column("group_id", Text),
    # Whoever wrote it, by every name that the channel gave.
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
    sqlite_autoincrement=True,
)
Index("uq_inbound_messages_message_id", inbound_messages.c.account, inbound_messages.c.message_id, unique=True)
Index("ix_inbound_messages_chat", inbound_messages.c.account, inbound_messages.c.chat, inbound_messages.c.at)
Index(
    "ix_inbound_messages_due",
    inbound_messages.c.state,
    inbound_messages.c.due_at,
    postgresql_where=_due,
    sqlite_where=_due,
)

unread_items = Table(
    "unread_items",
    metadata,
    Column("event_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
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
