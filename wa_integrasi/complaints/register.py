"""Looking complaints up: by their tickets, and as a list."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from wa_integrasi.complaints.queue import State
from wa_integrasi.complaints.reading import ticket_of
from wa_integrasi.recipient import Recipient, RecipientError
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import complaint_queue

_TICKET = re.compile(r"\s*[Kk][0-9]{4}-0*([0-9]{1,18})\s*|\s*0*([0-9]{1,18})\s*")


@dataclass(frozen=True, slots=True)
class Kept:
    """A complaint as people look it up."""

    id: int
    status: str
    created_at: datetime | None
    responded_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    escalated: int
    escalate_at: datetime | None
    attempts: int
    note: str | None
    account: str
    filed_by: str | None
    complainant: str = field(repr=False)
    chat: str | None = field(repr=False)
    text: str | None = field(repr=False)

    @property
    def ticket(self) -> str:
        """What people are told; the bare number where its row has no moment."""
        return ticket_of(self.id, self.created_at) if self.created_at else str(self.id)

    @property
    def masked(self) -> str:
        """Who complains, fit for logs."""
        try:
            return Recipient.parse(self.chat or self.complainant).masked
        except RecipientError:
            return "(cannot be read)"


_COLUMNS = tuple(complaint_queue.c[name] for name in Kept.__slots__)


def id_of(ticket: str) -> int | None:
    """The id in `K2611-00042`, or the number itself; None where it is neither."""
    found = _TICKET.fullmatch(ticket)
    return int(found[1] or found[2]) if found else None


def find(store: Store, complaint_id: int) -> Kept | None:
    """A complaint by its id."""
    with store.reading() as connection:
        row = connection.execute(select(*_COLUMNS).where(complaint_queue.c.id == complaint_id)).first()
    return _kept(row) if row else None


def listed(store: Store, status: State | None = None, *, unanswered: bool = False, limit: int = 50) -> list[Kept]:
    """Complaints, the newest first; `unanswered` are those that had an acknowledgement and no person's answer."""
    c = complaint_queue.c
    chosen = select(*_COLUMNS).order_by(c.id.desc()).limit(limit)
    if status is not None:
        chosen = chosen.where(c.status == status)
    if unanswered:
        chosen = chosen.where(c.status == State.RESPONDED, c.answered_at.is_(None))
    with store.reading() as connection:
        return [_kept(row) for row in connection.execute(chosen)]


def _kept(row: Row[Any]) -> Kept:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    for name in ("status", "account", "complainant"):
        values[name] = _text(values[name])
    for name in ("chat", "text", "note"):
        values[name] = None if values[name] is None else _text(values[name])
    return Kept(**values)


def _text(value: Any) -> str:
    """SQLite keeps anything anywhere."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
