"""Messages of unknown fate whose channel can be asked: who asks, and what the answer does."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from wa_integrasi.message import Status
from wa_integrasi.outbox.events import event, record
from wa_integrasi.outbox.rows import Claimed
from wa_integrasi.store.tables import UtcDateTime, message_events, wa_outbox

LONGEST = timedelta(hours=1)
"""How long a channel is asked before a person must decide."""


def take_unknown(
    connection: Connection, accounts: Collection[str], now: datetime, pause: timedelta, limit: int
) -> list[tuple[Row[Any], datetime]]:
    """Messages to ask about now, each with the moment its attempt began; nobody else asks before `pause` is over."""
    due = (
        select(wa_outbox.c.id)
        .where(
            wa_outbox.c.status == Status.UNKNOWN,
            wa_outbox.c.account.in_(list(accounts)),
            wa_outbox.c.next_attempt_at <= now,
        )
        .order_by(wa_outbox.c.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = connection.execute(due).scalars().all()
    if not ids:
        return []
    connection.execute(update(wa_outbox).where(wa_outbox.c.id.in_(ids)).values(next_attempt_at=now + pause))
    began = func.min(message_events.c.at, type_=UtcDateTime)
    attempts = (
        select(wa_outbox, began.label("began"))
        .join(message_events, message_events.c.outbox_id == wa_outbox.c.id)
        .where(wa_outbox.c.id.in_(ids), message_events.c.attempt_id == wa_outbox.c.attempt_id)
        .group_by(wa_outbox.c.id)
    )
    rows = [(row, row.began) for row in connection.execute(attempts)]
    _give_up(connection, [row.id for row, since in rows if since < now - LONGEST], now)
    return [(row, since) for row, since in rows if since >= now - LONGEST]


def send_again(connection: Connection, claimed: Claimed, now: datetime) -> None:
    """The channel never had the message: it waits again."""
    mine = (wa_outbox.c.attempt_id == claimed.attempt_id) & (wa_outbox.c.status == Status.UNKNOWN)
    change = update(wa_outbox).where(wa_outbox.c.id == claimed.id, mine)
    if connection.execute(change.values(status=Status.PENDING, next_attempt_at=now)).rowcount:
        record(
            connection, [event(claimed.id, Status.PENDING, now, attempt_id=claimed.attempt_id, error_code="missing")]
        )


def _give_up(connection: Connection, ids: list[int], now: datetime) -> None:
    if not ids:
        return
    error = {"error_code": "no_answer", "error_text": "the channel cannot say whether it has it: a person decides"}
    connection.execute(update(wa_outbox).where(wa_outbox.c.id.in_(ids)).values(status=Status.DEAD, **error))
    record(connection, [event(row_id, Status.DEAD, now, **error) for row_id in ids])
