"""Requests that wait for somebody's approval are found without reading all commands."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waits = sa.text("note = 'waits for approval'")
    op.create_index(
        "ix_commands_approval",
        "commands",
        ["account", "chat", "sender", "ended_at"],
        unique=False,
        postgresql_where=waits,
        sqlite_where=waits,
    )
