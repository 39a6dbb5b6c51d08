"""The record of every status change: `message_events`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, insert, select

from wa_integrasi.message import Receipt, Status
from wa_integrasi.providers.base import ReceiptEvent
from wa_integrasi.store.tables import message_events


def event(outbox_id: int, status: Status, at: datetime, **details: Any) -> dict[str, Any]:
    """One row of `message_events`; `details` are its other columns."""
    empty = dict.fromkeys(
        ("attempt_id", "provider_message_id", "error_code", "error_text", "price_category", "billable")
    )
    return {"outbox_id": outbox_id, "status": status.value, "at": at, **empty, **details}


def record(connection: Connection, events: Sequence[dict[str, Any]]) -> None:
    """Write `events`."""
    if events:
        connection.execute(insert(message_events), events)


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
    details = {
        "attempt_id": receipt.attempt_id,
        "provider_message_id": receipt.message_id,
        "error_code": failure.code if failure else None,
        "error_text": failure.text if failure else None,
        "price_category": receipt.price_category,
        "billable": receipt.billable,
    }
    record(connection, [event(outbox_id, status, receipt.at, **details)])
