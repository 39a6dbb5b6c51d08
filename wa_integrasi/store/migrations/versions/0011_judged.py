"""How much of a conversation has been judged."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("judged", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE conversations SET judged = messages WHERE due_at IS NULL")
