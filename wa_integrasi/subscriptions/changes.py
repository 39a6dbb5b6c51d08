"""What people change of their subscriptions, in the transaction that tells them so. Each change is in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Connection, func, insert, select, update

from wa_integrasi.audit.log import audit
from wa_integrasi.store.tables import subscriptions
from wa_integrasi.subscriptions.models import NewSubscription, State


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Somebody subscribes."""

    what: NewSubscription


@dataclass(frozen=True, slots=True)
class Cancel:
    """Some subscriptions end."""

    ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing is told until a moment; None: from now on again."""

    ids: Sequence[int]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Somebody knows that limits are passed: it is not said again."""

    ids: Sequence[int]


Change = Subscribe | Cancel | Silence | Acknowledge


def apply(connection: Connection, changes: Sequence[Change], actor: str, now: datetime) -> int:
    """Make changes; says how many subscriptions were changed."""
    return sum(len(_apply(connection, change, actor, now)) for change in changes)


def _apply(connection: Connection, change: Change, actor: str, now: datetime) -> Sequence[int]:
    details: dict[str, Any] = {}
    changed: Sequence[int]
    match change:
        case Subscribe(what):
            action, changed = "subscription.make", [_insert(connection, what, now)]
            details = {"kind": str(what.kind), "name": what.name, "account": what.account}
        case Cancel(ids):
            action, changed = "subscription.cancel", _update(connection, ids, cancelled_at=now)
        case Silence(ids, until):
            # A silence that ends early owes the state of things, as one that ends by itself does.
            action, changed = "subscription.silence", _update(connection, ids, silenced_until=until or now)
            details = {"until": until.isoformat(timespec="seconds") if until else None}
        case Acknowledge(ids):
            action, changed = "subscription.acknowledge", _update(connection, ids, acknowledged_at=now)
        case _:
            assert_never(change)
    for each in changed:
        audit(connection, now, actor, action, f"subscription:{each}", details=details)
    return changed


def _update(connection: Connection, ids: Sequence[int], **values: Any) -> Sequence[int]:
    c = subscriptions.c
    chosen = select(c.id).where(c.id.in_(ids), c.cancelled_at.is_(None)).order_by(c.id)
    found = connection.execute(chosen.with_for_update()).scalars().all()
    if found:
        connection.execute(update(subscriptions).where(c.id.in_(found)).values(**values))
    return found


def _insert(connection: Connection, what: NewSubscription, now: datetime) -> int:
    c, limit = subscriptions.c, what.limit
    mine = (c.account == what.account) & (c.contact == what.contact)
    last = connection.execute(select(func.max(c.number)).where(mine)).scalar() or 0
    values: dict[str, Any] = {
        "account": what.account,
        "contact": what.contact,
        "person": what.person,
        "number": last + 1,
        "chat": what.chat,
        "language": what.language,
        "kind": what.kind,
        "name": what.name,
        "arguments": dict(what.arguments),
        "created_at": now,
        "state": State.OK,
        "told": State.OK,
        "misses": 0,
        "tellings": 0,
    }
    if limit is not None:
        values |= {
            "asked": limit.asked,
            "operator": limit.operator,
            "limit": limit.limit,
            "lasting_s": int(limit.lasting.total_seconds()),
            "repeat_s": int(limit.repeat.total_seconds()),
            "value_column": limit.column,
            "value_row": limit.row,
        }
    made = insert(subscriptions).values(values).returning(c.id)
    return int(connection.execute(made).scalar_one())
