"""What channels say of accounts and templates, the audit list `messages`, and what reports over time need."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SHARED = {
    "direction": ("'out'", "'in'"),
    "id": ("id", "id"),
    "account": ("account", "account"),
    "chat": ("CAST(coalesce(chat, recipient) AS text)", "chat"),
    "sender": ("CAST(NULL AS text)", "sender"),
    "sender_name": ("CAST(NULL AS text)", "sender_name"),
    "kind": ("type", "kind"),
    "content": ("content", "text"),
    "status": ("status", "CAST('received' AS text)"),
    "report": ("report", "CAST(NULL AS text)"),
    "slot": ("slot", "CAST(NULL AS text)"),
    "part": ("part", "CAST(NULL AS integer)"),
    "parts": ("parts", "CAST(NULL AS integer)"),
    "flow_run_id": ("flow_run_id", "CAST(NULL AS text)"),
    "attempts": ("attempts", "CAST(NULL AS integer)"),
    "provider_message_id": ("provider_message_id", "message_id"),
    "created_at": ("created_at", "at"),
    "received_at": ("{null_moment}", "received_at"),
    "sent_at": ("sent_at", "{null_moment}"),
    "delivered_at": ("delivered_at", "{null_moment}"),
    "read_at": ("read_at", "{null_moment}"),
    "error_code": ("error_code", "CAST(NULL AS text)"),
    "error_text": ("error_text", "CAST(NULL AS text)"),
}
"""The columns of the view, from `wa_outbox` and from `inbound_messages`.

Each has one type on both sides, said by a cast where it is no column: else SQLite reads all of both for every query.
"""


def upgrade() -> None:
    op.create_table(
        "channel_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("news", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "name", "language", name="pk_channel_facts"),
    )
    _partial("ix_channel_facts_news", "channel_facts", "account", "news")
    _partial("ix_message_events_priced", "message_events", "at", "price_category IS NOT NULL")
    op.create_index("ix_wa_outbox_created_at", "wa_outbox", ["created_at", "id"], unique=False)
    op.create_index("ix_inbound_messages_at", "inbound_messages", ["at", "id"], unique=False)
    op.execute(sa.text(f"CREATE VIEW messages AS {_side(0)} FROM wa_outbox UNION ALL {_side(1)} FROM inbound_messages"))


def _partial(name: str, table: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], unique=False, postgresql_where=where, sqlite_where=where)


def _side(number: int) -> str:
    kind = "timestamptz" if op.get_bind().dialect.name == "postgresql" else "text"
    words = (f"{sides[number]} AS {name}" for name, sides in _SHARED.items())
    return f"SELECT {', '.join(words)}".format(null_moment=f"CAST(NULL AS {kind})")
