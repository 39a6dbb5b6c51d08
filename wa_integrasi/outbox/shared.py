"""What all workers share of an account, in the claim's own transaction: breaker, pace, and the state of its chats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wa_integrasi.content import Content, ContentError, load_content
from wa_integrasi.message import Status
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.housekeeping import check_text
from wa_integrasi.outbox.nudging import SILENCE, WINDOW_CLOSED, ask
from wa_integrasi.outbox.turns import UNKNOWN
from wa_integrasi.policy.breaker import Breaker, BreakerPolicy, Circuit
from wa_integrasi.policy.gate import (
    GOODBYE,
    TIER_PERIOD,
    ChatState,
    Go,
    NeedsWindow,
    Refuse,
    Verdict,
    Wait,
    judge,
    says_goodbye,
)
from wa_integrasi.policy.hours import NotYet, Stale, may_go
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Action, Failed, Outcome
from wa_integrasi.store.bulk import bulk, upsert
from wa_integrasi.store.tables import accounts, breakers, chats

AHEAD = timedelta(seconds=1)
"""How far ahead of their moment messages are claimed; the worker sends each at its own."""

EXPIRED = "expired"
"""Why a message ended that has come to be of no use."""

TIER = "tier"
"""Why a message waits that would begin one conversation too many."""

_INBOUND_AT_MOST = timedelta(seconds=0.5)

_COUNT = bulk(
    "UPDATE chats SET next_at = x.next_at, initiated_at = x.initiated_at FROM {x} "
    "WHERE chats.account = x.account AND chats.chat = x.chat",
    account="text",
    chat="text",
    next_at="timestamptz",
    initiated_at="timestamptz",
)


@dataclass(frozen=True, slots=True)
class Stop:
    """A row that may not go now: the status it takes, when it is looked at again, and why."""

    status: Status
    until: datetime
    code: str
    reason: str


def moments(connection: Connection, account: str, rules: AccountRules, now: datetime, want: int) -> list[datetime]:
    """When up to `want` messages of the account may go. Where there is a limit, it is locked until the end."""
    breaker = load_breaker(connection, account)
    if breaker.circuit is Circuit.CLOSED and rules.pace is None and rules.gate.tier is None:
        return [now] * want
    next_at = _lock(connection, account)
    allowed = rules.breaker.allowed(breaker, now)
    if allowed is not None:
        want = min(want, max(0, allowed - _on_their_way(connection, account)))
    return [now] * want if rules.pace is None else rules.pace.slots(next_at, now, want, AHEAD)


def spend(connection: Connection, account: str, rules: AccountRules, now: datetime, taken: int) -> None:
    """Count `taken` messages towards the account's pace."""
    if rules.pace is not None and taken:
        next_at = rules.pace.after(_lock(connection, account), now, taken)
        connection.execute(update(accounts).where(accounts.c.name == account).values(next_at=next_at))


def spend_inbound(connection: Connection, account: str, rules: AccountRules, now: datetime, came: int) -> None:
    """Count what came in towards the account's pace, but never more than half a second of it.

    However much people write, half of the pace is left for what goes out.
    """
    if rules.pace is not None:
        next_at = _lock(connection, account)
        counted = min(rules.pace.after(next_at, now, came), now + _INBOUND_AT_MOST)
        if next_at is None or counted > next_at:
            connection.execute(update(accounts).where(accounts.c.name == account).values(next_at=counted))


def read_contents(rows: Sequence[Row[Any]], now: datetime) -> tuple[dict[int, Content], dict[int, Stop]]:
    """What the rows say; those apart whose content is none: somebody changed them after they had been adopted."""
    contents, stops = {}, {}
    for row in rows:
        try:
            check_text(row.chat, row.type, row.content)
            contents[row.id] = load_content(row.type, row.content)
        except ContentError as error:
            stops[row.id] = Stop(Status.DEAD, now, "unreadable", str(error))
    return contents, stops


def judge_rows(
    connection: Connection,
    account: str,
    rules: AccountRules,
    rows: Sequence[Row[Any]],
    chats_taken: Mapping[str, Row[Any]],
    now: datetime,
) -> tuple[dict[int, datetime], dict[int, Stop]]:
    """From when each message may go, or why it may not; what may is counted towards its chat."""
    begun, oldest = _begun(connection, account, now) if rules.gate.tier is not None else (0, None)
    going: dict[int, datetime] = {}
    stops: dict[int, Stop] = {}
    counted = []
    for row in rows:
        if (untimely := _timing(row, now)) is not None:
            stops[row.id] = untimely  # before all else: nobody is asked to write back in their quiet hours
            continue
        chat = chats_taken[row.chat]
        state = ChatState(chat.last_inbound_at, chat.opted_in_at, chat.opted_out_at, chat.initiated_at)
        verdict = _verdict(account, row, state, rules, now, begun, oldest)
        decided = _after(verdict, rules, chat.next_at, now)
        if isinstance(verdict, NeedsWindow) and ask(connection, account, row.chat, row.created_at, now):
            decided = Stop(Status.PENDING, now + SILENCE, WINDOW_CLOSED, "waits for this person to write back")
        if isinstance(decided, Stop):
            stops[row.id] = decided
            continue
        going[row.id] = decided
        initiates = isinstance(verdict, Go) and verdict.initiates
        begun += initiates
        if initiates or rules.pair:
            next_at = rules.pair.after(chat.next_at, now, 1) if rules.pair else chat.next_at
            initiated_at = now if initiates else chat.initiated_at
            counted.append({"account": account, "chat": row.chat, "next_at": next_at, "initiated_at": initiated_at})
    if counted:
        _COUNT(connection, counted)
    return going, stops


