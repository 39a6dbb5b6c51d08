"""What workers share of each account: its pace, its breaker, and its chats."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_accounts"),
    )
    op.create_table(
        "breakers",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("circuit", sa.Text(), nullable=False),
        sa.Column("in_a_row", sa.Integer(), nullable=False),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("window_ends", UtcDateTime(), nullable=True),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_breakers"),
    )
    op.create_table(
        "chats",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("last_inbound_at", UtcDateTime(), nullable=True),
        sa.Column("opted_in_at", UtcDateTime(), nullable=True),
        sa.Column("opted_in_by", sa.Text(), nullable=True),
        sa.Column("opted_out_at", UtcDateTime(), nullable=True),
        sa.Column("opted_out_by", sa.Text(), nullable=True),
        sa.Column("initiated_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("account", "chat", name="pk_chats"),
    )
    op.create_index(
        "ix_chats_initiated_at",
        "chats",
        ["account", "initiated_at"],
        unique=False,
        postgresql_where=sa.text("initiated_at IS NOT NULL"),
        sqlite_where=sa.text("initiated_at IS NOT NULL"),
    )
