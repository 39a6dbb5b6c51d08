"""What a person may decide about messages: send again, give up, take back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast, exists, literal, select, update

from wa_integrasi.message import Status
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.events import event, record
from wa_integrasi.outbox.keys import AGAIN
from wa_integrasi.store.tables import wa_outbox

_AT_ONCE = 1_000

Decide = Callable[[Connection, "Selection", str, datetime], int]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages are meant; what is not given does not narrow it."""

    ids: Sequence[int] = ()
    report: str | None = None
    slot: str | None = None
    account: str | None = None
    error_code: str | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing narrows it."""
        return not (self.ids or self.report or self.slot or self.account or self.error_code)

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a WHERE."""
        named = {"report": self.report, "slot": self.slot, "account": self.account, "error_code": self.error_code}
        found: list[ColumnElement[bool]] = [wa_outbox.c[name] == value for name, value in named.items() if value]
        return [*found, wa_outbox.c.id.in_(self.ids)] if self.ids else found


def requeue(connection: Connection, selection: Selection, reason: str, now: datetime) -> int:
    """Dead and refused messages wait again, with all their tries; returns how many."""
    fresh = {"status": Status.PENDING, "attempts": 0, "next_attempt_at": now}
    # Whoever sends it again wants it to go, however late it is.
    fresh |= dict.fromkeys(("not_before", "expires_at"))
    fresh |= dict.fromkeys(("error_code", "error_text", "noticed_at", "attempt_id", "provider_message_id"))
    return _change(connection, selection, [Status.DEAD, Status.REFUSED], fresh, reason, now)


def discard(connection: Connection, selection: Selection, reason: str, now: datetime) -> int:
    """Dead and refused messages, and those of unknown fate, are given up; returns how many."""
    gone = {"status": Status.CANCELLED, "error_code": "discarded", "error_text": reason}
    return _change(connection, selection, [Status.DEAD, Status.REFUSED, Status.UNKNOWN], gone, reason, now)


def cancel(connection: Connection, selection: Selection, reason: str, now: datetime) -> int:
    """Waiting messages are taken back; one that is on its way cannot be. Returns how many."""
    gone = {"status": Status.CANCELLED, "error_code": "cancelled", "error_text": reason}
    return _change(connection, selection, [Status.PENDING], gone, reason, now)


def _change(
    connection: Connection,
    selection: Selection,
    of: Sequence[Status],
    values: dict[str, Any],
    reason: str,
    now: datetime,
) -> int:
    total = 0
    while True:
        copy = wa_outbox.alias()
        # What goes again as a copy (`rerouting`) is not to go twice.
        copied = exists().where(copy.c.dedupe_key == literal(AGAIN).concat(cast(wa_outbox.c.id, Text)))
        chosen = select(wa_outbox.c.id, wa_outbox.c.account, wa_outbox.c.chat).where(
            *selection.conditions(), wa_outbox.c.status.in_(of), ~copied
        )
        chosen = chosen.order_by(wa_outbox.c.id).limit(_AT_ONCE)
        chats = {(row.account, row.chat) for row in connection.execute(chosen) if row.chat is not None}
        turns.lock_chats(connection, chats)
        rows = connection.execute(chosen.with_for_update()).all()
        if not rows:
            return total
        ids = [row.id for row in rows]
        connection.execute(update(wa_outbox).where(wa_outbox.c.id.in_(ids)).values(**values))
        told = [event(id_, values["status"], error_code=values["error_code"], error_text=reason) for id_ in ids]
        record(connection, told, now)
        turns.pass_on(connection, [((row.account, row.chat), None, row.id) for row in rows if row.chat is not None])
        total += len(ids)
