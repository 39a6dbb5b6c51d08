"""The raw events of one store: kept before anything is acknowledged, then read and acted on, once each."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.inbox.claiming import Finished, TakenEvent, finish_events, take_events
from wa_integrasi.inbox.contacts import Consent, consents_of, note_contacts, preferences_of, waited_for
from wa_integrasi.inbox.keeping import Kept, RawEvent, keep_all
from wa_integrasi.inbox.message import InboundMessage
from wa_integrasi.inbox.normalising import normalise
from wa_integrasi.inbox.storing import UnreadItem, store_messages, store_unread
from wa_integrasi.inbox.updates import apply_facts, facts_in
from wa_integrasi.outbox import Outbox
from wa_integrasi.providers.base import UNLISTED, BadItem, Event, MessageEvent, OtherEvent, ReceiptEvent, Receiver
from wa_integrasi.providers.wire import storable
from wa_integrasi.store.engine import Store, StoreError, again_after_deadlock, is_away
from wa_integrasi.store.facts import Fact
from wa_integrasi.store.tables import UtcDateTime, inbound_events

PARKED_FOR = timedelta(minutes=10)
"""How long a receipt waits for its message to become known."""

_PARK = timedelta(seconds=2)
_SLOWEST = timedelta(hours=1)
_LONGEST_NOTE = 500
_MOST_UNREAD = 1_000
"""Unreadable items of one event that are kept each with its reason; all of them are in the event's body."""

_ITEMS = ("receipts", "messages", "others", "unreadable")

log = logging.getLogger(__name__)

Receivers = Mapping[tuple[str, str], Receiver]
"""The accounts known here, by provider and account name."""


@dataclass(slots=True)
class _Reading:
    """What is in one event."""

    event: TakenEvent
    again_at: datetime | None = None
    problem: str | None = None
    """Why nothing of it could be read now, or ever."""
    counts: Counter[str] = field(default_factory=Counter)
    messages: list[InboundMessage] = field(default_factory=list)
    receipts: list[ReceiptEvent] = field(default_factory=list)
    consents: list[Consent] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    unread: list[UnreadItem] = field(default_factory=list)

    def take(self, item: Event) -> None:
        """One item, on its own: what is wrong with it is kept, and harms no other."""
        event, position = self.event, self.counts.total()
        match item:
            case ReceiptEvent():
                self.counts["receipts"] += 1
                if not (item.attempt_id or "").startswith(UNLISTED):
                    self.receipts.append(item)
            case MessageEvent():
                self.counts["messages"] += 1
                try:
                    self.messages.append(normalise(item, event.provider, event.account, event.received_at))
                except Exception as error:
                    log.error("a message of event %s not normalised: %s", event.id, type(error).__name__)  # noqa: TRY400 - no values in logs
                    self._not_read(position, type(error).__name__, item.raw)
            case OtherEvent():
                self.counts["others"] += 1
                if item.name == "user_preferences":
                    self.consents += preferences_of(item.raw, event.account, event.received_at)
                try:
                    self.facts += facts_in(item, event.provider, event.account, event.received_at)
                except Exception as error:
                    log.error("an update of event %s not read: %s", event.id, type(error).__name__)  # noqa: TRY400 - no values in logs
                    self.unread.append(UnreadItem(event.id, position, type(error).__name__, item.raw))
            case BadItem():
                self.counts["unreadable"] += 1
                self._not_read(position, item.reason, item.raw)

    def _not_read(self, position: int, reason: str, raw: Any) -> None:
        if len(self.unread) < _MOST_UNREAD:
            self.unread.append(UnreadItem(self.event.id, position, reason, raw))

    def finished(self, early: int = 0) -> Finished:
        """What becomes of the event: a few words for whoever looks at it later, and when it is looked at again."""
        parts = [f"{self.counts[name]} {name}" for name in _ITEMS if self.counts[name]]
        parts += [f"{early} of no message known here"] if early else []
        parts += [item.reason for item in self.unread][:3]
        note = self.problem if self.problem is not None else "; ".join(parts) or "empty"
        return Finished(self.event.id, storable(note)[:_LONGEST_NOTE], self.again_at)


