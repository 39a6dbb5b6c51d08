"""The first tables: outbox, events, catalog, complaint queue."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chat_templates",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", "version", name="pk_chat_templates"),
    )
    op.create_index(
        "uq_chat_templates_in_force",
        "chat_templates",
        ["name"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
        sqlite_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "complaint_queue",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("complainant", sa.Text(), nullable=False),
        sa.Column("response_template", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=sa.text("(CURRENT_TIMESTAMP)"), nullable=False),
        sa.Column("responded_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_complaint_queue"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "contacts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", "version", name="pk_contacts"),
    )
    op.create_index(
        "uq_contacts_in_force",
        "contacts",
        ["name"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
        sqlite_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "groups",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", "version", name="pk_groups"),
    )
    op.create_index(
        "uq_groups_in_force",
        "groups",
        ["name"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
        sqlite_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "inbound_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_inbound_events"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_inbound_events_due_at",
        "inbound_events",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "uq_inbound_events_account_event_key", "inbound_events", ["provider", "account", "event_key"], unique=True
    )
    op.create_table(
        "reports",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", "version", name="pk_reports"),
    )
    op.create_index(
        "uq_reports_in_force",
        "reports",
        ["name"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
        sqlite_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "wa_outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), server_default="text", nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=sa.text("(CURRENT_TIMESTAMP)"), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("account", sa.Text(), server_default="default", nullable=False),
        sa.Column("chat", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), server_default="50", nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("part", sa.Integer(), server_default="1", nullable=False),
        sa.Column("parts", sa.Integer(), server_default="1", nullable=False),
        sa.Column("flow_run_id", sa.Text(), nullable=True),
        sa.Column("reply_to", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("next_attempt_at", UtcDateTime(), server_default=sa.text("(CURRENT_TIMESTAMP)"), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("provider_message_id", sa.Text(), nullable=True),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_wa_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_wa_outbox_chat",
        "wa_outbox",
        ["account", "chat", "priority", "id"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'sending', 'unknown')"),
        sqlite_where=sa.text("status IN ('pending', 'sending', 'unknown')"),
    )
    op.create_index(
        "ix_wa_outbox_due",
        "wa_outbox",
        ["account", "priority", "next_attempt_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_wa_outbox_foreign",
        "wa_outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending' AND chat IS NULL"),
        sqlite_where=sa.text("status = 'pending' AND chat IS NULL"),
    )
    op.create_index("ix_wa_outbox_report_slot", "wa_outbox", ["report", "slot"], unique=False)
    op.create_index(
        "ix_wa_outbox_timed",
        "wa_outbox",
        ["status"],
        unique=False,
        postgresql_where=sa.text("status IN ('sending', 'unknown')"),
        sqlite_where=sa.text("status IN ('sending', 'unknown')"),
    )
    op.create_index("uq_wa_outbox_dedupe_key", "wa_outbox", ["dedupe_key"], unique=True)
    op.create_table(
        "message_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("outbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("provider_message_id", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("price_category", sa.Text(), nullable=True),
        sa.Column("billable", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["outbox_id"], ["wa_outbox.id"], name="fk_message_events_outbox_id"),
        sa.PrimaryKeyConstraint("id", name="pk_message_events"),
    )
    op.create_index(
        "ix_message_events_attempt_id",
        "message_events",
        ["attempt_id"],
        unique=False,
        postgresql_where=sa.text("attempt_id IS NOT NULL"),
        sqlite_where=sa.text("attempt_id IS NOT NULL"),
    )
    op.create_index("ix_message_events_outbox_id", "message_events", ["outbox_id"], unique=False)
    op.create_index(
        "ix_message_events_provider_message_id",
        "message_events",
        ["provider_message_id"],
        unique=False,
        postgresql_where=sa.text("provider_message_id IS NOT NULL"),
        sqlite_where=sa.text("provider_message_id IS NOT NULL"),
    )
