"""When something will be due: what a worker sleeps by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, case, exists, func, select

from wa_integrasi.message import OPEN, Priority, Status
from wa_integrasi.outbox.shared import AHEAD, load_breaker
from wa_integrasi.outbox.turns import UNKNOWN
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.store.tables import OPEN_STAGE, UtcDateTime, accounts, chats, leases, wa_outbox


def next_due(connection: Connection, rules: Mapping[str, AccountRules], now: datetime) -> datetime | None:
    """When the next message may go, by its chat, its account's pace and breaker; `now` for a row not yet adopted."""
    foreign = exists().where(OPEN_STAGE, wa_outbox.c.status == Status.PENDING, wa_outbox.c.chat.is_(None))
    if connection.execute(select(foreign)).scalar_one():
        return now
    moments = [moment for name in rules if (moment := _next_of(connection, name, rules[name], now)) is not None]
    return min(moments, default=None)


def _next_of(connection: Connection, account: str, rules: AccountRules, now: datetime) -> datetime | None:
    free = (chats.c.account == account) & chats.c.held_by.is_(None)
    firsts = [
        select(func.min(chats.c.due_at, type_=UtcDateTime)).where(free, chats.c.priority == int(priority))
        for priority in Priority
    ]
    due: list[datetime] = [moment for first in firsts if (moment := connection.execute(first).scalar_one()) is not None]
    if not due:
        return None
    breaker = load_breaker(connection, account)
    if rules.breaker.allowed(breaker, now) == 0:
        return max(min(due), breaker.until or now)
    if rules.pace is None:
        return min(due)
    next_at: datetime | None = connection.execute(select(accounts.c.next_at).where(accounts.c.name == account)).scalar()
    return max(min(due), rules.pace.moment(next_at, now) - AHEAD)


def next_duty(connection: Connection, rules: Mapping[str, AccountRules]) -> datetime | None:
    """When the first lease that holds a chat, or the first wait for evidence, is over."""
    holding = select(func.min(leases.c.until, type_=UtcDateTime)).where(leases.c.id == chats.c.held_by)
    until = connection.execute(holding).scalar_one()
    ours = chats.c.account.in_([account for account, its in rules.items() if not its.looks_up])
    held = (
        ours
        & (chats.c.held_by == UNKNOWN)
        & (wa_outbox.c.id == chats.c.head_id)
        & (wa_outbox.c.status == Status.UNKNOWN)
    )
    evidence = connection.execute(select(func.min(wa_outbox.c.next_attempt_at, type_=UtcDateTime)).where(held))
    return min((moment for moment in (until, evidence.scalar_one()) if moment is not None), default=None)


def due_by_account(connection: Connection, rules: Mapping[str, AccountRules], now: datetime) -> dict[str, datetime]:
    """When each account has something to do: a message may go, a lease or a wait for evidence is over."""
    foreign = OPEN_STAGE & (wa_outbox.c.status == Status.PENDING) & wa_outbox.c.chat.is_(None)
    foreign_of = select(wa_outbox.c.account).where(foreign, wa_outbox.c.account.in_(rules)).distinct()
    found = [(account, now) for account in connection.execute(foreign_of).scalars()]
    for account, its in rules.items():
        if (moment := _next_of(connection, account, its, now)) is not None:
            found.append((account, moment))
    leased = select(chats.c.account, func.min(leases.c.until, type_=UtcDateTime)).group_by(chats.c.account)
    leased = leased.where(leases.c.id == chats.c.held_by, chats.c.account.in_(rules))
    unknown = (chats.c.held_by == UNKNOWN) & (wa_outbox.c.id == chats.c.head_id)
    evidence = select(chats.c.account, func.min(wa_outbox.c.next_attempt_at, type_=UtcDateTime))
    evidence = evidence.where(unknown, wa_outbox.c.status == Status.UNKNOWN, chats.c.account.in_(rules))
    for moments in (leased, evidence.group_by(chats.c.account)):
        found += [(account, until) for account, until in connection.execute(moments).tuples() if until is not None]
    return {account: min(moment for name, moment in found if name == account) for account, _ in found}


def moves_at(connection: Connection, ids: Sequence[int], now: datetime) -> datetime | None:
    """When the first of the messages `ids` that are still owed may move on; None when none is owed."""
    moment = case((wa_outbox.c.status == Status.SENDING, leases.c.until), else_=wa_outbox.c.next_attempt_at)
    chat = (chats.c.account == wa_outbox.c.account) & (chats.c.chat == wa_outbox.c.chat)
    owed = select(wa_outbox.c.account, func.min(moment, type_=UtcDateTime)).select_from(
        wa_outbox.outerjoin(chats, chat).outerjoin(leases, leases.c.id == chats.c.held_by)
    )
    owed = owed.where(wa_outbox.c.id.in_(ids), wa_outbox.c.status.in_(OPEN)).group_by(wa_outbox.c.account)
    rows = connection.execute(owed).tuples().all()
    return min((max(first or now, load_breaker(connection, name).until or now) for name, first in rows), default=None)
