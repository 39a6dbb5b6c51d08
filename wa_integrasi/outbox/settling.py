"""What an answer or a receipt does to messages; their chats are locked by then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from wa_integrasi.message import OPEN, Receipt, Status, after_receipt
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.events import event, record, record_receipt
from wa_integrasi.outbox.rows import Claimed
from wa_integrasi.outbox.shared import Stop
from wa_integrasi.policy.retry import Decision
from wa_integrasi.providers.base import Accepted, Failed, ReceiptEvent, Unanswered
from wa_integrasi.providers.wire import storable
from wa_integrasi.store.bulk import bulk
from wa_integrasi.store.tables import message_events, wa_outbox

_READ = ("account", "chat", "status", "provider_message_id", "sent_at", "delivered_at", "read_at")
_LONGEST = 500
"""Characters of a provider's words that are kept."""

_MOMENTS = {
    Receipt.SENT: ("sent_at",),
    Receipt.DELIVERED: ("sent_at", "delivered_at"),
    Receipt.READ: ("sent_at", "read_at"),
    Receipt.FAILED: (),
}
"""The columns a receipt fills where they are empty. A channel may skip a step: read without delivered is common."""

_NONE = 0
"""No message: an attempt that does not count says nothing of one of unknown fate."""

_STILL_OPEN = ", ".join(f"'{status}'" for status in sorted(OPEN))
# By the primary key only: with a status beside it the planner may take another index.
_ACCEPT = bulk(
    f"UPDATE wa_outbox SET status = CASE WHEN wa_outbox.status IN ({_STILL_OPEN}) THEN 'sent' "
    "ELSE wa_outbox.status END, provider_message_id = x.provider_message_id, "
    "sent_at = coalesce(wa_outbox.sent_at, :now), "
    f"error_code = CASE WHEN wa_outbox.status IN ({_STILL_OPEN}) THEN NULL ELSE wa_outbox.error_code END, "
    f"error_text = CASE WHEN wa_outbox.status IN ({_STILL_OPEN}) THEN NULL ELSE wa_outbox.error_text END "
    "FROM {x} WHERE wa_outbox.id = x.id",
    id="bigint",
    provider_message_id="text",
)
_FAIL = bulk(
    "UPDATE wa_outbox SET status = x.status, next_attempt_at = coalesce(x.until, wa_outbox.next_attempt_at), "
    "attempts = wa_outbox.attempts - x.uncounted, error_code = x.error_code, error_text = x.error_text "
    "FROM {x} WHERE wa_outbox.id = x.id AND wa_outbox.attempt_id = x.attempt_id AND wa_outbox.status = 'sending' "
    "RETURNING wa_outbox.id",
    id="bigint",
    attempt_id="text",
    status="text",
    until="timestamptz",
    uncounted="int",
    error_code="text",
    error_text="text",
)
_PUT_BACK = bulk(
    "UPDATE wa_outbox SET status = x.status, next_attempt_at = x.until, error_code = x.error_code, "
    "error_text = x.error_text FROM {x} WHERE wa_outbox.id = x.id",
    id="bigint",
    status="text",
    until="timestamptz",
    error_code="text",
    error_text="text",
)


def key_of(claimed: Claimed) -> turns.Key:
    """The chat of a claimed message."""
    return claimed.account, claimed.recipient.chat


def accept(connection: Connection, accepted: Sequence[tuple[Claimed, Accepted]], now: datetime) -> None:
    """The provider has these messages: a fact, whoever holds their chats now."""
    if not accepted:
        return
    given = [(claimed, storable(outcome.message_id)) for claimed, outcome in accepted]
    _ACCEPT(connection, [{"id": claimed.id, "provider_message_id": name} for claimed, name in given], now=now)
    told = [
        event(claimed.id, Status.SENT, attempt_id=claimed.attempt_id, provider_message_id=name)
        for claimed, name in given
    ]
    record(connection, told, now)
    turns.pass_on(connection, [(key_of(claimed), claimed.lease, claimed.id) for claimed, _ in accepted])


