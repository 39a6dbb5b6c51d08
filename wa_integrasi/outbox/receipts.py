"""What channels report of messages: applied in bulk, in any order and as often as they like."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from wa_integrasi.message import OPEN, Receipt, Status, after_receipt
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.rerouting import Fallen, after_receipts
from wa_integrasi.providers.base import ReceiptEvent
from wa_integrasi.store.bulk import bulk, locked

_MOMENTS = {
    Receipt.SENT: ("sent_at",),
    Receipt.DELIVERED: ("sent_at", "delivered_at"),
    Receipt.READ: ("sent_at", "read_at"),
    Receipt.FAILED: (),
}
"""The columns a receipt fills where they are empty. A channel may skip a step: read without delivered is common."""

_BY_NAME = bulk(
    "SELECT x.message_id, min(e.outbox_id) FROM {x} JOIN message_events e ON e.provider_message_id = x.message_id "
    "LEFT JOIN wa_outbox o ON o.id = e.outbox_id WHERE e.provider_message_id IS NOT NULL "
    "AND (x.account IS NULL OR o.id IS NULL OR o.account = x.account) GROUP BY x.message_id",
    message_id="text",
    account="text",
)
_BY_ATTEMPT = bulk(
    "SELECT DISTINCT x.attempt_id, x.outbox_id FROM {x} JOIN message_events e "
    "ON e.outbox_id = x.outbox_id AND e.attempt_id = x.attempt_id LEFT JOIN wa_outbox o ON o.id = e.outbox_id "
    "WHERE x.account IS NULL OR o.id IS NULL OR o.account = x.account",
    attempt_id="text",
    outbox_id="bigint",
    account="text",
)
_CHATS = bulk(
    "SELECT o.account, o.chat FROM {x} JOIN wa_outbox o ON o.id = x.id "
    "WHERE (o.stage = 'open' OR x.failed) AND o.chat IS NOT NULL",
    id="bigint",
    failed="boolean",
)
_ROWS = (
    "SELECT o.id, o.account, o.chat, o.status, o.attempt_id, o.provider_message_id, o.sent_at IS NOT NULL AS sent_at, "
    "o.delivered_at IS NOT NULL AS delivered_at, o.read_at IS NOT NULL AS read_at "
    "FROM {x} JOIN wa_outbox o ON o.id = x.id ORDER BY o.id"
)
_MOVE = bulk(
    "UPDATE wa_outbox SET status = x.status, provider_message_id = x.provider_message_id, "
    "sent_at = coalesce(wa_outbox.sent_at, x.sent_at), "
    "delivered_at = coalesce(wa_outbox.delivered_at, x.delivered_at), "
    "read_at = coalesce(wa_outbox.read_at, x.read_at), "
    "error_code = coalesce(x.error_code, wa_outbox.error_code), "
    "error_text = coalesce(x.error_text, wa_outbox.error_text) FROM {x} WHERE wa_outbox.id = x.id",
    id="bigint",
    status="text",
    provider_message_id="text",
    sent_at="timestamptz",
    delivered_at="timestamptz",
    read_at="timestamptz",
    error_code="text",
    error_text="text",
)
_RECORD = bulk(
    "INSERT INTO message_events (outbox_id, status, at, attempt_id, provider_message_id, error_code, error_text, "
    "price_category, billable) SELECT x.outbox_id, x.status, x.at, x.attempt_id, x.provider_message_id, x.error_code, "
    "x.error_text, x.price_category, x.billable FROM {x} WHERE NOT EXISTS (SELECT 1 FROM message_events e "
    "WHERE e.outbox_id = x.outbox_id AND e.status = x.status AND e.at = x.at "
    "AND e.provider_message_id = x.provider_message_id)",
    outbox_id="bigint",
    status="text",
    at="timestamptz",
    attempt_id="text",
    provider_message_id="text",
    error_code="text",
    error_text="text",
    price_category="text",
    billable="boolean",
)


@dataclass(slots=True)
class _Moved:
    """A message while receipts are applied to it."""

    id: int
    account: str
    chat: str | None
    was: Status
    status: Status
    attempt_id: str | None
    provider_message_id: str | None
    filled: set[str]
    changes: dict[str, Any] = field(default_factory=dict)

    def apply(self, receipt: ReceiptEvent) -> Fallen | None:
        """Take over what a receipt says; tells when that made it a dead letter."""
        if receipt.receipt is Receipt.FAILED and not self.now_tried_by(receipt):
            return None
        before = self.status
        self.status = after_receipt(self.status, receipt.receipt)
        self.provider_message_id = self.provider_message_id or receipt.message_id
        for column in _MOMENTS[receipt.receipt]:
            if column not in self.filled:
                self.filled.add(column)
                self.changes[column] = receipt.at
        if receipt.failure and self.status is Status.DEAD:
            self.changes |= {"error_code": receipt.failure.code, "error_text": receipt.failure.text}
        if receipt.failure and self.status is Status.DEAD and before is not Status.DEAD and self.chat is not None:
            return Fallen(self.id, self.account, self.chat, receipt.failure)
        return None

    def now_tried_by(self, receipt: ReceiptEvent) -> bool:
        """Whether a receipt is of the newest attempt: that an older one has failed ends nothing."""
        named = self.provider_message_id is not None and receipt.message_id == self.provider_message_id
        return named or (self.attempt_id is not None and receipt.attempt_id == self.attempt_id)


def apply_receipts(
    connection: Connection, receipts: Sequence[ReceiptEvent], now: datetime, account: str | None
) -> list[ReceiptEvent]:
    """Move messages on by `receipts`, in their order; returns those whose message is not known (yet).

    With an `account`, messages of others are not known: one account's channel says nothing of another's.
    """
    owners = _owners(connection, receipts, account)
    known = [(owner, receipt) for owner, receipt in zip(owners, receipts, strict=True) if owner is not None]
    if known:
        messages = _lock(connection, {o for o, _ in known}, {o for o, receipt in known if receipt.failure})
        fallen = _apply(connection, [(messages[owner], receipt) for owner, receipt in known if owner in messages])
        after_receipts(connection, fallen, now)
    return [receipt for owner, receipt in zip(owners, receipts, strict=True) if owner is None]


def _apply(connection: Connection, known: Sequence[tuple[_Moved, ReceiptEvent]]) -> list[Fallen]:
    fallen = []
    told: dict[tuple[int, str, datetime, str], dict[str, Any]] = {}
    for message, receipt in known:
        if (ended := message.apply(receipt)) is not None:
            fallen.append(ended)
        status = Status.DEAD if receipt.receipt is Receipt.FAILED else Status(receipt.receipt.value)
        told.setdefault((message.id, status, receipt.at, receipt.message_id), _event(message.id, status, receipt))
    messages = {message.id: message for message, _ in known}
    if not messages:
        return []
    _MOVE(
        connection,
        [
            {"id": id_, "status": m.status, "provider_message_id": m.provider_message_id, **m.changes}
            for id_, m in messages.items()
        ],
    )
    _RECORD(connection, list(told.values()))
    open_before = [
        ((m.account, m.chat), None, m.id)
        for m in messages.values()
        if m.was in (Status.PENDING, Status.UNKNOWN) and m.status not in OPEN and m.chat is not None
    ]
    turns.pass_on(connection, open_before)
    return fallen


def _event(outbox_id: int, status: Status, receipt: ReceiptEvent) -> dict[str, Any]:
    failure = receipt.failure
    return {
        "outbox_id": outbox_id,
        "status": status,
        "at": receipt.at,
        "attempt_id": receipt.attempt_id,
        "provider_message_id": receipt.message_id,
        "error_code": failure.code if failure else None,
        "error_text": failure.text if failure else None,
        "price_category": receipt.price_category,
        "billable": receipt.billable,
    }


def _owners(connection: Connection, receipts: Sequence[ReceiptEvent], account: str | None) -> list[int | None]:
    """The messages that receipts speak of, by the provider's ids or by our attempts'."""
    if not receipts:
        return []
    names = [{"message_id": name, "account": account} for name in sorted({receipt.message_id for receipt in receipts})]
    named: dict[str, int] = dict(_BY_NAME(connection, names).tuples().all())
    attempts = {r.attempt_id: _message_of(r.attempt_id) for r in receipts if r.message_id not in named}
    asked = [
        {"attempt_id": attempt, "outbox_id": owner, "account": account}
        for attempt, owner in attempts.items()
        if owner is not None
    ]
    tried: dict[str | None, int] = dict(_BY_ATTEMPT(connection, asked).tuples().all()) if asked else {}
    return [named.get(receipt.message_id, tried.get(receipt.attempt_id)) for receipt in receipts]


def _message_of(attempt_id: str | None) -> int | None:
    """The message that an attempt id names; anything may come back where ours is expected."""
    _, _, number = (attempt_id or "").rpartition(".")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None


def _lock(connection: Connection, owners: Collection[int], failed: Collection[int]) -> dict[int, _Moved]:
    """Lock messages in the order of their ids, and before them the chats of those that are open or `failed`.

    A message with a status that somebody else gave it is left out: it is theirs.
    """
    ids = [{"id": owner} for owner in sorted(owners)]
    asked = [{"id": owner, "failed": owner in failed} for owner in sorted(owners)]
    turns.lock_chats(connection, [(account, chat) for account, chat in _CHATS(connection, asked)])
    select = bulk(_ROWS + locked(connection, "o", skip=False), id="bigint")
    return {
        row.id: _Moved(
            id=row.id,
            account=row.account,
            chat=row.chat,
            was=Status(row.status),
            status=Status(row.status),
            attempt_id=row.attempt_id,
            provider_message_id=row.provider_message_id,
            filled={name for name in ("sent_at", "delivered_at", "read_at") if getattr(row, name)},
        )
        for row in select(connection, ids)
        if row.status in set(Status)
    }
