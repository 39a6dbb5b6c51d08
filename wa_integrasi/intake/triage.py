"""Conversations are classified, and people on duty are told at once of what is urgent."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, case, select, update

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import GroupUnresolvedError
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.intake.asking import contact_of
from wa_integrasi.intake.classification import Classification, Urgency
from wa_integrasi.intake.classifying import Classifier
from wa_integrasi.intake.replies import Urgent, urgent_notice
from wa_integrasi.message import Priority
from wa_integrasi.notices import URGENT as URGENT_KEY
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.privacy.names import Names
from wa_integrasi.reporting import addressees
from wa_integrasi.store.engine import Store, is_away
from wa_integrasi.store.tables import conversations, inbound_messages

LEASE = timedelta(seconds=60)
"""How long a conversation belongs to who classifies it; longer than an AI is waited for."""

URGENT = Urgency.HIGH
"""From here on people are told."""

FRESH = timedelta(hours=1)
"""What was judged and written longer before the newest message is over; what is still urgent then is told again."""

_NEWEST = 200
_LONGEST = 262_144
"""Characters of a conversation that are read at most."""

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=10)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation that was taken to be classified."""

    id: int
    account: str
    chat: str
    messages: int
    """How many it had when it was taken."""
    attempts: int
    lease: str
    urgency: Urgency | None
    """What was found the last time."""
    urgent_at: datetime | None
    """When people were last told."""
    texts: Sequence[str] = field(repr=False)
    """The newest ones, the oldest first."""
    addresses: Sequence[str] = field(repr=False)
    """Every name of its sender, their number first where it is known."""
    name: str | None = field(repr=False)
    """What they call themselves."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An urgent conversation, as Prefect may know it: nothing of it says who wrote or what."""

    id: int
    account: str
    intent: str
    urgency: str
    by: str
    since: datetime


