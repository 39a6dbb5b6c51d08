"""What is done before a claim: foreign rows are adopted, lost workers noted, and waits for evidence ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from wa_integrasi.content import ContentError, load_content
from wa_integrasi.message import Priority, Status
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.events import event, record
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.policy.rules import AccountRules, OnUnknown
from wa_integrasi.providers.wire import storable
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.bulk import bulk, locked, plain
from wa_integrasi.store.tables import OPEN_STAGE, wa_outbox

_ADOPT_AT_ONCE = 200
_LONGEST_LEASE = timedelta(minutes=10)
_LONGEST_WAIT = timedelta(days=1)
"""Nobody here gives a longer one: the clock was set back since."""

_LOST = bulk(
    "UPDATE wa_outbox SET status = 'unknown', next_attempt_at = :until, error_code = 'worker_lost' FROM {x} "
    "WHERE wa_outbox.id = x.id AND wa_outbox.status = 'sending' RETURNING wa_outbox.id, wa_outbox.attempt_id",
    id="bigint",
)
_END_WAIT = bulk(
    "UPDATE wa_outbox SET status = x.status, error_code = coalesce(x.error_code, wa_outbox.error_code), "
    "error_text = coalesce(x.error_text, wa_outbox.error_text), next_attempt_at = :now "
    "FROM {x} WHERE wa_outbox.id = x.id AND wa_outbox.status = 'unknown' "
    "AND coalesce(wa_outbox.attempt_id, '') = coalesce(x.attempt_id, '') RETURNING wa_outbox.id",
    id="bigint",
    attempt_id="text",
    status="text",
    error_code="text",
    error_text="text",
)

_WAITED = (
    "SELECT c.account, c.chat, c.head_id, o.status, o.attempts, o.attempt_id "
    "FROM chats c LEFT JOIN wa_outbox o ON o.id = c.head_id "
    f"WHERE c.held_by = '{turns.UNKNOWN}' AND (o.id IS NULL OR o.status <> 'unknown' OR ("
    "(o.next_attempt_at <= :now OR o.next_attempt_at > :longest) "
    "AND EXISTS (SELECT 1 FROM {x} WHERE x.account = c.account))) ORDER BY c.account, c.chat"
)
_OVER = "SELECT id FROM leases WHERE until < :now OR until > :longest ORDER BY id"
_HELD = "SELECT account, chat, head_id FROM chats WHERE held_by = :token ORDER BY account, chat"


def adopt(connection: Connection, now: datetime) -> None:
    """Read and address rows that another program inserted; an unreadable one becomes a dead letter that says why."""
    foreign = select(wa_outbox.c.id, wa_outbox.c.account, wa_outbox.c.recipient, wa_outbox.c.content, wa_outbox.c.type)
    foreign = foreign.where(OPEN_STAGE, wa_outbox.c.status == Status.PENDING, wa_outbox.c.chat.is_(None))
    foreign = foreign.order_by(wa_outbox.c.id).limit(_ADOPT_AT_ONCE)
    chats = {key for row in connection.execute(foreign) if (key := _key(row)) is not None}
    turns.lock_chats(connection, chats)
    waiting: dict[turns.Key, int] = {}
    for row in connection.execute(foreign.with_for_update(skip_locked=True)).all():
        try:
            chat = _address(row)
            # Whatever it says of its order, it has the same as every foreign row.
            values: dict[str, Any] = {
                "chat": chat,
                "priority": int(Priority.REPORT),
                "next_attempt_at": now,
                "attempts": 0,
            }
            waiting.setdefault((row.account, chat), row.id)
        except ValueError as error:
            problem = {"error_code": "unreadable", "error_text": storable(str(error))}
            values = {"status": Status.DEAD, **problem}
            record(connection, [event(row.id, Status.DEAD, **problem)], now)
        connection.execute(update(wa_outbox).where(wa_outbox.c.id == row.id).values(**values))
    turns.wait(connection, [(key, id_, int(Priority.REPORT)) for key, id_ in waiting.items()], now)


def _key(row: Row[Any]) -> turns.Key | None:
    """The chat of a foreign row, if it can be read."""
    try:
        return row.account, _address(row)
    except ValueError:
        return None


def _address(row: Row[Any]) -> str:
    check_text(row.recipient, row.type, row.content, row.account)
    load_content(row.type, row.content)
    return Recipient.parse(row.recipient).chat


def check_text(*values: object) -> None:
    """Raise `ContentError` for what is no text: SQLite keeps anything anywhere."""
    for value in values:
        if not isinstance(value, str):
            raise ContentError("recipient, type, content and account must be text")
        if "\ufffd" in value:
            raise ContentError("recipient, type, content and account must be UTF-8")


def expire(connection: Connection, now: datetime, policy: RetryPolicy) -> None:
    """Note lost workers: what they had taken may have arrived, and waits for evidence."""
    over = (
        plain(connection, _OVER + locked(connection, "leases"), now=now, longest=now + _LONGEST_LEASE).scalars().all()
    )
    for token in over:
        chats = plain(connection, _HELD + locked(connection, "chats", skip=False), token=token).all()
        lost = dict(_LOST(connection, [{"id": c.head_id} for c in chats], until=now + policy.evidence).tuples().all())
        record(
            connection,
            [event(id_, Status.UNKNOWN, attempt_id=at, error_code="worker_lost") for id_, at in lost.items()],
            now,
        )
        held = [((c.account, c.chat), token, c.head_id) for c in chats]
        turns.hold(connection, [turn for turn in held if turn[2] in lost])
        turns.pass_on(connection, [turn for turn in held if turn[2] not in lost])
        plain(connection, "DELETE FROM leases WHERE id = :token", token=token)


def end_waits(connection: Connection, now: datetime, policy: RetryPolicy, accounts: Mapping[str, AccountRules]) -> None:
    """Give up waiting for evidence: send again, ask a person, or end after the last try.

    Messages of an account whose channel can be asked wait for its answer instead, and those of an account that is not
    known here wait for a worker that knows it.
    """
    ours = [{"account": name} for name, rules in accounts.items() if not rules.looks_up]
    waited = bulk(_WAITED + locked(connection, "c"), account="text")
    found = waited(connection, ours, now=now, longest=now + _LONGEST_WAIT).all()
    ended = [(row, _after_wait(row, policy, accounts)) for row in found if row.status == Status.UNKNOWN]
    if ended:
        changes = [
            {"id": row.head_id, "attempt_id": row.attempt_id, "status": status, **error}
            for row, (status, error) in ended
        ]
        done = set(_END_WAIT(connection, changes, now=now).scalars())
        told = [
            event(row.head_id, status, attempt_id=row.attempt_id, **error)
            for row, (status, error) in ended
            if row.head_id in done
        ]
        record(connection, told, now)
    turns.pass_on(connection, [((row.account, row.chat), turns.UNKNOWN, row.head_id) for row in found])


def _after_wait(
    row: Row[Any], policy: RetryPolicy, accounts: Mapping[str, AccountRules]
) -> tuple[Status, dict[str, str | None]]:
    rules = accounts.get(row.account, AccountRules())
    if rules.on_unknown is OnUnknown.REVIEW:
        return Status.DEAD, {"error_code": "no_answer", "error_text": "it may have arrived: a person decides"}
    if not isinstance(row.attempts, int) or row.attempts >= policy.tries:
        return Status.DEAD, {"error_code": "no_answer", "error_text": "no answer, no receipt"}
    return Status.PENDING, {"error_code": None, "error_text": None}
