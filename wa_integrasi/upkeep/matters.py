"""What the owner is told by another channel while WhatsApp cannot: each matter once, until somebody accepts it.

A matter is a row of `owner_notices`. It is taken with a lease before it is told, so that two processes do not both tell
of it; who dies in between leaves it to be told again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.message import OPEN, Status
from wa_integrasi.policy.breaker import Circuit
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import breakers, owner_notices, wa_outbox

Send = Callable[[str, str], Sequence[object]]
"""Gives a subject and a body to the channel; what it returns is empty where nobody accepted them."""

_KINDS = ("notice", "urgent", "missed")
"""What the dedupe keys of messages to owners and people on duty begin with, before a slash."""

_AT_ONCE = 50
_LEASE = timedelta(minutes=2)
_MOST_TRIES = 40
_LONGEST = timedelta(hours=1)
_QUIET = timedelta(hours=1)
"""An account that is held again so soon is no new matter."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What came of one look."""

    told: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"{self.told} matters told by the second channel" + (f", {self.failed} not" if self.failed else "")


def tell_owner(store: Store, send: Send, patience: timedelta, clock: Clock = utc_now) -> Telling:
    """Find what the owner should know and WhatsApp cannot tell, and tell it; what nobody accepts is told again later.

    `patience` is how long a notice may wait to leave by WhatsApp.
    """
    _collect(store, clock(), patience)
    taken = _take(store, clock())
    if not taken:
        return Telling()
    if not send(*_words(taken)):
        return Telling(failed=len(taken))
    told = [row.matter for row in taken]
    with store.writing() as connection:
        change = update(owner_notices).where(owner_notices.c.matter.in_(told))
        connection.execute(change.values(told_at=clock(), due_at=None))
    return Telling(told=len(taken))


def matters(store: Store, limit: int) -> list[Row[Any]]:
    """The newest matters, newest first."""
    newest = select(owner_notices).order_by(owner_notices.c.created_at.desc(), owner_notices.c.matter).limit(limit)
    with store.reading() as connection:
        return list(connection.execute(newest))


def _collect(store: Store, now: datetime, patience: timedelta) -> None:
    with store.reading() as connection:
        known = set(connection.execute(select(owner_notices.c.matter)).scalars())
        new = [each for each in (*_held(connection), *_stuck(connection, now, patience)) if each["matter"] not in known]
        released = _released(connection, now, known)
    if not (new or released):
        return
    with store.writing() as connection:
        for account in released:
            connection.execute(delete(owner_notices).where(owner_notices.c.matter == f"held/{account}"))
        if new:
            insert = postgresql.insert if store.dialect == "postgresql" else sqlite.insert
            rows = [{**each, "created_at": now, "due_at": now, "attempts": 0} for each in new]
            connection.execute(insert(owner_notices).on_conflict_do_nothing(), rows)


def _held(connection: Connection) -> Iterator[dict[str, Any]]:
    held = select(breakers.c.account, breakers.c.code).where(breakers.c.circuit != Circuit.CLOSED)
    for account, code in connection.execute(held).tuples():
        because = f" ({code})" if code else ""
        said = (
            f"Akun {account} ditahan{because}: pesannya menunggu. / Account {account} is held{because}: messages wait."
        )
        yield {"matter": f"held/{account}", "said": said}


def _released(connection: Connection, now: datetime, known: set[str]) -> list[str]:
    closed = select(breakers.c.account).where(
        breakers.c.circuit == Circuit.CLOSED, breakers.c.changed_at <= now - _QUIET
    )
    return [account for account in connection.execute(closed).scalars() if f"held/{account}" in known]


def _stuck(connection: Connection, now: datetime, patience: timedelta) -> Iterator[dict[str, Any]]:
    """Notices that wait for too long, or will never arrive."""
    c = wa_outbox.c
    ours = or_(*(and_(c.dedupe_key.between(kind, f"{kind}0"), c.dedupe_key.startswith(f"{kind}/")) for kind in _KINDS))
    waits = and_(c.status.in_(OPEN), c.created_at < now - patience)
    lost = and_(c.status.in_([Status.DEAD, Status.REFUSED]), c.created_at > now - timedelta(days=7))
    chosen = select(c.id, c.account, c.status, c.error_code, c.dedupe_key).where(ours, or_(waits, lost)).order_by(c.id)
    for row in connection.execute(chosen.limit(1_000)):
        kind = row.dedupe_key.partition("/")[0]
        why = f"{row.status}, {row.error_code}" if row.error_code else row.status
        said = (
            f"Pemberitahuan {row.id} ({kind}) lewat akun {row.account} belum sampai: {why}. / "
            f"Notice {row.id} ({kind}) by account {row.account} has not arrived: {why}. wa outbox show {row.id}"
        )
        yield {"matter": f"message/{row.id}", "said": said}


def _take(store: Store, now: datetime) -> Sequence[Row[Any]]:
    c = owner_notices.c
    due = select(owner_notices).where(c.due_at <= now).order_by(c.created_at, c.matter).limit(_AT_ONCE)
    with store.reading() as connection:
        if connection.execute(due.limit(1)).first() is None:
            return ()
    with store.writing() as connection:
        rows = connection.execute(due.with_for_update(skip_locked=True)).all()
        for row in rows:
            pause = min(_LONGEST, timedelta(minutes=1) * 2 ** min(row.attempts, 10))
            again = None if row.attempts + 1 >= _MOST_TRIES else now + _LEASE + pause
            change = update(owner_notices).where(c.matter == row.matter)
            connection.execute(change.values(attempts=row.attempts + 1, due_at=again))
        return rows


def _words(taken: Sequence[Row[Any]]) -> tuple[str, str]:
    subject = f"WA-Integrasi: {len(taken)} hal perlu perhatian / {len(taken)} matters need attention"
    return subject, "\n\n".join(row.said for row in taken)
