"""The archive and the keys of its messages; what the owner was told by another channel."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "archives",
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("bytes", _NUMBER, nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("latest_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("file", name="pk_archives"),
    )
    op.create_table(
        "archived_keys",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("outbox_id", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_archived_keys"),
    )
    op.create_table(
        "owner_notices",
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("matter", name="pk_owner_notices"),
    )
    due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_owner_notices_due_at", "owner_notices", ["due_at"], unique=False, postgresql_where=due, sqlite_where=due
    )
