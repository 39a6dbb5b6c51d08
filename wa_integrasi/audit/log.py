"""Who changed what: one row for each change that was asked for, done or refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert

from wa_integrasi.store.tables import audit_log

CLI = "cli"
"""The actor of what was done by the command line."""


class AuditOutcome(StrEnum):
    """What became of what was asked for."""

    DONE = "done"
    REFUSED = "refused"


def audit(
    connection: Connection,
    at: datetime,
    actor: str,
    action: str,
    subject: str | None = None,
    outcome: AuditOutcome = AuditOutcome.DONE,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write down one change, in the transaction that makes it.

    `subject` is a kind and an id, as `message:17`. `details` are JSON: no text of a message, no number in full, no key.
    """
    values = {
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "outcome": outcome,
        "details": dict(details) if details else None,
    }
    connection.execute(insert(audit_log).values(values))
