"""What becomes of what people write: complaints, commands, conversations, files, and who writes too much."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_DUE = "due_at IS NOT NULL"


def upgrade() -> None:
    _inbound_messages()
    _complaints()
    _commands()
    _conversations()
    _media()
    _senders()
    op.create_table(
        "policies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", "version", name="pk_policies"),
    )
    _index("uq_policies_in_force", "policies", ["name"], "retired_at IS NULL", unique=True)


def _index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)


def _inbound_messages() -> None:
    op.add_column("inbound_messages", sa.Column("route", sa.Text(), nullable=True))
    op.add_column("inbound_messages", sa.Column("conversation_id", _NUMBER, nullable=True))
    _index(
        "ix_inbound_messages_conversation_id",
        "inbound_messages",
        ["conversation_id"],
        "conversation_id IS NOT NULL",
    )
    # Nothing had been done with them yet.
    op.execute("UPDATE inbound_messages SET state = 'route' WHERE state = 'mask'")


def _complaints() -> None:
    for column in (
        sa.Column("account", sa.Text(), server_default="default", nullable=False),
        sa.Column("chat", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=True),
        sa.Column("message_id", _NUMBER, nullable=True),
        sa.Column("filed_by", sa.Text(), nullable=True),
    ):
        op.add_column("complaint_queue", column)
    _index("uq_complaint_queue_message_id", "complaint_queue", ["message_id"], "message_id IS NOT NULL", unique=True)


def _commands() -> None:
    op.create_table(
        "commands",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.Column("message_id", _NUMBER, nullable=True),
        sa.Column("quote_id", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("trigger", sa.Text(), nullable=True),
        sa.Column("arguments", sa.JSON(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("flow_run_id", sa.Text(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
        sqlite_autoincrement=True,
    )
    _index("ix_commands_due_at", "commands", ["due_at"], _DUE)
    _index("uq_commands_message_id", "commands", ["message_id"], "message_id IS NOT NULL", unique=True)


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("classified_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("urgent_at", UtcDateTime(), nullable=True),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sqlite_autoincrement=True,
    )
    _index("uq_conversations_open", "conversations", ["account", "chat", "sender"], "closed_at IS NULL", unique=True)
    _index("ix_conversations_due_at", "conversations", ["due_at"], _DUE)
    _index("ix_conversations_untold", "conversations", ["id"], "urgent_at IS NOT NULL AND told_at IS NULL")


def _media() -> None:
    op.create_table(
        "media",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("message_id", _NUMBER, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("mime_type", sa.Text(), nullable=True),
        sa.Column("size", _NUMBER, nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("vault_id", sa.Text(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("stored_at", UtcDateTime(), nullable=True),
        sa.Column("scanned_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_media_message_id_position", "media", ["message_id", "position"], unique=True)
    _index("ix_media_due_at", "media", ["state", "due_at"], _DUE)
    _index("ix_media_stored_at", "media", ["stored_at"], "vault_id IS NOT NULL")


def _senders() -> None:
    op.create_table(
        "senders",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("filled_until", UtcDateTime(), nullable=True),
        sa.Column("last_at", UtcDateTime(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("repeats", sa.Integer(), server_default="0", nullable=False),
        sa.Column("silent_until", UtcDateTime(), nullable=True),
        sa.Column("silenced", sa.Integer(), server_default="0", nullable=False),
        sa.Column("alarmed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("account", "chat", "sender", name="pk_senders"),
    )
    op.create_table(
        "blocked",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "address", name="pk_blocked"),
    )
