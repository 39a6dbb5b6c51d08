"""The outbox of one store: the only writer of `wa_outbox`, but for what people were told (`wa_integrasi.notices`)."""

from __future__ import annotations

import logging
import math
import random
import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.message import Status
from wa_integrasi.outbox import housekeeping, person, turns, waiting
from wa_integrasi.outbox.asking import send_again, take_unknown
from wa_integrasi.outbox.claiming import claim_of, message_asked_about
from wa_integrasi.outbox.enqueuing import AT_ONCE, insert_messages
from wa_integrasi.outbox.nudging import SILENCE, WINDOW_CLOSED, ask, close_window, open_window
from wa_integrasi.outbox.person import Selection
from wa_integrasi.outbox.receipts import apply_receipts
from wa_integrasi.outbox.rows import Claimed, Enqueued, NewMessage, Settlement
from wa_integrasi.outbox.settling import accept, fail, key_of
from wa_integrasi.outbox.shared import (
    held_accounts,
    hold_account,
    note_outcomes,
    read_contents,
    release_account,
    spend_inbound,
)
from wa_integrasi.policy.retry import Decision, Jitter, RetryPolicy
from wa_integrasi.policy.rules import AccountRules, rules_of
from wa_integrasi.providers.base import Accepted, Action, Failed, Missing, Outcome, ReceiptEvent, Unanswered
from wa_integrasi.store.bulk import bulk, plain
from wa_integrasi.store.engine import Store, StoreError, again_after_deadlock

LEASE = timedelta(seconds=20)
"""How long a worker is believed to be alive; one that is renews its leases (`Outbox.renew`)."""

log = logging.getLogger(__name__)

_KEEP_HOUSE_EVERY = timedelta(seconds=1)

_RENEW = bulk("UPDATE leases SET until = :until FROM {x} WHERE leases.id = x.id RETURNING leases.id", id="text")
_LEASE = "INSERT INTO leases (id, owner, until) VALUES (:id, :owner, :until)"


