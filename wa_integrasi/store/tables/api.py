"""The Bot API: who may use it, what was answered to requests that may come again, and who changed what."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, Table, Text

from wa_integrasi.store.tables.base import UtcDateTime, metadata, row_id

api_keys = Table(
    "api_keys",
    metadata,
    # A name is never given twice: the audit says by it who did what.
    Column("name", Text, primary_key=True),
    # The key is found by its prefix and compared by its hash; itself it is kept nowhere.
    Column("prefix", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    # The accounts it may use; null for all.
    Column("accounts", JSON(none_as_null=True)),
    Column("per_minute", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
)
Index("uq_api_keys_prefix", api_keys.c.prefix, unique=True)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    # Whose it is, as the audit names them, and what they call their request.
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
Index("ix_idempotency_keys_created_at", idempotency_keys.c.created_at)

audit_log = Table(
    "audit_log",
    metadata,
    row_id(),
    Column("at", UtcDateTime, nullable=False),
    # Who: key:NAME of the API, or the command line.
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    # What became of it (see `wa_integrasi.audit.log.AuditOutcome`).
    Column("outcome", Text, nullable=False),
    # No texts of messages, and no number in full.
    Column("details", JSON(none_as_null=True)),
    sqlite_autoincrement=True,
)
Index("ix_audit_log_at", audit_log.c.at)