def _verdict(
    account: str,
    row: Row[Any],
    state: ChatState,
    rules: AccountRules,
    now: datetime,
    begun: int,
    oldest: datetime | None,
) -> Verdict:
    goodbye = says_goodbye(row.dedupe_key, account, row.chat, state)
    if str(row.dedupe_key).startswith(GOODBYE) and not state.opted_out:
        return Refuse("goodbye_over", "this person has agreed to messages again since")
    is_template = row.type == "template"
    return judge(state, rules.gate, now, is_template=is_template, begun=begun, oldest=oldest, goodbye=goodbye)


def _timing(row: Row[Any], now: datetime) -> Stop | None:
    try:
        verdict = may_go(now, row.not_before, row.expires_at, row.send_hours)
    except ValueError as error:
        return Stop(Status.DEAD, now, "unreadable", f"send_hours: {error}")
    match verdict:
        case NotYet(until, code, reason):
            return Stop(Status.PENDING, until, code, reason)
        case Stale(reason):
            return Stop(Status.DEAD, now, EXPIRED, reason)
        case None:
            return None


def _after(verdict: Verdict, rules: AccountRules, next_at: datetime | None, now: datetime) -> datetime | Stop:
    match verdict:
        case Refuse(code, reason):
            return Stop(Status.REFUSED, now, code, reason)
        case NeedsWindow():
            reason = "this person has been silent for 24 hours: only an approved template may go"
            return Stop(Status.REFUSED, now, WINDOW_CLOSED, reason)
        case Wait(until, reason):
            return Stop(Status.PENDING, until, TIER, reason)
        case Go():
            if rules.pair is None:
                return now
            at = rules.pair.moment(next_at, now)
            return at if at <= now + AHEAD else Stop(Status.PENDING, at, "pair_rate", "too fast for one recipient")


def note_outcomes(
    connection: Connection,
    rules: Mapping[str, AccountRules],
    outcomes: Iterable[tuple[str, str, Outcome]],
    now: datetime,
) -> None:
    """Let the breakers and the chats know what came of some attempts: account, chat, outcome."""
    by_account: dict[str, list[Outcome]] = {}
    opted_out = []
    for account, chat, outcome in outcomes:
        by_account.setdefault(account, []).append(outcome)
        if isinstance(outcome, Failed) and outcome.action is Action.OPTED_OUT:
            opted_out.append({"account": account, "chat": chat, "opted_out_at": now, "opted_out_by": outcome.code})
    upsert(connection, chats, opted_out)
    for account, its in sorted(by_account.items(), key=lambda item: item[0]):
        policy = rules.get(account, AccountRules()).breaker
        known = load_breaker(connection, account)
        if policy.after(known, its, now) != known:
            _lock(connection, account)
            save_breaker(connection, account, policy.after(load_breaker(connection, account), its, now), now)


def hold_account(
    connection: Connection, account: str, code: str, reason: str, now: datetime, lasting: timedelta | None = None
) -> None:
    """Open the account's breaker for the time of a hold; one that is held for another reason stays so.

    When that time, or `lasting`, is over, a few messages find out whether the reason is gone.
    """
    _lock(connection, account)
    known = load_breaker(connection, account)
    in_force = known.circuit is Circuit.OPEN and known.until is not None and known.until > now
    until = max(known.until or now, now + (lasting or BreakerPolicy().hold))
    kept = (known.code, known.reason) if in_force and known.code not in (code, None) else (code, reason)
    held = Breaker(Circuit.OPEN, until=until, openings=known.openings, code=kept[0], reason=kept[1])
    save_breaker(connection, account, held, now)


def release_account(connection: Connection, account: str, code: str | None, now: datetime) -> None:
    """Close the account's breaker, if it is `code` that opened it; what it held goes in its old place."""
    _lock(connection, account)
    known = load_breaker(connection, account)
    if known == Breaker() or (code is not None and known.code != code):
        return
    save_breaker(connection, account, Breaker(), now)
    if known.code:
        turns.resume(connection, account, known.code)


def held_accounts(connection: Connection, names: Iterable[str]) -> set[str]:
    """Those of the accounts whose breaker is not closed."""
    return {name for name in names if load_breaker(connection, name).circuit is not Circuit.CLOSED}


def load_breaker(connection: Connection, account: str) -> Breaker:
    """The account's breaker; a closed one where nothing is known."""
    found = connection.execute(select(breakers).where(breakers.c.account == account)).mappings().first()
    if found is None:
        return Breaker()
    values = {field.name: found[field.name] for field in fields(Breaker)}
    return Breaker(**{**values, "circuit": Circuit(found["circuit"])})


def save_breaker(connection: Connection, account: str, breaker: Breaker, now: datetime) -> None:
    """Write the account's breaker."""
    upsert(connection, breakers, [{"account": account, "changed_at": now, **asdict(breaker)}])


def _lock(connection: Connection, account: str) -> datetime | None:
    """Lock the account's row, made where there is none, and return when its next message may go."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(accounts).values(name=account).on_conflict_do_nothing())
    locked = select(accounts.c.next_at).where(accounts.c.name == account).with_for_update()
    next_at: datetime | None = connection.execute(locked).scalar_one()
    return next_at


def _on_their_way(connection: Connection, account: str) -> int:
    taken = (chats.c.account == account) & chats.c.held_by.is_not(None) & (chats.c.held_by != UNKNOWN)
    return connection.execute(select(func.count()).where(taken)).scalar_one()


def _begun(connection: Connection, account: str, now: datetime) -> tuple[int, datetime | None]:
    """How many conversations count towards the tier, and since when the oldest of them does."""
    recent = (chats.c.account == account) & (chats.c.initiated_at > now - TIER_PERIOD)
    count, oldest = connection.execute(select(func.count(), func.min(chats.c.initiated_at)).where(recent)).one()
    return count, oldest
