"""Raw webhooks into rows: many with one commit, each once, and what the database refuses harms no other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from wa_integrasi.store.engine import Store, is_away
from wa_integrasi.store.tables import UtcDateTime

# Arrays in binary: a tenth of the time that one JSON parameter takes, which has no bytes.
_POSTGRES = """
    INSERT INTO inbound_events (provider, account, event_key, body, received_at, due_at)
    SELECT x.*, x.received_at FROM unnest(%(providers)b::text[], %(accounts)b::text[], %(keys)b::text[],
    %(bodies)b::bytea[], %(moments)b::timestamptz[]) AS x (provider, account, event_key, body, received_at)
    ON CONFLICT (provider, account, event_key) DO NOTHING"""
_SQLITE = """
    INSERT INTO inbound_events (provider, account, event_key, body, received_at, due_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (provider, account, event_key) DO NOTHING"""

_MOMENT = UtcDateTime()


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One verified webhook, as it came."""

    provider: str
    account: str
    body: bytes = field(repr=False)
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of keeping some: how many are new (the others were there already), and those that could not be kept."""

    new: int
    refused: tuple[RawEvent, ...] = ()


def keep_all(store: Store, events: Sequence[RawEvent]) -> Kept:
    """Commit `events` together; those that the database refuses are found by halving, and the others committed.

    Raises `StoreError` or `DBAPIError` when the store is away: none may be acknowledged then.
    """
    try:
        # One statement, so that on PostgreSQL it takes a single round trip.
        with store.single() as connection:
            return Kept(_insert(connection, events))
    except DBAPIError as error:
        if is_away(error) or not events:
            raise
        if len(events) == 1:
            return Kept(0, tuple(events))
    middle = len(events) // 2
    first, second = keep_all(store, events[:middle]), keep_all(store, events[middle:])
    return Kept(first.new + second.new, first.refused + second.refused)


def _insert(connection: Connection, events: Sequence[RawEvent]) -> int:
    # In the order of their keys: two processes that keep the same webhooks do not wait for each other crosswise.
    keyed = sorted((_key(event) for event in events), key=itemgetter(0, 1, 2))
    if connection.dialect.name == "postgresql":
        columns = {
            "providers": [provider for provider, _, _, _ in keyed],
            "accounts": [account for _, account, _, _ in keyed],
            "keys": [key for _, _, key, _ in keyed],
            "bodies": [event.body for _, _, _, event in keyed],
            "moments": [event.received_at for _, _, _, event in keyed],
        }
        return connection.exec_driver_sql(_POSTGRES, columns).rowcount
    rows = []
    for provider, account, key, event in keyed:
        moment = _MOMENT.process_bind_param(event.received_at, connection.dialect)
        rows.append((provider, account, key, event.body, moment, moment))
    return connection.exec_driver_sql(_SQLITE, rows).rowcount


def _key(event: RawEvent) -> tuple[str, str, str, RawEvent]:
    return event.provider, event.account, hashlib.sha256(event.body).hexdigest(), event
