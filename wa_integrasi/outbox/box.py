"""The outbox of one store: the only writer of `wa_outbox`."""

from __future__ import annotations

import random
import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, cast, exists, func, literal, select, update
from sqlalchemy import Text as SqlText

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.content import Content
from wa_integrasi.message import OPEN, Priority, Status
from wa_integrasi.outbox import person
from wa_integrasi.outbox.asking import send_again, take_unknown
from wa_integrasi.outbox.claiming import adopt, claimable, expire
from wa_integrasi.outbox.enqueuing import insert_messages
from wa_integrasi.outbox.events import event, record
from wa_integrasi.outbox.person import Selection
from wa_integrasi.outbox.rows import Claimed, Enqueued, NewMessage, Settlement
from wa_integrasi.outbox.settling import accept, apply_receipt, fail, lock_rows, owner_of, put_back
from wa_integrasi.outbox.shared import judge_rows, load_breaker, moments, note_outcomes, read_contents, spend
from wa_integrasi.policy.retry import Decision, Jitter, RetryPolicy
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, Missing, Outcome, ReceiptEvent
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import UtcDateTime, wa_outbox

LEASE = timedelta(seconds=20)
"""How long a worker is believed to be alive; one that is renews its leases (`Outbox.renew`)."""

_ENQUEUE_AT_ONCE = 1_000
_CLAIMED = ("id", "account", "chat", "type", "content", "attempt_id", "attempts", "priority", "lease_until", "reply_to")