class Outbox:
    """The message ledger of one store. Every method is one transaction, or joins the caller's."""

    def __init__(
        self, store: Store, policy: RetryPolicy | None = None, clock: Clock = utc_now, jitter: Jitter = random.uniform
    ) -> None:
        self.store = store
        self._policy = policy or RetryPolicy()
        self._clock = clock
        self._jitter = jitter
        self._short = True
        self._bounds = turns.Bounds()
        self._looked_until = turns.START
        self._kept_house_at = datetime.min.replace(tzinfo=UTC)

    def enqueue(self, messages: Sequence[NewMessage], connection: Connection | None = None) -> list[Enqueued]:
        """Store `messages`, each once, in their order, and wake who waits for them.

        Pass a `connection` to commit them with work of your own; keep that transaction short, for nothing else of
        these chats moves until it ends.
        """
        if not messages:
            return []
        if connection is not None:
            made = insert_messages(connection, messages, self._clock())
            self.store.wake(connection)
            return made
        made = again_after_deadlock(lambda: self._enqueue(messages))
        try:
            self.store.wake()
        except (StoreError, DBAPIError) as error:
            # They are stored; who waits looks by itself once a second.
            log.warning("nobody was woken: %s", type(error).__name__)
        return made

    def _enqueue(self, messages: Sequence[NewMessage]) -> list[Enqueued]:
        one_statement = len(messages) <= AT_ONCE
        with self.store.single() if one_statement else self.store.writing() as connection:
            return insert_messages(connection, messages, self._clock())

    def claim(
        self,
        owner: str,
        accounts: Mapping[str, AccountRules],
        *,
        limit: int = 50,
        lease: timedelta = LEASE,
        room: Mapping[str, int] | None = None,
    ) -> list[Claimed]:
        """Take up to `limit` due messages of `accounts` for `owner`, most urgent first, and note the intent to send.

        `room` says of how many messages of each account there is room now, where that is less.

        Of a chat only the message whose turn it is can be taken, and none while another is on its way: so its order
        holds whatever the number of workers. What the rules do not let go now waits or is refused. Foreign rows are
        adopted and lost leases noted before that, every second or when there is time.
        """
        now = self._clock()
        token = secrets.token_hex(8)
        claimed: list[Claimed] = []
        with self.store.writing() as connection:
            kept_house = self._short or not timedelta() <= now - self._kept_house_at < _KEEP_HOUSE_EVERY
            if kept_house:
                self._keep_house(connection, accounts, now)
            for account in sorted(accounts):
                wanted = min(limit - len(claimed), limit if room is None else room.get(account, 0))
                if wanted > 0:
                    rules = accounts[account]
                    claimed += claim_of(connection, account, rules, token, now, now + lease, wanted, self._bounds)
            if claimed:
                plain(connection, _LEASE, id=token, owner=owner, until=now + lease)
        self._kept_house_at = now if kept_house else self._kept_house_at
        self._short = len(claimed) < limit
        return claimed

    def _keep_house(self, connection: Connection, accounts: Mapping[str, AccountRules], now: datetime) -> None:
        if now < self._kept_house_at:
            log.warning("the clock was set back by %s", self._kept_house_at - now)
            turns.set_back(connection, now, self._kept_house_at)
        self._bounds.forget()
        self._looked_until = turns.adopt_orphans(connection, self._looked_until)
        housekeeping.adopt(connection, now)
        housekeeping.expire(connection, now, self._policy)
        housekeeping.end_waits(connection, now, self._policy, accounts)

    def renew(self, claimed: Sequence[Claimed], lease: timedelta = LEASE) -> dict[str, datetime]:
        """Say that this worker is alive and at work on `claimed`; returns the leases that hold, and until when."""
        leases = sorted({message.lease for message in claimed})
        until = self._clock() + lease
        if not leases:
            return {}
        with self.store.writing() as connection:
            held = _RENEW(connection, [{"id": lease_id} for lease_id in leases], until=until).scalars().all()
        return dict.fromkeys(held, until)

    def give_back(self, claimed: Sequence[Claimed]) -> None:
        """Let claimed messages wait again that were never handed to their channel; they lose no try."""
        now = self._clock()
        unsent = Failed(Action.RETRY, "stopped", "the worker was stopped before its turn came")
        with self.store.writing() as connection:
            turns.lock_chats(connection, [key_of(message) for message in claimed])
            fail(connection, [(message, unsent, Decision(Status.PENDING, counts=False)) for message in claimed], now)

    def settle(
        self, attempts: Sequence[tuple[Claimed, Outcome]], accounts: Mapping[str, AccountRules] | None = None
    ) -> list[Settlement]:
        """Write down what came of `attempts` and decide what becomes of each message.

        A failure counts only while its claim is in force (a worker that lost its lease changes nothing); that the
        provider accepted a message is a fact and always counts.
        """
        now = self._clock()
        accepted = [(claimed, outcome) for claimed, outcome in attempts if isinstance(outcome, Accepted)]
        with self.store.writing() as connection:
            turns.lock_chats(connection, [key_of(claimed) for claimed, _ in attempts])
            held = held_accounts(connection, {claimed.account for claimed, _ in attempts})
            failed = [
                (c, outcome, self._policy.decide(outcome, c.attempts, self._jitter, probing=c.account in held))
                for c, outcome in attempts
                if not isinstance(outcome, Accepted)
            ]
            failed = [(c, *self._or_ask(connection, c, outcome, d, now)) for c, outcome, d in failed]
            told = [(*key_of(claimed), outcome) for claimed, outcome in attempts]
            note_outcomes(connection, accounts or {}, told, now)
            accept(connection, accepted, now)
            counted = fail(connection, failed, now)
        settled = [Settlement(claimed, outcome, Status.SENT) for claimed, outcome in accepted]
        return settled + [Settlement(c, outcome, d.status) for c, outcome, d in failed if c.id in counted]

    def _or_ask(
        self, connection: Connection, claimed: Claimed, outcome: Failed | Unanswered, decision: Decision, now: datetime
    ) -> tuple[Failed | Unanswered, Decision]:
        """Where the channel wants a template, the person may be asked to write back instead."""
        if not isinstance(outcome, Failed) or outcome.action is not Action.NEEDS_TEMPLATE:
            return outcome, decision
        account, chat = key_of(claimed)
        close_window(connection, account, chat)
        if not ask(connection, account, chat, claimed.created_at, now):
            return outcome, decision
        waits = replace(outcome, code=WINDOW_CLOSED, text=f"waits for this person to write back ({outcome.code})")
        return waits, Decision(Status.PENDING, SILENCE, counts=False)

    def to_ask_about(self, accounts: Collection[str], limit: int = 20) -> list[tuple[Claimed, datetime]]:
        """Messages of unknown fate to ask the channels of `accounts` about, each with the moment its attempt began."""
        now = self._clock()
        with self.store.writing() as connection:
            rows = take_unknown(connection, accounts, now, self._policy.evidence, limit)
            contents, _ = read_contents([row for row, _ in rows], now)
        return [(message_asked_about(row, contents[row.id], now), since) for row, since in rows if row.id in contents]

    def answered(self, claimed: Claimed, answer: Accepted | Missing) -> None:
        """Write down what the channel said of a message of unknown fate: it has it, or it never had."""
        now = self._clock()
        with self.store.writing() as connection:
            turns.lock_chats(connection, [key_of(claimed)])
            if isinstance(answer, Accepted):
                accept(connection, [(claimed, answer)], now)
            else:
                send_again(connection, claimed, now, self._policy.tries)

    def refuse(self, claimed: Claimed, reason: str) -> None:
        """End a claimed message that may not be sent."""
        with self.store.writing() as connection:
            turns.lock_chats(connection, [key_of(claimed)])
            refusal = (claimed, Failed(Action.DEAD, "refused", reason), Decision(Status.REFUSED))
            fail(connection, [refusal], self._clock())

    def requeue(self, selection: Selection, reason: str) -> int:
        """Let dead and refused messages wait again, with all their tries; returns how many there were."""
        return self._decided(person.requeue, selection, reason)

    def discard(self, selection: Selection, reason: str) -> int:
        """Give up dead and refused messages and those of unknown fate; returns how many there were."""
        return self._decided(person.discard, selection, reason)

    def cancel(self, selection: Selection, reason: str) -> int:
        """Take back waiting messages; returns how many there were."""
        return self._decided(person.cancel, selection, reason)

    def _decided(self, decide: person.Decide, selection: Selection, reason: str) -> int:
        def once() -> int:
            with self.store.writing() as connection:
                return decide(connection, selection, reason, self._clock())

        return again_after_deadlock(once)

    def open_window(self, account: str, chat: str, connection: Connection) -> None:
        """A person has written: what waited for that goes now. In the transaction that keeps what they wrote."""
        open_window(connection, account, chat, self._clock())

    def hold(self, account: str, code: str, reason: str) -> None:
        """Let nothing of `account` go for a while: its messages wait. Say it again for as long as the reason lasts."""
        with self.store.writing() as connection:
            hold_account(connection, account, code, reason, self._clock())

    def release(self, account: str, code: str | None = None) -> None:
        """Let what waits go again, in order and by the account's pace; with a `code` only if that held the account."""
        with self.store.writing() as connection:
            release_account(connection, account, code, self._clock())
        self.store.wake()

    def has_due(self, accounts: Mapping[str, AccountRules]) -> bool:
        """Whether anything is due of an account whose breaker lets it go."""
        now = self._clock()
        with self.store.reading() as connection:
            moment = waiting.next_due(connection, accounts, now)
        return moment is not None and moment <= now

    def due_in(self, accounts: Mapping[str, AccountRules]) -> float:
        """Seconds until a message of `accounts` may go, a lost worker is noted, or a wait for evidence ends.

        As far as is known now: infinite when nothing waits, and nothing when it is due already.
        """
        now = self._clock()
        with self.store.reading() as connection:
            moments = (waiting.next_due(connection, accounts, now), waiting.next_duty(connection, accounts))
        return min((max(0.0, (m - now).total_seconds()) for m in moments if m is not None), default=math.inf)

    def due_by_account(self, accounts: Mapping[str, AccountRules]) -> dict[str, timedelta]:
        """How long until each of `accounts` needs a worker; those of which nothing is known to come are left out."""
        now = self._clock()
        with self.store.reading() as connection:
            moments = waiting.due_by_account(connection, accounts, now)
        return {account: max(timedelta(), moment - now) for account, moment in moments.items()}

    def moves_in(self, ids: Sequence[int]) -> timedelta | None:
        """How long until the first of the messages `ids` that are still owed may move on; None when none is."""
        now = self._clock()
        with self.store.reading() as connection:
            moment = waiting.moves_at(connection, ids, now)
        return None if moment is None else moment - now

    def now(self) -> datetime:
        """The time by this outbox's clock."""
        return self._clock()

    def apply(
        self, receipts: Sequence[ReceiptEvent], connection: Connection | None = None, account: str | None = None
    ) -> list[ReceiptEvent]:
        """Move messages on by what the channel reports, of one `account` only, in any order and as often as it likes.

        Returns the receipts whose message is not known (yet): a receipt can be faster than our own commit.
        """
        with nullcontext(connection) if connection is not None else self.store.writing() as active:
            return apply_receipts(active, receipts, self._clock(), account)

    def count_inbound(self, account: str, provider: str, count: int, connection: Connection) -> None:
        """Count messages that people wrote toward the account's pace, where the channel counts both ways together."""
        rules = rules_of(provider)
        if rules.paced_together and count:
            spend_inbound(connection, account, rules, self._clock(), count)
