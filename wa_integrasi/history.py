"""Reading the message ledger: what was sent to whom, where it stands, and how it came there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from wa_integrasi.message import Status
from wa_integrasi.policy.breaker import Circuit
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import breakers, chats, message_events, wa_outbox


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as a listing shows it."""

    id: int
    account: str
    chat: str | None
    status: str
    report: str | None
    slot: str | None
    part: int
    parts: int
    attempts: int
    created_at: datetime
    content: str
    error_code: str | None
    error_text: str | None

    @property
    def masked(self) -> str:
        """Whom it is for, fit for logs and the Prefect UI."""
        return Recipient.of_chat(self.chat).masked if self.chat else "(not addressed)"


@dataclass(frozen=True, slots=True)
class Wait:
    """What a message that is still owed waits for."""

    due_at: datetime | None = None
    """When it may go, if it is its turn."""
    behind: int | None = None
    """The message of the same chat whose turn it is; one of unknown fate keeps the turn until it is known."""


@dataclass(frozen=True, slots=True)
class Step:
    """One status change of a message."""

    status: str
    at: datetime
    error_code: str | None
    error_text: str | None


class History:
    """The read side of one store's messages."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def messages(
        self,
        *,
        status: Status | None = None,
        report: str | None = None,
        slot: str | None = None,
        account: str | None = None,
        code: str | None = None,
        ids: Sequence[int] | None = None,
        accounts: Collection[str] | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Entry]:
        """The newest messages that fit, newest first; with `ids` only those, with `before` only older ones."""
        statement = select(*(wa_outbox.c[name] for name in Entry.__slots__))
        statement = statement.order_by(wa_outbox.c.id.desc()).limit(limit)
        asked = {"status": status, "report": report, "slot": slot, "account": account, "error_code": code}
        for name, value in asked.items():
            if value is not None:
                statement = statement.where(wa_outbox.c[name] == value)
        if ids is not None:
            statement = statement.where(wa_outbox.c.id.in_(ids))
        if accounts is not None:
            statement = statement.where(wa_outbox.c.account.in_(accounts))
        if before is not None:
            statement = statement.where(wa_outbox.c.id < before)
        with self._store.reading() as connection:
            return [Entry(**row) for row in connection.execute(statement).mappings()]

    def steps(self, message_id: int) -> list[Step]:
        """Every status change of one message, in the order in which it became known.

        Not in that of its time: a channel gives the times of its receipts in whole seconds.
        """
        columns = [message_events.c[name] for name in Step.__slots__]
        statement = select(*columns).where(message_events.c.outbox_id == message_id)
        with self._store.reading() as connection:
            rows = connection.execute(statement.order_by(message_events.c.id))
            return [Step(**row) for row in rows.mappings()]

    def wait_of(self, message_id: int) -> Wait | None:
        """What a message waits for; None when it has left, has ended, or is not there."""
        chat = (chats.c.account == wa_outbox.c.account) & (chats.c.chat == wa_outbox.c.chat)
        found = select(wa_outbox.c.id, wa_outbox.c.next_attempt_at, chats.c.head_id, chats.c.due_at)
        found = found.select_from(wa_outbox.outerjoin(chats, chat))
        waits = (wa_outbox.c.id == message_id) & (wa_outbox.c.status == Status.PENDING)
        with self._store.reading() as connection:
            row = connection.execute(found.where(waits)).first()
        if row is None:
            return None
        if row.head_id is None or row.head_id == row.id:
            return Wait(due_at=row.due_at or row.next_attempt_at)
        return Wait(behind=row.head_id)

    def held_by(self, account: str) -> tuple[str, str] | None:
        """The code and the reason for which nothing of an account goes now; None when it goes."""
        held = (breakers.c.account == account) & (breakers.c.circuit != Circuit.CLOSED)
        with self._store.reading() as connection:
            row = connection.execute(select(breakers.c.code, breakers.c.reason).where(held)).first()
        return (row.code or "", row.reason or "") if row is not None else None

    def counts(self) -> dict[str, int]:
        """How many messages stand where."""
        statement = select(wa_outbox.c.status, func.count()).group_by(wa_outbox.c.status)
        with self._store.reading() as connection:
            return dict(connection.execute(statement).tuples().all())
