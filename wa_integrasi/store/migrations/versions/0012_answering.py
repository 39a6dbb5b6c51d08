"""Commands in the order of each person, when somebody last ran a trigger, and the pages of long answers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dialogs", sa.Column("pages", sa.JSON(none_as_null=True), nullable=True))
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
