"""What an answer or a receipt does to a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, false, func, or_, select, update

from wa_integrasi.message import OPEN, Receipt, Status, after_receipt
from wa_integrasi.outbox.events import event, record, record_receipt
from wa_integrasi.outbox.rows import Claimed
from wa_integrasi.outbox.shared import Stop
from wa_integrasi.policy.retry import Decision
from wa_integrasi.providers.base import Accepted, Failed, ReceiptEvent, Unanswered
from wa_integrasi.providers.wire import storable
from wa_integrasi.store.tables import UtcDateTime, message_events, wa_outbox

_READ = ("status", "provider_message_id", "sent_at", "delivered_at", "read_at")
_LONGEST = 500
"""Characters of a provider's words that are kept."""

_MOMENTS = {
    Receipt.SENT: ("sent_at",),
    Receipt.DELIVERED: ("sent_at", "delivered_at"),
    Receipt.READ: ("sent_at", "read_at"),
    Receipt.FAILED: (),
}
"""The columns a receipt fills where they are empty. A channel may skip a step: read without delivered is common."""


def accept(connection: Connection, accepted: Sequence[tuple[Claimed, Accepted]], now: datetime) -> None:
    """The provider has these messages: a fact, whoever holds their rows now."""
    if not accepted:
        return
    still_open = or_(*(wa_outbox.c.status == status.value for status in sorted(OPEN)))  # IN has no executemany
    change = (
        update(wa_outbox)
        .where(wa_outbox.c.id == bindparam("row_id"))
        .values(
            status=case((still_open, Status.SENT.value), else_=wa_outbox.c.status),
            provider_message_id=bindparam("message_id"),
            sent_at=func.coalesce(wa_outbox.c.sent_at, bindparam("now", type_=UtcDateTime)),
            lease_owner=None,
            lease_until=None,
            error_code=None,
            error_text=None,
        )
    )
    facts = [{"row_id": claimed.id, "message_id": outcome.message_id, "now": now} for claimed, outcome in accepted]
    connection.execute(change, facts)
    record(
        connection,
        [
            event(
                claimed.id,
                Status.SENT,
                now,
                attempt_id=claimed.attempt_id,
                provider_message_id=outcome.message_id,
            )
            for claimed, outcome in accepted
        ],
    )


def fail(
    connection: Connection, claimed: Claimed, outcome: Failed | Unanswered, decision: Decision, now: datetime
) -> bool:
    """The attempt failed or was not answered; says nothing when the claim is no longer in force. True if it counted."""
    code = outcome.code if isinstance(outcome, Failed) else "no_answer"
    error = {"error_code": storable(code)[:100], "error_text": storable(outcome.text)[:_LONGEST]}
    mine = (wa_outbox.c.attempt_id == claimed.attempt_id) & (wa_outbox.c.status == Status.SENDING)
    change = update(wa_outbox).where(wa_outbox.c.id == claimed.id, mine)
    values: dict[str, Any] = {"status": decision.status, "next_attempt_at": now + decision.wait}
    if not decision.counts:
        values["attempts"] = wa_outbox.c.attempts - 1
    changed = connection.execute(change.values(lease_owner=None, lease_until=None, **values, **error)).rowcount > 0
    if changed:
        record(connection, [event(claimed.id, decision.status, now, attempt_id=claimed.attempt_id, **error)])
    return changed


def put_back(connection: Connection, stops: Mapping[int, Stop], now: datetime) -> None:
    """Give back claimed rows that the rules do not let go: they wait, or end."""
    for row_id, stop in stops.items():
        values = {"status": stop.status, "next_attempt_at": stop.until, "attempts": wa_outbox.c.attempts - 1}
        error = {"error_code": stop.code, "error_text": stop.reason}
        change = update(wa_outbox).where(wa_outbox.c.id == row_id)
        connection.execute(change.values(lease_owner=None, lease_until=None, **values, **error))
        if stop.status is not Status.PENDING:
            record(connection, [event(row_id, stop.status, now, **error)])


def lock_rows(connection: Connection, ids: Iterable[int]) -> None:
    """Lock rows in the order of their ids, as everything does that changes several: so no two wait for each other."""
    locked = select(wa_outbox.c.id).where(wa_outbox.c.id.in_(list(ids))).order_by(wa_outbox.c.id).with_for_update()
    connection.execute(locked).all()


def owner_of(connection: Connection, receipt: ReceiptEvent) -> int | None:
    """The message that a receipt speaks of, by the provider's id or by our attempt's."""
    known = or_(
        message_events.c.provider_message_id == receipt.message_id,
        message_events.c.attempt_id == receipt.attempt_id if receipt.attempt_id else false(),
    )
    return connection.execute(select(message_events.c.outbox_id).where(known).limit(1)).scalar()


def apply_receipt(connection: Connection, owner: int, receipt: ReceiptEvent) -> None:
    """Apply one receipt to its message."""
    row = connection.execute(
        select(*(wa_outbox.c[name] for name in _READ)).where(wa_outbox.c.id == owner).with_for_update()
    ).one()
    if row.status not in set(Status):
        return  # somebody gave it a status of their own: it is theirs
    status = after_receipt(Status(row.status), receipt.receipt)
    values: dict[str, Any] = {"status": status, "provider_message_id": row.provider_message_id or receipt.message_id}
    values |= {column: receipt.at for column in _MOMENTS[receipt.receipt] if getattr(row, column) is None}
    if receipt.failure and status is Status.DEAD:
        values |= {"error_code": receipt.failure.code, "error_text": receipt.failure.text}
    if status not in OPEN:
        values |= {"lease_owner": None, "lease_until": None}
    connection.execute(update(wa_outbox).where(wa_outbox.c.id == owner).values(**values))
    record_receipt(connection, owner, receipt)
