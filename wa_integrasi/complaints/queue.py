"""`complaint_queue`: rows taken under leases and each answered once, or set aside with the reason.

Other programs write it with plain INSERTs of its old columns, and SQLite keeps anything anywhere: what is taken is as
it was found, and whoever answers it decides whether it can be read.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Text, case, cast, literal, or_, select, update

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import PENDING_COMPLAINT, complaint_queue

LEASE = timedelta(seconds=60)
"""How long a complaint belongs to who has taken it; answering one takes milliseconds."""

TRIES = 5
"""How often a complaint is taken before it is set aside."""

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=30)


class State(StrEnum):
    """Where a complaint stands; what other programs write there besides is theirs."""

    PENDING = "pending"
    RESPONDED = "responded"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Taken:
    """A complaint that was taken, as it was found."""

    id: int
    complainant: Any = field(repr=False)
    response_template: Any = field(repr=False)
    created_at: datetime
    """When it was taken, where its row has no moment."""
    account: Any
    chat: Any = field(repr=False)
    text: Any = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    message_id: int | None
    attempts: int
    """How often it was taken, this time included."""
    lease: str


_FOUND = ("id", "complainant", "response_template", "created_at", "account", "chat", "text", "message_id", "attempts")


class ComplaintQueue:
    """The complaints of one store. Several processes may answer them at once."""

    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock

    def take(self, limit: int = 20) -> list[Taken]:
        """Take up to `limit` pending complaints, the oldest first; those of a taker that died come back."""
        now, lease = self._clock(), secrets.token_hex(8)
        c = complaint_queue.c
        # A moment that nobody here gives: the clock was set back since.
        due = or_(c.due_at.is_(None), c.due_at <= now, c.due_at > now + 2 * _LONGEST_PAUSE)
        chosen = select(c.id).where(PENDING_COMPLAINT, due).order_by(c.id).limit(limit)
        with self._store.writing() as connection:
            ids = connection.execute(chosen.with_for_update(skip_locked=True)).scalars().all()
            if not ids:
                return []
            values = {"due_at": now + LEASE, "lease": lease, "attempts": c.attempts + 1}
            # As text: another program may have written no JSON, which would spoil the whole batch.
            found = (*(c[name] for name in _FOUND), cast(c.fields, Text).label("said"))
            taken = update(complaint_queue).where(c.id.in_(ids)).values(values).returning(*found)
            rows = connection.execute(taken).mappings().all()
        return [
            Taken(
                **{**{name: row[name] for name in _FOUND}, "created_at": row["created_at"] or now},
                fields=_fields(row["said"]),
                lease=lease,
            )
            for row in sorted(rows, key=lambda row: int(row["id"]))
        ]

    def respond(
        self, taken: Taken, connection: Connection, *, chat: str, escalate_at: datetime | None, note: str | None
    ) -> bool:
        """Write down that a complaint is answered in `chat`, in the transaction that enqueues the answer.

        False when it is not ours any more, and nothing may be enqueued then.
        """
        c = complaint_queue.c
        values = {
            "status": State.RESPONDED,
            "responded_at": self._clock(),
            "created_at": taken.created_at,
            "chat": chat,
            # Typed, since PostgreSQL takes a NULL without a type for a text.
            "escalate_at": case((c.answered_at.is_(None), literal(escalate_at, c.escalate_at.type))),
            "note": note,
            "due_at": None,
            "lease": None,
        }
        return self._change(taken, connection, values)

    def set_aside(self, taken: Taken, reason: str) -> bool:
        """Leave a complaint that cannot be answered to a person; False when it is not ours any more."""
        values = {"status": State.ASIDE, "note": reason, "noticed_at": None, "due_at": None, "lease": None}
        with self._store.writing() as connection:
            return self._change(taken, connection, values)

    def put_off(self, taken: Taken, reason: str) -> bool:
        """Let a complaint wait whose answer failed, longer each time; False when it is not ours any more."""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(taken.attempts - 1, 10))
        with self._store.writing() as connection:
            return self._change(taken, connection, {"due_at": self._clock() + pause, "lease": None, "note": reason})

    @staticmethod
    def _change(taken: Taken, connection: Connection, values: Mapping[str, Any]) -> bool:
        c = complaint_queue.c
        ours = (c.id == taken.id) & (c.lease == taken.lease) & (c.status == State.PENDING)
        return connection.execute(update(complaint_queue).where(ours).values(**values)).rowcount == 1


def mark_answered(connection: Connection, complaint_id: int, at: datetime, by: str) -> bool:
    """Write down that a person has answered, so that nobody is told of it any more; False when it was before."""
    c = complaint_queue.c
    still_open = (c.id == complaint_id) & c.answered_at.is_(None)
    values = {"answered_at": at, "answered_by": by, "escalate_at": None}
    return connection.execute(update(complaint_queue).where(still_open).values(values)).rowcount == 1


def try_again(connection: Connection, complaint_id: int) -> bool:
    """Let a complaint that was set aside wait again, with all its tries; False when it was not."""
    c = complaint_queue.c
    aside = update(complaint_queue).where(c.id == complaint_id, c.status == State.ASIDE)
    values = {"status": State.PENDING, "attempts": 0, "note": None, "noticed_at": None, "due_at": None}
    return connection.execute(aside.values(values)).rowcount == 1


def _fields(said: Any) -> dict[str, str]:
    """The headers of a complaint; none where another program wrote something else."""
    try:
        found = json.loads(said) if said else None
    except (TypeError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