class Triage:
    """Classifies the conversations of one store. Several processes may do so at once."""

    def __init__(
        self, store: Store, outbox: Outbox, group_ids: Mapping[str, str] | None = None, clock: Clock = utc_now
    ) -> None:
        """`group_ids` is `Settings.group_ids`."""
        self._store = store
        self._outbox = outbox
        self._group_ids = group_ids or {}
        self._clock = clock
        self._catalog: Catalog | None = None

    def catalog(self) -> Catalog:
        """The catalog in force, which names the AI and the duty group; the last one while nobody can read it.

        Raises `ValidationError` where there was none: nobody knows then who is on duty.
        """
        try:
            self._catalog = load_catalog(self._store)
        except ValidationError as error:
            if self._catalog is None:
                raise
            log.error("the catalog in the store cannot be read: %s problems", error.error_count())  # noqa: TRY400
        return self._catalog

    def take(self, limit: int = 10) -> list[Talk]:
        """Take up to `limit` conversations that are due; those of a taker that died come back when its lease ends."""
        now, lease = self._clock(), secrets.token_hex(8)
        c = conversations.c
        due = select(c.id).where(c.due_at <= now).order_by(c.due_at, c.id).limit(limit)
        with self._store.writing() as connection:
            ids = connection.execute(due.with_for_update(skip_locked=True)).scalars().all()
            if not ids:
                return []
            taken = update(conversations).where(c.id.in_(ids))
            values = {"due_at": now + LEASE, "lease": lease, "attempts": c.attempts + 1}
            returned = (c.id, c.account, c.chat, c.sender, c.messages, c.attempts, c.urgency, c.urgent_at)
            unread = (c.messages - c.judged).label("unread")
            rows = connection.execute(taken.values(values).returning(*returned, c.last_at, unread)).all()
            return [
                Talk(
                    *(row.id, row.account, row.chat, row.messages, row.attempts, lease),
                    urgency=Urgency(row.urgency) if row.urgency else None,
                    urgent_at=row.urgent_at,
                    texts=_texts(connection, row.id, row.unread, row.last_at - FRESH),
                    **_writer(connection, row.id, row.sender),
                )
                for row in sorted(rows, key=lambda row: row.id)
            ]

    async def classify(self, talks: Sequence[Talk], classifier: Classifier, catalog: Catalog) -> None:
        """Classify conversations that were taken, and write down what was found. One that fails waits.

        All at once: a slow AI would keep the last one waiting past its lease.
        """
        contacts = [contact.display_name for contact in catalog.contacts.values()]

        async def one(talk: Talk) -> None:
            names = Names([*contacts, *([talk.name] if talk.name else [])])
            try:
                found = await classifier.classify(talk.texts, names)
                await asyncio.to_thread(self.settle, talk, found, catalog)
            except Exception as error:
                log.error("conversation %s is not classified: %s", talk.id, type(error).__name__)  # noqa: TRY400 - no values in logs
                if not is_away(error):  # else its lease ends by itself
                    await asyncio.to_thread(self.put_off, talk)

        await asyncio.gather(*map(one, talks))

    def settle(self, talk: Talk, found: Classification, catalog: Catalog) -> bool:
        """Write down what was found and tell people on duty, in one commit; False when the talk is not ours any more.

        Where more was written meanwhile, it is due again.
        """
        now = self._clock()
        c = conversations.c
        raised = found.urgency.rank >= URGENT.rank and (
            talk.urgency is None
            or found.urgency.rank > talk.urgency.rank
            or talk.urgent_at is None
            or talk.urgent_at <= now - FRESH
        )
        values = {
            "intent": found.intent,
            "urgency": found.urgency,
            "judged": talk.messages,
            "summary": found.summary,
            "classified_by": found.by,
            "reason": found.reason,
            "lease": None,
            "attempts": 0,
            "due_at": case((c.messages > talk.messages, now)),
            **({"urgent_at": now, "told_at": None} if raised else {}),
        }
        ours = (c.id == talk.id) & (c.lease == talk.lease)
        with self._store.writing() as connection:
            if connection.execute(update(conversations).where(ours).values(values)).rowcount == 0:
                return False
            if raised:
                self._outbox.enqueue(self._notices(talk, found, catalog, now), connection)
        return True

    def put_off(self, talk: Talk) -> None:
        """Let a conversation wait that could not be classified, longer each time."""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(talk.attempts, 10))
        c = conversations.c
        ours = (c.id == talk.id) & (c.lease == talk.lease)
        with self._store.writing() as connection:
            connection.execute(update(conversations).where(ours).values(due_at=self._clock() + pause, lease=None))

    def alarms(self, limit: int = 100) -> list[Alarm]:
        """Urgent conversations that Prefect was not told of."""
        c = conversations.c
        untold = c.urgent_at.is_not(None) & c.told_at.is_(None)
        columns = (c.id, c.account, c.intent, c.urgency, c.classified_by, c.urgent_at)
        with self._store.reading() as connection:
            rows = connection.execute(select(*columns).where(untold).order_by(c.id).limit(limit)).tuples()
            return [Alarm(*row) for row in rows]

    def told(self, alarms: Sequence[Alarm]) -> None:
        """Prefect has been told of these; one that has become worse since is told of anew."""
        c = conversations.c
        for alarm in alarms:  # each in a commit of its own: routing locks conversations in another order
            same = (c.id == alarm.id) & (c.urgent_at == alarm.since)
            with self._store.writing() as connection:
                connection.execute(update(conversations).where(same).values(told_at=self._clock()))

    def due_in(self) -> timedelta | None:
        """How long until a conversation is due; None when none waits."""
        c = conversations.c
        first = select(c.due_at).where(c.due_at.is_not(None)).order_by(c.due_at).limit(1)
        with self._store.reading() as connection:
            due = connection.execute(first).scalar()
        return max(timedelta(), due - self._clock()) if due else None

    def _notices(self, talk: Talk, found: Classification, catalog: Catalog, now: datetime) -> list[NewMessage]:
        """One for each person and urgency in an hour of the clock: who writes of fire and rain by turns is no flood."""
        policy = catalog.intake
        if policy.duty_group is None:
            log.warning("conversation %s is %s, and no duty group is named in the catalog", talk.id, found.urgency)
            return []
        try:
            people = addressees(catalog, [policy.duty_group], self._group_ids)
        except GroupUnresolvedError as error:
            log.error("nobody on duty is told of conversation %s: %s", talk.id, error)  # noqa: TRY400 - it says it all
            return []
        known = contact_of(catalog, talk.addresses)
        contact = known.display_name if known else None
        urgent = Urgent(found, sender=talk.addresses[0], contact=contact, name=talk.name, chat=talk.chat)
        return [
            NewMessage(
                person.recipient,
                urgent_notice(person.language, urgent),
                dedupe_key=f"{URGENT_KEY}{talk.id}/{found.urgency}/{now:%Y%m%d%H}/{person.recipient.chat}",
                account=policy.duty_account,
                priority=Priority.REPLY,
            )
            for person in people
        ]


def _texts(connection: Connection, conversation_id: int, unread: int, after: datetime) -> list[str]:
    """Those that nobody has judged, and those written `after` a moment, in the order of their times."""
    c = inbound_messages.c
    theirs = select(c.text, c.at, c.received_at, c.id).where(c.conversation_id == conversation_id)
    newest = connection.execute(theirs.order_by(c.id.desc()).limit(_NEWEST)).tuples()
    found: list[tuple[datetime, datetime, int, str]] = []
    left = _LONGEST
    for place, (text, at, received_at, row_id) in enumerate(newest):
        if not text or (place >= unread and at <= after):
            continue
        left -= len(text)
        if found and left < 0:
            break
        found.append((at, received_at, row_id, text))
    return [text for *_, text in sorted(found)]


def _writer(connection: Connection, conversation_id: int, sender: str) -> dict[str, Any]:
    """Addresses and name of who writes, as their newest message has them."""
    c = inbound_messages.c
    named = select(c.sender_phone, c.sender_user_id, c.sender_lid, c.sender_name)
    theirs = named.where(c.conversation_id == conversation_id).order_by(c.at.desc(), c.id.desc()).limit(1)
    phone, user_id, lid, name = connection.execute(theirs).tuples().first() or (None, None, None, None)
    found = (phone, sender, user_id, lid)
    return {"addresses": tuple(dict.fromkeys(address for address in found if address)), "name": name}
