"""Finished messages leave the outbox for the archive; their dedupe keys stay, so that none of them goes again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select, text
from sqlalchemy.exc import DBAPIError

from wa_integrasi.message import Status
from wa_integrasi.outbox.keys import AGAIN, digest_of
from wa_integrasi.store.bulk import bulk
from wa_integrasi.store.tables import message_events, wa_outbox

_COPY = re.compile(rf"{re.escape(AGAIN)}([0-9]{{1,18}})", re.ASCII)
"""The key of a message that goes again; what other programs write there may be anything."""

_WAITS = "500ms"
"""Less than PostgreSQL waits before it looks for a deadlock: we are the ones to give up."""

_URGENT = "urgent/"
"""See `wa_integrasi.notices`, which tells of these also when they were refused."""

_ROW = tuple(column for column in wa_outbox.c if column.name != "stage")
_EVENT = tuple(column for column in message_events.c if column.name != "id")
_KEEP_KEYS = bulk(
    "INSERT INTO archived_keys (digest, outbox_id) SELECT x.digest, x.id FROM {x} WHERE true "
    "ON CONFLICT (digest) DO NOTHING",
    id="bigint",
    digest="text",
)
_FORGET_EVENTS = bulk("DELETE FROM message_events WHERE outbox_id IN (SELECT x.id FROM {x})", id="bigint")
_FORGET = bulk("DELETE FROM wa_outbox WHERE id IN (SELECT x.id FROM {x})", id="bigint")


class BusyError(Exception):
    """Others write to the outbox without a pause; nothing was changed."""


def lock_finished(connection: Connection, before: datetime, limit: int) -> Sequence[Row[Any]]:
    """Messages that have ended, and of which nothing was heard since `before`, the oldest first, locked.

    Left out are those that somebody is at, dead letters that nobody was told of, and copies whose original is still
    there: the original is not to go a second time (`rerouting`).
    """
    heard = exists().where(message_events.c.outbox_id == wa_outbox.c.id, message_events.c.at >= before)
    chosen = (
        select(*_ROW)
        .where(wa_outbox.c.created_at < before, wa_outbox.c.stage != "open", ~_untold(), ~heard)
        .order_by(wa_outbox.c.created_at, wa_outbox.c.id)
        .limit(limit)
    )
    rows = connection.execute(chosen.with_for_update(skip_locked=True, of=wa_outbox)).all()
    originals = _originals(connection, rows)
    return [row for row in rows if row.dedupe_key not in originals]


def events_of(connection: Connection, ids: Sequence[int]) -> dict[int, list[Mapping[str, Any]]]:
    """Every status change of some messages, in the order in which it became known."""
    found: dict[int, list[Mapping[str, Any]]] = {id_: [] for id_ in ids}
    chosen = select(*_EVENT).where(message_events.c.outbox_id.in_(ids)).order_by(message_events.c.id)
    for row in connection.execute(chosen).mappings():
        found[row["outbox_id"]].append({name: value for name, value in row.items() if name != "outbox_id"})
    return found


def remove(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    """Delete archived messages with their events, and keep the digests of their keys. Raises `BusyError`.

    Whoever enqueues at this moment waits, and then sees the digests: its statement looks for them before it inserts,
    but as of its beginning. So nobody may be within such a statement when the row goes.
    """
    if connection.dialect.name == "postgresql":
        _lock_out(connection)
    ids = [{"id": row.id} for row in rows]
    keyed = [{"id": row.id, "digest": digest_of(row.dedupe_key)} for row in rows if isinstance(row.dedupe_key, str)]
    _KEEP_KEYS(connection, keyed)
    _FORGET_EVENTS(connection, ids)
    _FORGET(connection, ids)


def _untold() -> ColumnElement[bool]:
    alarm = and_(wa_outbox.c.status == Status.REFUSED, wa_outbox.c.dedupe_key.startswith(_URGENT))
    return and_(wa_outbox.c.noticed_at.is_(None), or_(wa_outbox.c.status == Status.DEAD, alarm))


def _originals(connection: Connection, rows: Sequence[Row[Any]]) -> set[str]:
    """The keys of copies among the rows whose originals would stay behind."""
    leaving = {row.id for row in rows}
    keys = (row.dedupe_key for row in rows if isinstance(row.dedupe_key, str))
    copies = {int(found[1]): key for key in keys if (found := _COPY.fullmatch(key))}
    if not copies:
        return set()
    there = connection.execute(select(wa_outbox.c.id).where(wa_outbox.c.id.in_(copies))).scalars()
    return {copies[id_] for id_ in there if id_ not in leaving}


def _lock_out(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{_WAITS}'"))
    try:
        connection.execute(text("LOCK TABLE wa_outbox IN SHARE ROW EXCLUSIVE MODE"))
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise BusyError from None
        raise
    connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
