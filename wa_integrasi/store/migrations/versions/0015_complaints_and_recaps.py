"""Complaints are claimed, answered, set aside and escalated; recaps know what they last told."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("noticed_at", UtcDateTime(), nullable=True),
        sa.Column("escalate_at", UtcDateTime(), nullable=True),
        sa.Column("escalated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
    ):
        op.add_column("complaint_queue", column)
    _index("ix_complaint_queue_pending", ["id"], "status = 'pending'")
    _index("ix_complaint_queue_unnoticed", ["id"], "status = 'aside' AND noticed_at IS NULL")
    _index("ix_complaint_queue_escalate_at", ["escalate_at", "id"], "escalate_at IS NOT NULL")
    op.create_table(
        "told_recaps",
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("report", "audience", name="pk_told_recaps"),
    )


def _index(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "complaint_queue", columns, unique=False, postgresql_where=condition, sqlite_where=condition)
