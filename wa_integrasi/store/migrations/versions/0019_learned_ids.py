"""Which ids the channels have proved to be of which numbers."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learned_ids",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("believed", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("address", "account", name="pk_learned_ids"),
    )
    op.create_index("ix_learned_ids_phone", "learned_ids", ["phone"], unique=False)
