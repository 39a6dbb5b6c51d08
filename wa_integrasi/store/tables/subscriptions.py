"""What people want to be told of unasked, and how what they watch stands."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Double, Index, Integer, Table, Text, text

from wa_integrasi.store.tables.base import UtcDateTime, metadata, row_id

subscriptions = Table(
    "subscriptions",
    metadata,
    row_id(),
    # Whose it is: a contact of the catalog by its name, and the phone that it had last. `number` is theirs, and is
    # given once. Told in `chat`, in `language`.
    Column("account", Text, nullable=False),
    Column("contact", Text, nullable=False, server_default=""),
    Column("person", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("chat", Text, nullable=False),
    Column("language", Text, nullable=False),
    # report or limit; the name of the report, or of the trigger that gives the value, with its arguments.
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("arguments", JSON, nullable=False),
    # Of a limit: what was asked for, and what is compared (see `wa_integrasi.subscriptions.models.Limit`).
    Column("asked", Text),
    Column("operator", Text),
    Column("limit", Double),
    Column("lasting_s", Integer),
    Column("repeat_s", Integer),
    Column("value_column", Text),
    Column("value_row", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("cancelled_at", UtcDateTime),
    # Why it is not in force: gone, right or changed.
    Column("asleep", Text),
    Column("asleep_since", UtcDateTime),
    # How it stands (see `wa_integrasi.subscriptions.models.Standing`).
    Column("state", Text, nullable=False),
    Column("since", UtcDateTime),
    Column("turning_since", UtcDateTime),
    Column("misses", Integer, nullable=False),
    Column("seen_at", UtcDateTime),
    Column("value", Double),
    Column("value_at", UtcDateTime),
    Column("fired_at", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    Column("acknowledged_at", UtcDateTime),
    Column("silenced_until", UtcDateTime),
    Column("told", Text, nullable=False),
    Column("told_at", UtcDateTime),
    Column("told_of", UtcDateTime),
    Column("alarmed_at", UtcDateTime),
    Column("crossings", Integer, nullable=False, server_default="0"),
    # How often anything was told: so each message has a dedupe key of its own.
    Column("tellings", Integer, nullable=False),
    # Who is reading its value, and until when.
    Column("lease", Text),
    Column("lease_until", UtcDateTime),
    sqlite_autoincrement=True,
)
Index(
    "uq_subscriptions_number",
    subscriptions.c.account,
    subscriptions.c.contact,
    subscriptions.c.number,
    unique=True,
)
_in_force = text("cancelled_at IS NULL")
Index(
    "ix_subscriptions_in_force",
    subscriptions.c.kind,
    subscriptions.c.name,
    postgresql_where=_in_force,
    sqlite_where=_in_force,
)
