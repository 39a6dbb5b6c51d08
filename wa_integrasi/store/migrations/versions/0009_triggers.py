"""What people may ask for in WhatsApp."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "triggers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", "version", name="pk_triggers"),
    )
    in_force = sa.text("retired_at IS NULL")
    op.create_index(
        "uq_triggers_in_force",
        "triggers",
        ["name"],
        unique=True,
        postgresql_where=in_force,
        sqlite_where=in_force,
    )
