"""The record of every status change: `message_events`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, insert, select

from wa_integrasi.message import Receipt, Status
from wa_integrasi.providers.base import ReceiptEvent
from wa_integrasi.store.bulk import bulk
from wa_integrasi.store.tables import message_events

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


def record_receipt(connection: Connection, outbox_id: int, receipt: ReceiptEvent) -> None:
    """Write a receipt once, however often the channel repeats it."""
    status = Status.DEAD if receipt.receipt is Receipt.FAILED else Status(receipt.receipt.value)
    written = exists().where(
        message_events.c.outbox_id == outbox_id,
        message_events.c.status == status,
        message_events.c.at == receipt.at,
        message_events.c.provider_message_id == receipt.message_id,
    )
    if connection.execute(select(written)).scalar_one():
        return
    failure = receipt.failure
    values = {
        "attempt_id": receipt.attempt_id,
        "provider_message_id": receipt.message_id,
        "error_code": failure.code if failure else None,
        "error_text": failure.text if failure else None,
        "price_category": receipt.price_category,
        "billable": receipt.billable,
    }
    connection.execute(insert(message_events).values(outbox_id=outbox_id, status=status, at=receipt.at, **values))
