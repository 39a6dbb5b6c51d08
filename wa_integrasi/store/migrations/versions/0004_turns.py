"""Chats take turns: a worker locks a chat, not its messages, so a claim costs the same however many of them wait."""

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OPEN = "stage = 'open'"
_FOREIGN = "stage = 'open' AND chat IS NULL"
_UNNOTICED = "stage = 'dead' AND noticed_at IS NULL"
_STAGE = (
    "CASE WHEN status IN ('pending', 'sending', 'unknown') THEN 'open' "
    "WHEN status = 'dead' THEN 'dead' ELSE 'ended' END"
)
_REPORTED = "report IS NOT NULL"
_KEYED = "dedupe_key IS NOT NULL"


def upgrade() -> None:
    for index in ("ix_wa_outbox_due", "ix_wa_outbox_chat", "ix_wa_outbox_timed"):
        op.drop_index(index, "wa_outbox")
    for index in (
        "ix_wa_outbox_report_slot",
        "uq_wa_outbox_dedupe_key",
        "ix_wa_outbox_foreign",
        "ix_wa_outbox_unnoticed",
    ):
        op.drop_index(index, "wa_outbox")
    op.drop_index("ix_message_events_attempt_id", "message_events")
    _add_stage()
    _index("ix_wa_outbox_chat", "wa_outbox", ["account", "chat", "priority", "id"], _OPEN)
    _index("ix_wa_outbox_foreign", "wa_outbox", ["id"], _FOREIGN)
    _index("ix_wa_outbox_unnoticed", "wa_outbox", ["id"], _UNNOTICED)
    _index("ix_wa_outbox_report_slot", "wa_outbox", ["report", "slot"], _REPORTED)
    _index("uq_wa_outbox_dedupe_key", "wa_outbox", ["dedupe_key"], _KEYED, unique=True)
    op.create_table(
        "leases",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_leases"),
    )
    op.create_index("ix_leases_until", "leases", ["until"], unique=False)
    op.add_column("accounts", sa.Column("nudge", sa.Text(), nullable=True))
    _add_turns()
    # What was on its way is of unknown fate now: the lease of its worker is gone.
    op.execute(
        sa.text(
            "UPDATE wa_outbox SET status = 'unknown', next_attempt_at = CURRENT_TIMESTAMP, error_code = 'worker_lost' "
            "WHERE status = 'sending'"
        )
    )
    _fill_turns()
    op.drop_column("wa_outbox", "lease_owner")
    op.drop_column("wa_outbox", "lease_until")
    # A foreign key is a lock and a look-up for every event, and keeps old messages from being archived.
    naming = {"fk": "fk_%(table_name)s_%(column_0_N_name)s"}
    with op.batch_alter_table("message_events", naming_convention=naming) as table:
        table.drop_constraint("fk_message_events_outbox_id", type_="foreignkey")


def _add_stage() -> None:
    """What the indexes ask for: it stays the same when a message is claimed, so PostgreSQL need not touch them then."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.add_column("wa_outbox", sa.Column("stage", sa.Text(), sa.Computed(_STAGE, persisted=postgresql), nullable=True))
    if postgresql:
        # Room on the page for the row's next version.
        op.execute(sa.text("ALTER TABLE wa_outbox SET (fillfactor = 50)"))
        op.execute(sa.text("ALTER TABLE chats SET (fillfactor = 70)"))


def _index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def _add_turns() -> None:
    op.add_column("chats", sa.Column("head_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
    op.add_column("chats", sa.Column("priority", sa.Integer(), nullable=True))
    op.add_column("chats", sa.Column("due_at", UtcDateTime(), nullable=True))
    op.add_column("chats", sa.Column("held_by", sa.Text(), nullable=True))
    _index(
        "ix_chats_due", "chats", ["account", "priority", "due_at", "head_id"], "held_by IS NULL AND due_at IS NOT NULL"
    )
    _index("ix_chats_held_by", "chats", ["held_by"], "held_by IS NOT NULL")


def _fill_turns() -> None:
    op.execute(
        sa.text(
            "INSERT INTO chats (account, chat) SELECT DISTINCT account, chat FROM wa_outbox "
            "WHERE chat IS NOT NULL ON CONFLICT (account, chat) DO NOTHING"
        )
    )
    head = (
        "FROM wa_outbox o WHERE o.account = chats.account AND o.chat = chats.chat AND o.stage = 'open' AND o.status ="
    )
    op.execute(
        sa.text(
            "UPDATE chats SET (head_id, priority, due_at) = (SELECT o.id, "
            "CASE WHEN o.priority <= 5 THEN 5 WHEN o.priority <= 10 THEN 10 "
            f"WHEN o.priority <= 50 THEN 50 ELSE 90 END, o.next_attempt_at {head} 'pending' "
            "ORDER BY o.priority, o.id LIMIT 1)"
        )
    )
    unknown = f"SELECT min(o.id) {head} 'unknown'"
    op.execute(sa.text(f"UPDATE chats SET held_by = 'unknown', head_id = ({unknown}) WHERE ({unknown}) IS NOT NULL"))
