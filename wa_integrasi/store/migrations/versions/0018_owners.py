"""Whose a subscription is by name, since when it sleeps, and how often its limit was passed unsaid."""

import json

import sqlalchemy as sa
from alembic import op

from wa_integrasi.store.tables import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("contact", sa.Text(), nullable=False, server_default=""))
    op.add_column("subscriptions", sa.Column("asleep_since", UtcDateTime(), nullable=True))
    op.add_column("subscriptions", sa.Column("alarmed_at", UtcDateTime(), nullable=True))
    op.add_column("subscriptions", sa.Column("crossings", sa.Integer(), nullable=False, server_default="0"))
    op.execute(sa.text("UPDATE subscriptions SET asleep_since = CURRENT_TIMESTAMP WHERE asleep IS NOT NULL"))
    # What nobody owns keeps its number as its owner, which no contact is called.
    op.execute(sa.text("UPDATE subscriptions SET contact = person"))
    connection = op.get_bind()
    known = connection.execute(sa.text("SELECT name, definition FROM contacts WHERE retired_at IS NULL ORDER BY name"))
    phones: dict[str, str] = {}
    for name, stored in known.all():
        definition = json.loads(stored) if isinstance(stored, str) else stored
        phones.setdefault(definition["phone"], name)
    named = sa.text("UPDATE subscriptions SET contact = :name WHERE person = :phone")
    for phone, name in phones.items():
        connection.execute(named, {"name": name, "phone": phone})
    op.drop_index("uq_subscriptions_number", table_name="subscriptions")
    op.create_index("uq_subscriptions_number", "subscriptions", ["account", "contact", "number"], unique=True)
