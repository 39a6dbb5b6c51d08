"""Raw webhooks: kept before anything is acknowledged, then read and acted on, in any order and once each."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.outbox import Outbox
from wa_integrasi.providers.base import BadItem, Event, MessageEvent, OtherEvent, ReceiptEvent, Receiver
from wa_integrasi.providers.wire import storable
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.tables import inbound_events

PARKED_FOR = timedelta(minutes=10)
"""How long a receipt waits for its message to become known."""

_PARK = timedelta(seconds=2)
_SLOWEST = timedelta(hours=1)
_LONGEST_NOTE = 500

log = logging.getLogger(__name__)

Receivers = Mapping[tuple[str, str], Receiver]
"""The accounts known here, by provider and account name."""


class Inbox:
    """The raw events of one store."""

    def __init__(self, store: Store, outbox: Outbox, clock: Clock = utc_now) -> None:
        self._store = store
        self._outbox = outbox
        self._clock = clock

    def keep(self, provider: str, account: str, body: bytes) -> bool:
        """Commit one verified webhook; False when the same bytes are kept already (a provider's retry)."""
        now = self._clock()
        insert = postgresql.insert if self._store.dialect == "postgresql" else sqlite.insert
        statement = insert(inbound_events).values(
            provider=provider,
            account=account,
            event_key=hashlib.sha256(body).hexdigest(),
            body=body,
            received_at=now,
            due_at=now,
        )
        once = statement.on_conflict_do_nothing(index_elements=["provider", "account", "event_key"])
        with self._store.writing() as connection:
            return connection.execute(once.returning(inbound_events.c.id)).scalar() is not None

    def work(self, receivers: Receivers, limit: int = 100) -> int:
        """Read up to `limit` due events and act on them, each in a transaction of its own; returns how many there were.

        Several processes may work at once; a crash leaves the event due.
        """
        for done in range(limit):
            with self._store.writing() as connection:
                event = self._next_due(connection)
                if event is None:
                    return done
                self._act(connection, event, receivers)
        return limit

    def _next_due(self, connection: Connection) -> Row[Any] | None:
        due = select(inbound_events).where(inbound_events.c.due_at <= self._clock())
        return connection.execute(
            due.order_by(inbound_events.c.due_at).limit(1).with_for_update(skip_locked=True)
        ).first()

    def _act(self, connection: Connection, event: Row[Any], receivers: Receivers) -> None:
        due_at: datetime | None
        try:
            with connection.begin_nested():
                note, due_at = self._read(connection, event, receivers.get((event.provider, event.account)))
        except (StoreError, OperationalError, InterfaceError):
            raise
        except Exception as error:  # also a DataError: what no database takes is the event's fault, not the store's
            # Kept and tried again more and more seldom, so that it neither is lost nor stops the events behind it.
            note, due_at = type(error).__name__, self._clock() + min(_SLOWEST, _PARK * 2 ** min(event.attempts, 12))
            log.warning("event %s waits until %s: %s", event.id, due_at.isoformat(), note)
        values = {"due_at": due_at, "attempts": event.attempts + 1, "note": storable(note)[:_LONGEST_NOTE]}
        connection.execute(update(inbound_events).where(inbound_events.c.id == event.id).values(**values))

    def _read(self, connection: Connection, event: Row[Any], receiver: Receiver | None) -> tuple[str, datetime | None]:
        """Apply one event; returns what was in it and when it must be looked at again, if it must."""
        now = self._clock()
        if receiver is None:
            return "the account is not configured here", now + PARKED_FOR
        try:
            items = receiver.parse(bytes(event.body))
        except ValueError as error:
            return f"unreadable: {error}", None
        early = self._outbox.apply([item for item in items if isinstance(item, ReceiptEvent)], connection)
        again = now + _PARK if early and now < event.received_at + PARKED_FOR else None
        return _note(items, early), again


def _note(items: Sequence[Event], early: Sequence[ReceiptEvent]) -> str:
    """What was in an event, in a few words for whoever looks at it later."""
    counts = Counter(type(item) for item in items)
    names = {ReceiptEvent: "receipts", MessageEvent: "messages", OtherEvent: "others", BadItem: "unreadable"}
    parts = [f"{counts[kind]} {name}" for kind, name in names.items() if counts[kind]]
    if early:
        parts.append(f"{len(early)} of no message known here")
    parts += [item.reason for item in items if isinstance(item, BadItem)][:3]
    return "; ".join(parts) or "empty"
