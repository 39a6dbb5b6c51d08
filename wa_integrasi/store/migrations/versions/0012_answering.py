"""Commands in the order of each person, when somebody last ran a trigger, the pages of long answers, and warnings."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dialogs", sa.Column("pages", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("dialogs", sa.Column("warn_at", UtcDateTime(), nullable=True))
    warned = sa.text("warn_at IS NOT NULL")
    op.create_index(
        "ix_dialogs_warn_at",
        "dialogs",
        ["warn_at"],
        unique=False,
        postgresql_where=warned,
        sqlite_where=warned,
    )
    due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_commands_person",
        "commands",
        ["account", "chat", "sender", "id"],
        unique=False,
        postgresql_where=due,
        sqlite_where=due,
    )
    ran = sa.text("state = 'answered' AND trigger IS NOT NULL")
    op.create_index(
        "ix_commands_ran",
        "commands",
        ["account", "sender", "trigger", "ended_at"],
        unique=False,
        postgresql_where=ran,
        sqlite_where=ran,
    )
