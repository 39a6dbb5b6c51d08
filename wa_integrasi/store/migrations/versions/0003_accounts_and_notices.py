"""What is known of each account's channel, the templates it has approved, and what people were told of."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_UNNOTICED = "status = 'dead' AND noticed_at IS NULL"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("provider", sa.Text(), nullable=True))
    op.add_column("accounts", sa.Column("webhook", sa.LargeBinary(), nullable=True))
    op.add_column("breakers", sa.Column("noticed", sa.Text(), nullable=True))
    op.add_column("wa_outbox", sa.Column("noticed_at", UtcDateTime(), nullable=True))
    # Nobody is told now of what ended before there were notices.
    op.execute(sa.text("UPDATE wa_outbox SET noticed_at = CURRENT_TIMESTAMP WHERE status = 'dead'"))
    op.create_index(
        "ix_wa_outbox_unnoticed",
        "wa_outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text(_UNNOTICED),
        sqlite_where=sa.text(_UNNOTICED),
    )
    op.create_table(
        "approved_templates",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("synced_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", "language", name="pk_approved_templates"),
    )
