"""When a message may go, what became of a report's slots, and the calendars of plants."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("wa_outbox", sa.Column("not_before", UtcDateTime(), nullable=True))
    op.add_column("wa_outbox", sa.Column("expires_at", UtcDateTime(), nullable=True))
    op.add_column("wa_outbox", sa.Column("send_hours", sa.Text(), nullable=True))
    op.create_table(
        "report_slots",
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("flow_run_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("report", "slot", name=op.f("pk_report_slots")),
    )
    op.create_table(
        "watches",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watches")),
    )
    op.create_table(
        "calendars",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_calendars")),
    )
    in_force = sa.text("retired_at IS NULL")
    op.create_index(
        "uq_calendars_in_force",
        "calendars",
        ["name"],
        unique=True,
        postgresql_where=in_force,
        sqlite_where=in_force,
    )
