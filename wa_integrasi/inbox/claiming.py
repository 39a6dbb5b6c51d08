"""Leases of raw events: who reads which now, so that several processes share them and a dead one's come back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from wa_integrasi.store.bulk import bulk
from wa_integrasi.store.tables import inbound_events

LEASE = timedelta(seconds=10)
"""How long events belong to who has taken them. Reading them twice does no harm, so it need not be renewed."""

_BYTES = 8 * 1024 * 1024
"""What the bodies taken at once may have together, unless a single one has more."""

_TAKE = bulk(
    "UPDATE inbound_events SET lease = :lease, due_at = :until, attempts = inbound_events.attempts + 1 FROM {x} "
    "WHERE inbound_events.id = x.id",
    id="bigint",
)
_FINISH = bulk(
    "UPDATE inbound_events SET lease = NULL, due_at = x.due_at, note = x.note FROM {x} "
    "WHERE inbound_events.id = x.id AND inbound_events.lease = :lease",
    id="bigint",
    due_at="timestamptz",
    note="text",
)


@dataclass(frozen=True, slots=True)
class TakenEvent:
    """A raw event that this worker alone reads, until its lease ends."""

    id: int
    provider: str
    account: str
    body: bytes = field(repr=False)
    received_at: datetime
    attempts: int
    """Earlier ones; this is one more."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What an event is to say from now on, and when it must be looked at again, if it must."""

    id: int
    note: str
    due_at: datetime | None


def take_events(connection: Connection, now: datetime, limit: int) -> tuple[str, list[TakenEvent]]:
    """Take up to `limit` due events, the oldest first; returns the lease and the events."""
    lease = secrets.token_hex(8)
    c = inbound_events.c
    due = select(c.id, func.length(c.body)).where(c.due_at <= now).order_by(c.due_at).limit(limit)
    ids: list[int] = []
    size = 0
    for event_id, length in connection.execute(due.with_for_update(skip_locked=True)):
        size += length
        if ids and size > _BYTES:
            break
        ids.append(event_id)
    if not ids:
        return lease, []
    taken = select(c.id, c.provider, c.account, c.body, c.received_at, c.attempts).where(c.id.in_(ids))
    rows = connection.execute(taken.order_by(c.due_at, c.id)).all()
    _TAKE(connection, [{"id": event_id} for event_id in ids], lease=lease, until=now + LEASE)
    return lease, [TakenEvent(r.id, r.provider, r.account, bytes(r.body), r.received_at, r.attempts) for r in rows]


def finish_events(connection: Connection, lease: str, finished: Sequence[Finished]) -> None:
    """Let go of events that are still ours."""
    if finished:
        rows = [{"id": each.id, "note": each.note, "due_at": each.due_at} for each in finished]
        _FINISH(connection, rows, lease=lease)
