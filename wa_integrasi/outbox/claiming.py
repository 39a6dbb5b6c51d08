"""What a claim does to the rows: adopt foreign ones, note lost workers, choose what may go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, any_, exists, func, or_, select, tuple_, update

from wa_integrasi.content import ContentError, load_content
from wa_integrasi.message import Priority, Status
from wa_integrasi.outbox.events import event, record
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.policy.rules import AccountRules, OnUnknown
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.tables import wa_outbox

_ADOPT_AT_ONCE = 200
_LONGEST = timedelta(days=1)
"""No lease and no wait for evidence is longer."""


def claimable(connection: Connection, account: str, now: datetime, limit: int) -> ColumnElement[bool]:
    """The rows that may go now, as a condition for an UPDATE.

    Of a chat only its first waiting row qualifies, and none while another is on its way or its fate is unknown.
    """
    other = wa_outbox.alias()
    on_its_way = other.c.status.in_([Status.SENDING, Status.UNKNOWN])
    before = and_(
        other.c.status == Status.PENDING,
        tuple_(other.c.priority, other.c.id) < tuple_(wa_outbox.c.priority, wa_outbox.c.id),
    )
    same_chat = and_(other.c.account == wa_outbox.c.account, other.c.chat == wa_outbox.c.chat)
    due = (
        select(wa_outbox.c.id)
        .where(
            wa_outbox.c.status == Status.PENDING,
            wa_outbox.c.account == account,
            wa_outbox.c.chat.is_not(None),
            wa_outbox.c.next_attempt_at <= now,
            ~exists().where(same_chat, or_(on_its_way, before)),
        )
        .order_by(wa_outbox.c.priority, wa_outbox.c.next_attempt_at, wa_outbox.c.id)
        .limit(limit)
    )
    if connection.dialect.name == "postgresql":
        # An array is computed once; a sub-select in IN may be run again for each row, past its limit.
        due = due.with_for_update(skip_locked=True)
        return wa_outbox.c.id == any_(func.array(due.scalar_subquery()))
    return wa_outbox.c.id.in_(due.scalar_subquery())


def adopt(connection: Connection, now: datetime) -> None:
    """Read and address rows that another program inserted; an unreadable one becomes a dead letter that says why."""
    foreign = select(wa_outbox.c.id, wa_outbox.c.recipient, wa_outbox.c.content, wa_outbox.c.type)
    foreign = foreign.where(wa_outbox.c.status == Status.PENDING, wa_outbox.c.chat.is_(None))
    for row in connection.execute(
        foreign.order_by(wa_outbox.c.id).limit(_ADOPT_AT_ONCE).with_for_update(skip_locked=True)
    ):
        try:
            check_text(row.recipient, row.type, row.content)
            # Whatever it says of its order, it has the same as every foreign row.
            values: dict[str, Any] = {"chat": Recipient.parse(row.recipient).chat, "priority": int(Priority.REPORT)}
            load_content(row.type, row.content)
        except ValueError as error:
            values = {"status": Status.DEAD, "error_code": "unreadable", "error_text": str(error)}
            record(connection, [event(row.id, Status.DEAD, now, error_code="unreadable", error_text=str(error))])
        connection.execute(update(wa_outbox).where(wa_outbox.c.id == row.id).values(**values))


def check_text(*values: object) -> None:
    """Raise `ContentError` for what is no text: SQLite keeps anything anywhere."""
    if not all(isinstance(value, str) for value in values):
        raise ContentError("recipient, type and content must be text")
    if any("\ufffd" in str(value) for value in values):
        raise ContentError("recipient, type and content must be UTF-8")


def expire(connection: Connection, now: datetime, policy: RetryPolicy, accounts: Mapping[str, AccountRules]) -> None:
    """Note lost workers, and give up waiting for evidence: send again, ask a person, or end after the last try."""
    # A lease or a wait that nobody here could have given would hold its chat for ever.
    lease, wait = wa_outbox.c.lease_until, wa_outbox.c.next_attempt_at
    over = or_(lease.is_(None), lease < now, lease > now + _LONGEST)
    lost = (wa_outbox.c.status == Status.SENDING) & over
    asked = wa_outbox.c.account.in_([name for name, rules in accounts.items() if rules.looks_up])
    waited = (wa_outbox.c.status == Status.UNKNOWN) & or_(wait <= now, wait > now + _LONGEST) & ~asked
    worn_out = wa_outbox.c.attempts >= policy.tries
    reviewed = wa_outbox.c.account.in_(
        [name for name, rules in accounts.items() if rules.on_unknown is OnUnknown.REVIEW]
    )
    dead = {"status": Status.DEAD, "error_code": "no_answer"}
    changes: list[tuple[ColumnElement[bool], dict[str, Any]]] = [
        (waited & reviewed, {**dead, "error_text": "it may have arrived: a person decides"}),
        (waited & worn_out, {**dead, "error_text": "no answer, no receipt"}),
        (waited, {"status": Status.PENDING, "next_attempt_at": now}),
        (lost, {"status": Status.UNKNOWN, "next_attempt_at": now + policy.evidence, "error_code": "worker_lost"}),
    ]
    for condition, values in changes:
        change = update(wa_outbox).where(condition).values(lease_owner=None, lease_until=None, **values)
        rows = connection.execute(change.returning(wa_outbox.c.id, wa_outbox.c.attempt_id))
        code = values.get("error_code")
        record(connection, [event(r.id, values["status"], now, attempt_id=r.attempt_id, error_code=code) for r in rows])
