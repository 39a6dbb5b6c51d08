"""Subscriptions go with their contact: to a new number, and away with them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from wa_integrasi.audit.log import audit
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import Contact
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import subscriptions
from wa_integrasi.subscriptions.changes import Cancel, apply
from wa_integrasi.subscriptions.rights import Sleep

GRACE = timedelta(days=7)
"""How long a subscription sleeps whose owner is gone or has lost the right, before it is over: a mistake in the catalog
that is mended by then costs nobody theirs."""


def follow(store: Store, catalog: Catalog, actor: str, now: datetime) -> None:
    """Move the subscriptions of contacts with a new number or other ids, and end those that have slept for `GRACE`."""
    s = subscriptions.c
    columns = (s.id, s.contact, s.person, s.chat, s.asleep, s.asleep_since)
    with store.reading() as connection:
        rows = connection.execute(select(*columns).where(s.cancelled_at.is_(None)).order_by(s.id)).all()
    owned = [(row, catalog.contacts[row.contact]) for row in rows if row.contact in catalog.contacts]
    moved = [(row, owner) for row, owner in owned if (row.person, row.chat) != _place(row, owner)]
    over = [row.id for row in rows if _is_over(row, now)]
    if not moved and not over:
        return
    with store.writing() as connection:
        for row, owner in moved:
            _move(connection, row, owner, actor, now)
        apply(connection, [Cancel(over)], actor, now)


def _is_over(row: Row[Any], now: datetime) -> bool:
    ended = row.asleep in (Sleep.GONE, Sleep.RIGHT)
    return ended and row.asleep_since is not None and bool(row.asleep_since <= now - GRACE)


def _place(row: Row[Any], owner: Contact) -> tuple[str, str]:
    """The phone of its owner, and where it is told: in a chat that is not theirs any more it would reach another."""
    return owner.phone, row.chat if row.chat in owner.addresses else owner.phone


def _move(connection: Connection, row: Row[Any], owner: Contact, actor: str, now: datetime) -> None:
    s = subscriptions.c
    person, chat = _place(row, owner)
    still = (s.id == row.id) & (s.person == row.person) & (s.chat == row.chat) & s.cancelled_at.is_(None)
    if connection.execute(update(subscriptions).where(still).values(person=person, chat=chat)).rowcount:
        audit(connection, now, actor, "subscription.move", f"subscription:{row.id}")
