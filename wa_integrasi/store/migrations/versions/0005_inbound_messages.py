"""Messages that people wrote, what could not be read, numbers that changed, and the lease of an event."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_DUE = "due_at IS NOT NULL"


def upgrade() -> None:
    op.add_column("inbound_events", sa.Column("lease", sa.Text(), nullable=True))
    op.add_column("chats", sa.Column("profile_name", sa.Text(), nullable=True))
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "inbound_messages",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("event_id", number, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("quote_id", sa.Text(), nullable=True),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("sender_phone", sa.Text(), nullable=True),
        sa.Column("sender_user_id", sa.Text(), nullable=True),
        sa.Column("sender_lid", sa.Text(), nullable=True),
        sa.Column("sender_name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("media", sa.JSON(), nullable=True),
        sa.Column("context", sa.JSON(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_inbound_messages"),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_inbound_messages_message_id", "inbound_messages", ["account", "message_id"], unique=True)
    op.create_index("ix_inbound_messages_chat", "inbound_messages", ["account", "chat", "at"], unique=False)
    op.create_index(
        "ix_inbound_messages_due",
        "inbound_messages",
        ["state", "due_at"],
        unique=False,
        postgresql_where=sa.text(_DUE),
        sqlite_where=sa.text(_DUE),
    )
    op.create_table(
        "unread_items",
        sa.Column("event_id", number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "position", name="pk_unread_items"),
    )
    op.create_table(
        "number_changes",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("old_chat", sa.Text(), nullable=False),
        sa.Column("new_chat", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "old_chat", "new_chat", name="pk_number_changes"),
    )
