"""What was kept for its time is forgotten: webhooks as they came, and the log of who changed what."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select

from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import audit_log, inbound_events, unread_items

_AT_ONCE = 1_000


def forget_events(store: Store, before: datetime, budget_s: float = 60) -> int:
    """Delete webhooks that came before a moment and have been read, and say how many.

    The messages that were in them stay. They are walked in the order in which they came, up to the first newer ones,
    so that no index need be kept for this alone.
    """
    ends, after, forgotten = time.monotonic() + budget_s, 0, 0
    while time.monotonic() < ends:
        rows = _next_events(store, after)
        old = [row.id for row in rows if row.received_at is None or row.received_at < before]
        if not old:
            break
        after = rows[-1].id
        with store.writing() as connection:
            read = delete(inbound_events).where(inbound_events.c.id.in_(old), inbound_events.c.due_at.is_(None))
            gone = connection.execute(read.returning(inbound_events.c.id)).scalars().all()
            connection.execute(delete(unread_items).where(unread_items.c.event_id.in_(gone)))
        forgotten += len(gone)
    return forgotten


def forget_audit(store: Store, before: datetime, budget_s: float = 60) -> int:
    """Delete what the audit log says of the time before a moment, and say how many entries that were."""
    ends, forgotten = time.monotonic() + budget_s, 0
    old = select(audit_log.c.id).where(audit_log.c.at < before).order_by(audit_log.c.at).limit(_AT_ONCE)
    while time.monotonic() < ends:
        with store.writing() as connection:
            gone = connection.execute(delete(audit_log).where(audit_log.c.id.in_(old.scalar_subquery()))).rowcount
        forgotten += gone
        if gone < _AT_ONCE:
            break
    return forgotten


def _next_events(store: Store, after: int) -> Sequence[Row[Any]]:
    columns = (inbound_events.c.id, inbound_events.c.received_at)
    chosen = select(*columns).where(inbound_events.c.id > after).order_by(inbound_events.c.id).limit(_AT_ONCE)
    with store.reading() as connection:
        return connection.execute(chosen).all()
