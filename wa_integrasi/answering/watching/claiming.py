"""Which subscriptions are looked at now, and by whom: under leases, so that two processes share them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select, update

from wa_integrasi.store.tables import subscriptions
from wa_integrasi.subscriptions import Sleep, Subscription, subscription_of, unwanted

LEASE = timedelta(seconds=75)
"""How long a subscription is one process's. Longer than a round may take; should it die, others go on after that."""

_APART = timedelta(seconds=15)
"""What was looked at a moment ago is not looked at again: two rounds began together."""

_MOST = 5_000


def claim(connection: Connection, now: datetime) -> tuple[str, list[Subscription]]:
    """Take all that nobody else has; those of people who want no messages, or get none, are left alone."""
    s, token = subscriptions.c, secrets.token_hex(8)
    free = or_(s.lease_until.is_(None), s.lease_until <= now, s.lease_until > now + LEASE)
    due = or_(s.seen_at.is_(None), s.seen_at <= now - _APART, s.seen_at > now)
    chosen = select(s.id).where(s.cancelled_at.is_(None), free, due, ~unwanted())
    longest_ago = chosen.order_by(func.coalesce(s.seen_at, s.created_at), s.id).limit(_MOST)
    ids = connection.execute(longest_ago.with_for_update(skip_locked=True, of=subscriptions)).scalars().all()
    if not ids:
        return token, []
    taken = update(subscriptions).where(s.id.in_(ids)).values(lease=token, lease_until=now + LEASE)
    rows = connection.execute(taken.returning(subscriptions)).all()
    return token, sorted(map(subscription_of, rows), key=lambda each: each.id)


def still_ours(connection: Connection, some: Sequence[Subscription], token: str) -> list[Subscription]:
    """Those of some subscriptions that are still ours and not over, as they stand now, locked until the commit."""
    s = subscriptions.c
    mine = select(subscriptions).where(
        s.id.in_([each.id for each in some]), s.lease == token, s.cancelled_at.is_(None), ~unwanted()
    )
    rows = connection.execute(mine.order_by(s.id).with_for_update(of=subscriptions)).all()
    return [subscription_of(row) for row in rows]


def keep(connection: Connection, each: Subscription, *, told: bool) -> None:
    """Write down how a subscription stands, and give it back; `told` says whether its owner is told now."""
    values = asdict(each.standing) | {"lease": None, "lease_until": None, "tellings": each.tellings + told}
    connection.execute(update(subscriptions).where(subscriptions.c.id == each.id).values(values))


def keep_asleep(connection: Connection, each: Subscription, why: Sleep | None, now: datetime, *, told: bool) -> None:
    """Write down why a subscription is not in force, or that it is."""
    values = {"asleep": why, "asleep_since": now if why else None, "tellings": each.tellings + told}
    connection.execute(update(subscriptions).where(subscriptions.c.id == each.id).values(values))


def pass_over(connection: Connection, some: Sequence[Subscription], token: str, now: datetime) -> None:
    """Write down that subscriptions were looked at of which nothing is read."""
    s = subscriptions.c
    mine = update(subscriptions).where(s.id.in_([each.id for each in some]), s.lease == token)
    connection.execute(mine.values(seen_at=now, turning_since=None, lease=None, lease_until=None))


def give_back(connection: Connection, token: str) -> None:
    """Let others have what was not looked at."""
    mine = update(subscriptions).where(subscriptions.c.lease == token)
    connection.execute(mine.values(lease=None, lease_until=None))