def fail(
    connection: Connection, failed: Sequence[tuple[Claimed, Failed | Unanswered, Decision]], now: datetime
) -> set[int]:
    """The attempts failed or were not answered; nothing is said of a claim that is no longer in force.

    Returns the messages whose attempt counted.
    """
    if not failed:
        return set()
    changes = [
        {
            "id": claimed.id,
            "attempt_id": claimed.attempt_id,
            "status": decision.status,
            # Without a wait it keeps its place among those of other chats.
            "until": now + decision.wait if decision.wait else None,
            "uncounted": int(not decision.counts),
            **_error(outcome),
        }
        for claimed, outcome, decision in failed
    ]
    counted = set(_FAIL(connection, changes).scalars())
    told = [
        event(claimed.id, decision.status, attempt_id=claimed.attempt_id, **_error(outcome))
        for claimed, outcome, decision in failed
        if claimed.id in counted
    ]
    record(connection, told, now)
    unknown = {claimed.id for claimed, _, d in failed if d.status is Status.UNKNOWN and claimed.id in counted}
    ended = [
        (key_of(claimed), claimed.lease, claimed.id if claimed.id in counted else _NONE) for claimed, _, _ in failed
    ]
    turns.hold(connection, [turn for turn in ended if turn[2] in unknown])
    turns.pass_on(connection, [turn for turn in ended if turn[2] not in unknown])
    return counted


def _error(outcome: Failed | Unanswered) -> dict[str, str]:
    code = outcome.code if isinstance(outcome, Failed) else "no_answer"
    return {"error_code": storable(code)[:100], "error_text": storable(outcome.text)[:_LONGEST]}


def put_back(connection: Connection, stops: Mapping[int, Stop], now: datetime) -> None:
    """Give back messages that the rules do not let go: they wait, or end."""
    if not stops:
        return
    _PUT_BACK(
        connection,
        [
            {"id": id_, "status": s.status, "until": s.until, "error_code": s.code, "error_text": storable(s.reason)}
            for id_, s in stops.items()
        ],
    )
    told = [
        event(id_, s.status, error_code=s.code, error_text=storable(s.reason))
        for id_, s in stops.items()
        if s.status is not Status.PENDING
    ]
    record(connection, told, now)


def owner_of(connection: Connection, receipt: ReceiptEvent) -> int | None:
    """The message that a receipt speaks of, by the provider's id or by our attempt's."""
    named = select(message_events.c.outbox_id).where(message_events.c.provider_message_id == receipt.message_id)
    owner: int | None = connection.execute(named.limit(1)).scalar()
    if owner is None and (attempted := message_of(receipt.attempt_id)) is not None:
        tried = select(message_events.c.outbox_id).where(
            message_events.c.outbox_id == attempted, message_events.c.attempt_id == receipt.attempt_id
        )
        owner = connection.execute(tried.limit(1)).scalar()
    return owner


def message_of(attempt_id: str | None) -> int | None:
    """The message that an attempt id names; anything may come back where ours is expected."""
    _, _, number = (attempt_id or "").rpartition(".")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None


def lock_owners(connection: Connection, owners: Iterable[int]) -> None:
    """Lock messages in the order of their ids, and before them the chats of those that are still open."""
    ids = sorted(set(owners))
    open_ones = select(wa_outbox.c.account, wa_outbox.c.chat).where(
        wa_outbox.c.id.in_(ids), wa_outbox.c.status.in_(OPEN), wa_outbox.c.chat.is_not(None)
    )
    turns.lock_chats(connection, [(account, chat) for account, chat in connection.execute(open_ones)])
    connection.execute(
        select(wa_outbox.c.id).where(wa_outbox.c.id.in_(ids)).order_by(wa_outbox.c.id).with_for_update()
    ).all()


def apply_receipt(connection: Connection, owner: int, receipt: ReceiptEvent) -> tuple[str, str] | None:
    """Apply one receipt to its message; returns account and chat when that made it a dead letter."""
    row = connection.execute(
        select(*(wa_outbox.c[name] for name in _READ)).where(wa_outbox.c.id == owner).with_for_update()
    ).one()
    if row.status not in set(Status):
        return None  # somebody gave it a status of their own: it is theirs
    status = after_receipt(Status(row.status), receipt.receipt)
    values: dict[str, Any] = {"status": status, "provider_message_id": row.provider_message_id or receipt.message_id}
    values |= {column: receipt.at for column in _MOMENTS[receipt.receipt] if getattr(row, column) is None}
    if receipt.failure and status is Status.DEAD:
        values |= {"error_code": receipt.failure.code, "error_text": receipt.failure.text}
    connection.execute(update(wa_outbox).where(wa_outbox.c.id == owner).values(**values))
    record_receipt(connection, owner, receipt)
    if row.status in (Status.PENDING, Status.UNKNOWN) and status not in OPEN and row.chat is not None:
        turns.pass_on(connection, [((row.account, row.chat), None, owner)])
    return (row.account, row.chat) if status is Status.DEAD and row.status != Status.DEAD and row.chat else None
