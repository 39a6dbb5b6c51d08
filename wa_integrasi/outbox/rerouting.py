"""Failures that say something of the person: they asked for no more messages, or have been silent for too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from wa_integrasi.message import Status
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.events import event, record
from wa_integrasi.outbox.keys import AGAIN
from wa_integrasi.outbox.nudging import SILENCE, WINDOW_CLOSED, ask, close_window
from wa_integrasi.providers.base import Action, Failed
from wa_integrasi.store.bulk import upsert
from wa_integrasi.store.tables import chats, wa_outbox

_COPIED = (
    *("recipient", "content", "type", "account", "chat", "priority"),
    *("report", "slot", "part", "parts", "flow_run_id", "reply_to", "expires_at", "send_hours"),
)


@dataclass(frozen=True, slots=True)
class Fallen:
    """A message that a receipt has ended, and why."""

    id: int
    account: str
    chat: str
    failure: Failed


def after_receipts(connection: Connection, fallen: Sequence[Fallen], now: datetime) -> None:
    """Remember who has opted out, and let what was meant for silent people wait, as a message of its own.

    A status never moves backwards: the message that the channel had accepted stays a dead letter.
    """
    opted_out = [
        {"account": f.account, "chat": f.chat, "opted_out_at": now, "opted_out_by": f.failure.code}
        for f in fallen
        if f.failure.action is Action.OPTED_OUT
    ]
    upsert(connection, chats, opted_out)
    for each in fallen:
        if each.failure.action is Action.NEEDS_TEMPLATE:
            turns.lock_chats(connection, [(each.account, each.chat)])
            close_window(connection, each.account, each.chat)
            _send_later(connection, each, now)


def _send_later(connection: Connection, fallen: Fallen, now: datetime) -> None:
    row = connection.execute(select(wa_outbox).where(wa_outbox.c.id == fallen.id)).one()
    key = f"{AGAIN}{fallen.id}"
    known = select(wa_outbox.c.id).where(wa_outbox.c.dedupe_key == key)
    if connection.execute(known).first() or not ask(connection, fallen.account, fallen.chat, row.created_at, now):
        return
    waiting = {
        **{name: row._mapping[name] for name in _COPIED},  # noqa: SLF001 - SQLAlchemy's public name for it
        "dedupe_key": key,
        "created_at": row.created_at,
        "next_attempt_at": now + SILENCE,
        "error_code": WINDOW_CLOSED,
        "error_text": f"waits for this person to write back; before it was message {fallen.id}",
    }
    made = connection.execute(insert(wa_outbox).values(waiting).returning(wa_outbox.c.id)).scalar_one()
    told = event(made, Status.PENDING, error_code=WINDOW_CLOSED, error_text=waiting["error_text"])
    record(connection, [told], now)
    # Nobody need be told of a dead letter that is sent after all.
    connection.execute(update(wa_outbox).where(wa_outbox.c.id == fallen.id).values(noticed_at=now))
    turns.pass_on(connection, [((fallen.account, fallen.chat), None, 0)])