class Inbox:
    """The raw events of one store."""

    def __init__(self, store: Store, outbox: Outbox, clock: Clock = utc_now) -> None:
        self._store = store
        self._outbox = outbox
        self._clock = clock

    def keep(self, provider: str, account: str, body: bytes) -> bool:
        """Commit one verified webhook; False when the same bytes are kept already (a provider's retry)."""
        kept = self.keep_all([RawEvent(provider, account, body, self._clock())])
        if kept.refused:
            raise StoreError("the store refuses this webhook")
        return bool(kept.new)

    def keep_all(self, events: Sequence[RawEvent]) -> Kept:
        """Commit many verified webhooks at once. Raises `StoreError` or `DBAPIError` while the store is away."""
        return keep_all(self._store, events)

    def due(self) -> tuple[int, float]:
        """How many events wait to be read, and for how many seconds the oldest of them has."""
        now = self._clock()
        due = select(func.count(), func.min(inbound_events.c.due_at, type_=UtcDateTime))
        with self._store.reading() as connection:
            count, oldest = connection.execute(due.where(inbound_events.c.due_at <= now)).one()
        return count, (now - oldest).total_seconds() if oldest else 0.0

    def work(self, receivers: Receivers, limit: int = 100) -> int:
        """Read up to `limit` due events and act on them; returns how many there were.

        Several processes may work at once. One that dies leaves its events due again when its lease ends, and what
        it had done by then is not done twice: a message has one row, a receipt counts once.
        """
        with self._store.writing() as connection:
            lease, events = take_events(connection, self._clock(), limit)
        readings = [self._read(event, receivers) for event in events]
        if not readings:
            return 0
        try:
            again_after_deadlock(lambda: self._act(lease, readings))
        except Exception as error:
            if is_away(error):
                raise
            # One of them is at fault: each alone, so that it harms no other.
            for reading in readings:
                self._act_alone(lease, reading)
        return len(events)

    def _act_alone(self, lease: str, reading: _Reading) -> None:
        try:
            again_after_deadlock(lambda: self._act(lease, [reading]))
        except Exception as error:  # also a DataError: what no database takes is the event's fault, not the store's
            if is_away(error):
                raise
            self._put_off(reading, error)
            with self._store.writing() as connection:
                finish_events(connection, lease, [reading.finished()])

    def _put_off(self, reading: _Reading, error: Exception) -> None:
        """Try it again more and more seldom, so that it neither is lost nor stops the events behind it."""
        event = reading.event
        reading.problem = type(error).__name__  # its text may hold what was sent
        reading.again_at = self._clock() + min(_SLOWEST, _PARK * 2 ** min(event.attempts, 12))
        log.warning("event %s waits until %s: %s", event.id, reading.again_at.isoformat(), reading.problem)

    def _read(self, event: TakenEvent, receivers: Receivers) -> _Reading:
        """Split an event into its items, each normalised on its own."""
        reading = _Reading(event)
        receiver = receivers.get((event.provider, event.account))
        if receiver is None:
            reading.problem = "the account is not configured here"
            reading.again_at = self._clock() + PARKED_FOR
            return reading
        try:
            items = receiver.parse(event.body)
        except ValueError as error:
            reading.problem = f"unreadable: {error}"
            return reading
        except Exception as error:  # a mistake of ours: the event waits until it is mended
            self._put_off(reading, error)
            return reading
        for item in items:
            reading.take(item)
        return reading

    def _act(self, lease: str, readings: Sequence[_Reading]) -> None:
        """Do what some events ask for and let go of them, with one commit, or more where there are receipts or updates.

        Each locks chats in one order of its own; together they would not. Messages lock chats before their account,
        and updates the account before its chats: who loses by that does it again, which changes nothing done before.
        """
        facts = [fact for reading in readings for fact in reading.facts]
        if facts:
            with self._store.writing() as connection:
                if apply_facts(connection, facts, self._clock()):
                    self._store.wake(connection)
        by_account: dict[str, list[ReceiptEvent]] = {}
        for reading in readings:
            by_account.setdefault(reading.event.account, []).extend(reading.receipts)
        if not any(by_account.values()):
            with self._store.writing() as connection:
                self._store_messages(connection, readings)
                finish_events(connection, lease, [reading.finished() for reading in readings])
            return
        if any(reading.messages or reading.consents or reading.unread for reading in readings):
            with self._store.writing() as connection:
                self._store_messages(connection, readings)
        with self._store.writing() as connection:
            early = set()
            for account, its in sorted(by_account.items(), key=lambda item: item[0]):
                early |= {id(receipt) for receipt in self._outbox.apply(its, connection, account)}
            finish_events(connection, lease, [self._after(reading, early) for reading in readings])

    def _store_messages(self, connection: Connection, readings: Sequence[_Reading]) -> None:
        store_unread(connection, [item for reading in readings for item in reading.unread], self._clock())
        new = store_messages(connection, [(r.event.id, message) for r in readings for message in r.messages])
        consents = [consent for reading in readings for consent in reading.consents]
        note_contacts(connection, new, [*consents, *(each for message in new for each in consents_of(message))])
        opened = waited_for(connection, new)  # their chats are locked by now
        for account, chat in opened:
            self._outbox.open_window(account, chat, connection)
        counts = Counter((message.account, message.provider) for message in new)
        for (account, provider), count in sorted(counts.items()):
            self._outbox.count_inbound(account, provider, count, connection)
        if opened:
            self._store.wake(connection)

    def _after(self, reading: _Reading, early: set[int]) -> Finished:
        """An event whose receipts came before their messages are known is looked at again, for a while."""
        missed = sum(id(receipt) in early for receipt in reading.receipts)
        now = self._clock()
        if missed and now < reading.event.received_at + PARKED_FOR:
            reading.again_at = now + _PARK
        return reading.finished(missed)
