"""People on duty are told of complaints that no person has answered, once at each level."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import GroupUnresolvedError
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.complaints import mark_answered, ticket_of
from wa_integrasi.composing import compose_all
from wa_integrasi.intake.asking import contact_of
from wa_integrasi.intake.rules import Rules
from wa_integrasi.intake.triage import URGENT
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient, RecipientError
from wa_integrasi.reporting import Addressee
from wa_integrasi.responding.answers import answered_at
from wa_integrasi.responding.duty import on_duty, quiet_until, waits_since
from wa_integrasi.responding.letters import Unanswered, unanswered_notice
from wa_integrasi.store.engine import Store, is_away
from wa_integrasi.store.tables import complaint_queue

log = logging.getLogger(__name__)

_PAUSE = timedelta(hours=1)
"""Until a complaint is looked at again whose row spoils the work on it."""

_COLUMNS = tuple(
    complaint_queue.c[name]
    for name in ("id", "account", "chat", "complainant", "text", "created_at", "responded_at", "escalated")
)


@dataclass(slots=True)
class Escalated:
    """What became of the complaints that were due, fit for Prefect."""

    told: list[str]
    """Tickets of those that people on duty were told of."""
    answered: list[str]
    """Tickets of those that a person had answered."""
    quiet: int = 0
    """How many wait for the end of the quiet hours."""
    untold: int = 0
    """How many nobody could be told of: they stay due."""


class Escalator:
    """Tells of the unanswered complaints of one store. Several processes may do so at once."""

    def __init__(self, store: Store, zone: str, group_ids: Mapping[str, str], clock: Clock = utc_now) -> None:
        """`zone` is the business zone, `group_ids` is `Settings.group_ids`."""
        self._store = store
        self._outbox = Outbox(store, clock=clock)
        self._zone = zone
        self._group_ids = group_ids
        self._clock = clock

    def work(self, limit: int = 200) -> Escalated:
        """Look at up to `limit` complaints that are due; each is a commit of its own, and holds up no other."""
        done = Escalated([], [])
        now, c = self._clock(), complaint_queue.c
        due = select(c.id).where(c.escalate_at <= now).order_by(c.escalate_at, c.id).limit(limit)
        with self._store.reading() as connection:
            ids = connection.execute(due).scalars().all()
        if not ids:
            return done
        catalog = load_catalog(self._store)
        try:
            people = on_duty(catalog, self._group_ids)
        except GroupUnresolvedError as error:
            log.error("nobody on duty is told of complaints: %s", error)  # noqa: TRY400 - it says it all
            people = []
        if not people:
            log.error("%s complaints are due to be told of, and nobody is on duty for them", len(ids))
        for complaint_id in ids:
            try:
                self._one(complaint_id, catalog, people, done)
            except Exception as error:
                if is_away(error):
                    raise
                log.error("complaint %s is not escalated: %s", complaint_id, type(error).__name__)  # noqa: TRY400 - no values in logs
                done.untold += 1
                with self._store.writing() as connection:
                    _change(connection, complaint_id, escalate_at=now + _PAUSE)
        return done

    def _one(self, complaint_id: int, catalog: Catalog, people: Sequence[Addressee], done: Escalated) -> None:
        now, c = self._clock(), complaint_queue.c
        policy = catalog.intake.complaints
        still_due = select(*_COLUMNS).where(c.id == complaint_id, c.escalate_at <= now)
        with self._store.writing() as connection:
            row = connection.execute(still_due.with_for_update(skip_locked=True)).first()
            if row is None:
                return
            ticket = ticket_of(row.id, row.created_at)
            if at := self._answered(connection, row, catalog):
                mark_answered(connection, row.id, at, "chat")
                done.answered.append(ticket)
                return
            ends = quiet_until(policy.quiet, now, self._zone)
            if ends and not _is_urgent(str(row.text or ""), catalog):
                _change(connection, row.id, escalate_at=ends)
                done.quiet += 1
                return
            level = _level(policy.escalate_minutes, row, now)
            if level is None:
                _change(connection, row.id, escalate_at=None)
                return
            messages = compose_all(self._store, self._messages(row, ticket, level, catalog, people)).messages
            if not messages:
                done.untold += 1
                return
            self._outbox.enqueue(messages, connection)
            _change(connection, row.id, escalated=level, escalate_at=_next(policy.escalate_minutes, row, level))
            done.told.append(ticket)

    def _answered(self, connection: Connection, row: Row[Any], catalog: Catalog) -> datetime | None:
        ours = [address for contact in catalog.contacts.values() for address in contact.addresses]
        return answered_at(connection, row.account, row.chat, row.responded_at, _sender(row), ours)

    def _messages(
        self, row: Row[Any], ticket: str, level: int, catalog: Catalog, people: Sequence[Addressee]
    ) -> list[NewMessage]:
        sender = _sender(row)
        contact = contact_of(catalog, [sender])
        unanswered = Unanswered(
            ticket=ticket,
            waited=self._clock() - row.created_at,
            text=str(row.text or ""),
            sender=sender,
            name=contact.display_name if contact else "",
            chat=row.chat,
        )
        return [
            NewMessage(
                person.recipient,
                unanswered_notice(person.language, unanswered),
                dedupe_key=f"complaint/{row.id}/level/{level}/{person.recipient.chat}",
                account=catalog.intake.duty_account,
                priority=Priority.REPLY,
            )
            for person in people
        ]


def _is_urgent(text: str, catalog: Catalog) -> bool:
    return Rules(catalog.intake.words.words).judge(text).urgency.rank >= URGENT.rank


def _sender(row: Row[Any]) -> str:
    """Who complains, as `Recipient.chat`: another program writes numbers as people do."""
    try:
        return Recipient.parse(row.complainant).chat
    except RecipientError:
        return str(row.chat)


def _level(minutes: Sequence[int], row: Row[Any], now: datetime) -> int | None:
    """The level to tell of now: the highest whose time has come, one more at least; None where there is none."""
    since = waits_since(row.created_at, row.responded_at)
    reached = sum(since + timedelta(minutes=each) <= now for each in minutes)
    level: int = max(reached, row.escalated + 1)
    return level if level <= len(minutes) else None


def _next(minutes: Sequence[int], row: Row[Any], level: int) -> datetime | None:
    """When the level behind `level` is due."""
    if level >= len(minutes):
        return None
    return waits_since(row.created_at, row.responded_at) + timedelta(minutes=minutes[level])


def _change(connection: Connection, complaint_id: int, **values: Any) -> None:
    connection.execute(update(complaint_queue).where(complaint_queue.c.id == complaint_id).values(**values))
