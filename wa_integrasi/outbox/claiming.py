"""Claiming for one account: take the chats whose turn it is, judge their messages, note the intent to send."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from wa_integrasi.content import Content
from wa_integrasi.message import Priority, Status
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.events import event, record
from wa_integrasi.outbox.rows import Claimed
from wa_integrasi.outbox.settling import put_back
from wa_integrasi.outbox.shared import judge_rows, moments, read_contents, spend
from wa_integrasi.outbox.templates import held_templates, limited
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.bulk import bulk

_SEND = bulk(
    "UPDATE wa_outbox SET status = 'sending', attempt_id = x.attempt_id, "
    "attempts = CASE WHEN wa_outbox.attempts < 1000 THEN wa_outbox.attempts + 1 ELSE 1000 END "
    "FROM {x} WHERE wa_outbox.id = x.id",
    id="bigint",
    attempt_id="text",
)


def claim_of(
    connection: Connection,
    account: str,
    rules: AccountRules,
    token: str,
    now: datetime,
    until: datetime,
    limit: int,
    bounds: turns.Bounds,
) -> list[Claimed]:
    """Claim up to `limit` messages of one account, the most urgent first."""
    slots = moments(connection, account, rules, now, limit)
    taken = turns.take(connection, account, token, now, len(slots), bounds) if slots else {}
    if not taken:
        return []
    heads = sorted(turns.heads(connection, account, token), key=_urgency)
    waiting = [row for row in heads if row.status == Status.PENDING]
    contents, unreadable = read_contents(waiting, now)
    held = held_templates(connection, account, [row for row in waiting if row.id in contents], contents, now)
    readable = [row for row in waiting if row.id in contents and row.id not in held]
    limits = limited(connection, account, rules, readable, now)
    going, stops = judge_rows(connection, account, limits, readable, taken, now)
    put_back(connection, unreadable | held | stops, now)
    spend(connection, account, rules, now, len(going))
    going_rows = [row for row in readable if row.id in going]
    claimed = [
        _claimed(row, token, contents[row.id], until, max(slot, going[row.id]))
        for row, slot in zip(going_rows, slots, strict=False)
    ]
    if claimed:
        _SEND(connection, [{"id": message.id, "attempt_id": message.attempt_id} for message in claimed])
        record(connection, [event(m.id, Status.SENDING, attempt_id=m.attempt_id) for m in claimed], now)
    # Whatever does not go gives its chat back, also where another program ended or removed the message.
    gone = {message.recipient.chat for message in claimed}
    turns.pass_on(connection, [((account, chat), token, 0) for chat in taken if chat not in gone])
    return claimed


def message_asked_about(row: Row[Any], content: Content, now: datetime) -> Claimed:
    """A message of unknown fate, as its attempt was."""
    return Claimed(
        id=row.id,
        account=row.account,
        recipient=Recipient.of_chat(row.chat),
        content=content,
        attempt_id=row.attempt_id,
        attempts=row.attempts,
        lease_until=None,
        reply_to=row.reply_to,
        not_before=now,
    )


def _claimed(row: Row[Any], token: str, content: Content, until: datetime, not_before: datetime) -> Claimed:
    return Claimed(
        id=row.id,
        account=row.account,
        recipient=Recipient.of_chat(row.chat),
        content=content,
        attempt_id=f"{token}.{row.id}",
        attempts=(row.attempts if isinstance(row.attempts, int) else 0) + 1,
        lease_until=until,
        reply_to=row.reply_to,
        not_before=not_before,
        created_at=row.created_at,
    )


def _urgency(row: Row[Any]) -> tuple[int, int]:
    """First things first; SQLite lets another program write what is no number."""
    return (row.priority if isinstance(row.priority, int) else int(Priority.REPORT), row.id)