class Outbox:
    """The message ledger of one store. Every method is one transaction, or joins the caller's."""

    def __init__(
        self, store: Store, policy: RetryPolicy | None = None, clock: Clock = utc_now, jitter: Jitter = random.uniform
    ) -> None:
        self._store = store
        self._policy = policy or RetryPolicy()
        self._clock = clock
        self._jitter = jitter

    def enqueue(self, messages: Sequence[NewMessage], connection: Connection | None = None) -> list[Enqueued]:
        """Store `messages`, each once, in their order. Pass a `connection` to commit them with work of your own."""
        if not messages:
            return []
        with nullcontext(connection) if connection is not None else self._store.writing() as active:
            made: list[Enqueued] = []
            for start in range(0, len(messages), _ENQUEUE_AT_ONCE):
                made += insert_messages(active, messages[start : start + _ENQUEUE_AT_ONCE], self._clock())
            return made

    def claim(
        self, owner: str, accounts: Mapping[str, AccountRules], *, limit: int = 50, lease: timedelta = LEASE
    ) -> list[Claimed]:
        """Take up to `limit` due messages of `accounts` for `owner`, most urgent first, and note the intent to send.

        Of a chat only the first waiting message can be taken, and none while another is on its way: so its order
        holds whatever the number of workers. What the rules do not let go now waits or is refused. Before that,
        foreign rows are adopted and lost leases noted.
        """
        now = self._clock()
        claimed: list[Claimed] = []
        with self._store.writing() as connection:
            adopt(connection, now)
            expire(connection, now, self._policy, accounts)
            for account, rules in accounts.items():
                slots = moments(connection, account, rules, now, limit - len(claimed))
                if not slots:
                    continue
                taken = self._take(connection, account, owner, now, lease, len(slots))
                contents, unreadable = read_contents(taken, now)
                rows = [row for row in taken if row.id in contents]
                going, stops = judge_rows(connection, account, rules, rows, now)
                put_back(connection, {**unreadable, **stops}, now)
                spend(connection, account, rules, now, len(going))
                chosen = [row for row in rows if row.id in going]
                claimed += [
                    _claimed(row, contents[row.id], max(slot, going[row.id]))
                    for row, slot in zip(chosen, slots, strict=False)
                ]
            record(connection, [event(row.id, Status.SENDING, now, attempt_id=row.attempt_id) for row in claimed])
        return claimed

    def _take(
        self, connection: Connection, account: str, owner: str, now: datetime, lease: timedelta, limit: int
    ) -> list[Row[Any]]:
        """Take rows under a lease, first things first."""
        token = secrets.token_hex(8)
        take = update(wa_outbox).where(claimable(connection, account, now, limit))
        take = take.values(
            status=Status.SENDING,
            attempts=wa_outbox.c.attempts + 1,
            attempt_id=literal(f"{token}.").concat(cast(wa_outbox.c.id, SqlText)),
            lease_owner=owner,
            lease_until=now + lease,
        )
        rows = connection.execute(take.returning(*(wa_outbox.c[name] for name in _CLAIMED))).all()
        return sorted(rows, key=_urgency)

    def renew(self, claimed: Sequence[Claimed], lease: timedelta = LEASE) -> None:
        """Say that this worker is alive and still at work on `claimed`."""
        mine = wa_outbox.c.id.in_([row.id for row in claimed]) & (wa_outbox.c.status == Status.SENDING)
        current = wa_outbox.c.attempt_id.in_([row.attempt_id for row in claimed])
        with self._store.writing() as connection:
            connection.execute(update(wa_outbox).where(mine, current).values(lease_until=self._clock() + lease))

    def settle(
        self, attempts: Sequence[tuple[Claimed, Outcome]], accounts: Mapping[str, AccountRules] | None = None
    ) -> list[Settlement]:
        """Write down what came of `attempts` and decide what becomes of each message.

        A failure counts only while its claim is in force (a worker that lost its lease changes nothing); that the
        provider accepted a message is a fact and always counts.
        """
        now = self._clock()
        settled = []
        with self._store.writing() as connection:
            lock_rows(connection, {claimed.id for claimed, _ in attempts})
            told = [(claimed.account, claimed.recipient.chat, outcome) for claimed, outcome in attempts]
            note_outcomes(connection, accounts or {}, told, now)
            accepted = [(claimed, outcome) for claimed, outcome in attempts if isinstance(outcome, Accepted)]
            accept(connection, accepted, now)
            settled += [Settlement(claimed, outcome, Status.SENT) for claimed, outcome in accepted]
            for claimed, outcome in attempts:
                if isinstance(outcome, Accepted):
                    continue
                decision = self._policy.decide(outcome, claimed.attempts, self._jitter)
                if fail(connection, claimed, outcome, decision, now):
                    settled.append(Settlement(claimed, outcome, decision.status))
        return settled

    def to_ask_about(self, accounts: Collection[str], limit: int = 20) -> list[tuple[Claimed, datetime]]:
        """Messages of unknown fate to ask the channels of `accounts` about, each with the moment its attempt began."""
        now = self._clock()
        with self._store.writing() as connection:
            rows = take_unknown(connection, accounts, now, self._policy.evidence, limit)
            contents, _ = read_contents([row for row, _ in rows], now)
        return [(_claimed(row, contents[row.id], now), since) for row, since in rows if row.id in contents]

    def answered(self, claimed: Claimed, answer: Accepted | Missing) -> None:
        """Write down what the channel said of a message of unknown fate: it has it, or it never had."""
        now = self._clock()
        with self._store.writing() as connection:
            if isinstance(answer, Accepted):
                accept(connection, [(claimed, answer)], now)
            else:
                send_again(connection, claimed, now)

    def refuse(self, claimed: Claimed, reason: str) -> None:
        """End a claimed message that may not be sent."""
        with self._store.writing() as connection:
            fail(connection, claimed, Failed(Action.DEAD, "refused", reason), Decision(Status.REFUSED), self._clock())

    def requeue(self, selection: Selection, reason: str) -> int:
        """Let dead and refused messages wait again, with all their tries; returns how many there were."""
        with self._store.writing() as connection:
            return person.requeue(connection, selection, reason, self._clock())

    def discard(self, selection: Selection, reason: str) -> int:
        """Give up dead and refused messages and those of unknown fate; returns how many there were."""
        with self._store.writing() as connection:
            return person.discard(connection, selection, reason, self._clock())

    def cancel(self, selection: Selection, reason: str) -> int:
        """Take back waiting messages; returns how many there were."""
        with self._store.writing() as connection:
            return person.cancel(connection, selection, reason, self._clock())

    def has_due(self, accounts: Mapping[str, AccountRules]) -> bool:
        """Whether anything is due of an account whose breaker lets it go."""
        now = self._clock()
        with self._store.reading() as connection:
            open_to = [
                account
                for account, rules in accounts.items()
                if rules.breaker.allowed(load_breaker(connection, account), now) != 0
            ]
            due = (wa_outbox.c.status == Status.PENDING) & (wa_outbox.c.next_attempt_at <= now)
            found = exists().where(due, wa_outbox.c.account.in_(open_to))
            return connection.execute(select(found)).scalar_one()

    def moves_in(self, ids: Sequence[int]) -> timedelta | None:
        """How long until the first of the messages `ids` that are still owed may move on; None when none is."""
        now = self._clock()
        moment = case(
            (wa_outbox.c.status == Status.SENDING, wa_outbox.c.lease_until), else_=wa_outbox.c.next_attempt_at
        )
        owed = select(wa_outbox.c.account, func.min(moment, type_=UtcDateTime))
        owed = owed.where(wa_outbox.c.id.in_(ids), wa_outbox.c.status.in_(OPEN)).group_by(wa_outbox.c.account)
        with self._store.reading() as connection:
            rows = connection.execute(owed).tuples().all()
            moments = [max(first or now, load_breaker(connection, account).until or now) for account, first in rows]
        return min(moments) - now if moments else None

    def seconds_until(self, moment: datetime) -> float:
        """How long to wait for `moment` by this outbox's clock; nothing when it is over."""
        return max(0.0, (moment - self._clock()).total_seconds())

    def apply(self, receipts: Sequence[ReceiptEvent], connection: Connection | None = None) -> list[ReceiptEvent]:
        """Move messages on by what the channel reports, in any order and as often as it likes.

        Returns the receipts whose message is not known (yet): a receipt can be faster than our own commit.
        """
        with nullcontext(connection) if connection is not None else self._store.writing() as active:
            owners = [(owner_of(active, receipt), receipt) for receipt in receipts]
            known = [(owner, receipt) for owner, receipt in owners if owner is not None]
            lock_rows(active, {owner for owner, _ in known})
            for owner, receipt in known:
                apply_receipt(active, owner, receipt)
            return [receipt for owner, receipt in owners if owner is None]


def _urgency(row: Row[Any]) -> tuple[int, int]:
    """First things first; SQLite lets another program write what is no number."""
    return (row.priority if isinstance(row.priority, int) else int(Priority.REPORT), row.id)


def _claimed(row: Row[Any], content: Content, not_before: datetime) -> Claimed:
    return Claimed(
        id=row.id,
        account=row.account,
        recipient=Recipient.of_chat(row.chat),
        content=content,
        attempt_id=row.attempt_id,
        attempts=row.attempts,
        lease_until=row.lease_until,
        reply_to=row.reply_to,
        not_before=not_before,
    )
