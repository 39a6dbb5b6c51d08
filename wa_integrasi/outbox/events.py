"""The record of every status change: `message_events`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from wa_integrasi.message import Status
from wa_integrasi.store.bulk import bulk

_RECORD = bulk(
    "INSERT INTO message_events (outbox_id, status, at, attempt_id, provider_message_id, error_code, error_text) "
    "SELECT x.outbox_id, x.status, :now, x.attempt_id, x.provider_message_id, x.error_code, x.error_text "
    "FROM {x} WHERE true",
    outbox_id="bigint",
    status="text",
    attempt_id="text",
    provider_message_id="text",
    error_code="text",
    error_text="text",
)


def event(outbox_id: int, status: Status, **details: str | None) -> dict[str, Any]:
    """One row for `record`; `details` are its other columns."""
    return {"outbox_id": outbox_id, "status": status.value, **details}


def record(connection: Connection, events: Sequence[dict[str, Any]], now: datetime) -> None:
    """Write what has happened now."""
    if events:
        _RECORD(connection, events, now=now)
