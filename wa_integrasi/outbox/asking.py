"""Messages of unknown fate whose channel can be asked: who asks, and what the answer does."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from wa_integrasi.message import Status
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.events import event, record
from wa_integrasi.outbox.rows import Claimed
from wa_integrasi.outbox.settling import key_of
from wa_integrasi.store.bulk import bulk, locked
from wa_integrasi.store.tables import UtcDateTime, message_events, wa_outbox

LONGEST = timedelta(hours=1)
"""How long a channel is asked before a person must decide."""

_DUE = (
    "SELECT c.account, c.chat, c.head_id FROM chats c JOIN wa_outbox o ON o.id = c.head_id AND o.status = 'unknown' "
    f"WHERE c.held_by = '{turns.UNKNOWN}' AND o.next_attempt_at <= :now "
    "AND EXISTS (SELECT 1 FROM {x} WHERE x.account = c.account) ORDER BY o.next_attempt_at LIMIT :limit"
)


def take_unknown(
    connection: Connection, accounts: Collection[str], now: datetime, pause: timedelta, limit: int
) -> list[tuple[Row[Any], datetime]]:
    """Messages to ask about now, each with the moment its attempt began; nobody else asks before `pause` is over."""
    due = bulk(_DUE + locked(connection, "c"), account="text")
    chats = due(connection, [{"account": name} for name in accounts], now=now, limit=limit).all()
    ids = [chat.head_id for chat in chats]
    if not ids:
        return []
    connection.execute(update(wa_outbox).where(wa_outbox.c.id.in_(ids)).values(next_attempt_at=now + pause))
    began = func.min(message_events.c.at, type_=UtcDateTime)
    attempted = (message_events.c.outbox_id == wa_outbox.c.id) & (message_events.c.attempt_id == wa_outbox.c.attempt_id)
    attempts = select(wa_outbox, began.label("began")).outerjoin(message_events, attempted)
    rows = connection.execute(attempts.where(wa_outbox.c.id.in_(ids)).group_by(wa_outbox.c.id)).all()
    asked = [(row, row.began) for row in rows if row.began is not None and row.began >= now - LONGEST]
    over = set(ids) - {row.id for row, _ in asked}
    _give_up(connection, [((c.account, c.chat), turns.UNKNOWN, c.head_id) for c in chats if c.head_id in over], now)
    return asked


def send_again(connection: Connection, claimed: Claimed, now: datetime, tries: int) -> None:
    """The channel never had the message: it waits again, unless that was its last try."""
    mine = (wa_outbox.c.attempt_id == claimed.attempt_id) & (wa_outbox.c.status == Status.UNKNOWN)
    change = update(wa_outbox).where(wa_outbox.c.id == claimed.id, mine)
    status = Status.PENDING if claimed.attempts < tries else Status.DEAD
    error = {"error_code": "missing", "error_text": "the channel never had it"}
    if connection.execute(change.values(status=status, next_attempt_at=now, **error)).rowcount:
        told = event(claimed.id, status, attempt_id=claimed.attempt_id, **error)
        record(connection, [told], now)
        turns.pass_on(connection, [(key_of(claimed), turns.UNKNOWN, claimed.id)])


def _give_up(connection: Connection, held: list[tuple[turns.Key, str | None, int]], now: datetime) -> None:
    if not held:
        return
    ids = [row_id for _, _, row_id in held]
    error = {"error_code": "no_answer", "error_text": "the channel cannot say whether it has it: a person decides"}
    connection.execute(update(wa_outbox).where(wa_outbox.c.id.in_(ids)).values(status=Status.DEAD, **error))
    record(connection, [event(row_id, Status.DEAD, **error) for row_id in ids], now)
    turns.pass_on(connection, held)
