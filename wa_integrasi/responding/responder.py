"""Complaints acknowledged: taken, addressed, answered. The answer and the end of the row are one commit."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.complaints import TRIES, ComplaintQueue, State, Taken, ticket_of
from wa_integrasi.composing import compose_all, text_limit
from wa_integrasi.content import Text
from wa_integrasi.intake.asking import contact_of
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient, RecipientError
from wa_integrasi.responding.acknowledging import Facts, acknowledge
from wa_integrasi.responding.duty import waits_since
from wa_integrasi.store.engine import Store, again_after_deadlock, is_away
from wa_integrasi.store.tables import inbound_messages
from wa_integrasi.text.split import split

_AT_ONCE = 20
_LONGEST_NAME = 60
_NAMES = ("nama", "name")

log = logging.getLogger(__name__)


class UnanswerableError(ValueError):
    """A complaint that cannot be answered as it is. Its text has no number and no word of anybody."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a complaint in one run, fit for Prefect."""

    ticket: str
    state: State
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Writer:
    """Who complains, as the message says that the complaint came by."""

    addresses: tuple[str, ...]
    name: str = ""
    quote_id: str | None = None


class Responder:
    """Acknowledges the complaints of one store. Several processes may do so at once."""

    def __init__(self, store: Store, zone: str, clock: Clock = utc_now) -> None:
        """`zone` is the business zone."""
        self.store = store
        self.queue = ComplaintQueue(store, clock)
        self.outbox = Outbox(store, clock=clock)
        self._zone = zone
        self._clock = clock

    def work(self, limit: int = 200, flow_run_id: str | None = None) -> Iterator[Handled]:
        """Acknowledge up to `limit` pending complaints, the oldest first, and tell of each what became of it.

        A bad row is set aside; one that fails for another reason waits and holds up no other. Raises when the store
        is away.
        """
        catalog = load_catalog(self.store)
        while limit > 0 and (batch := self.queue.take(min(limit, _AT_ONCE))):
            limit -= len(batch)
            for taken in batch:
                if handled := self.handle(taken, catalog, flow_run_id):
                    yield handled

    def handle(self, taken: Taken, catalog: Catalog, flow_run_id: str | None = None) -> Handled | None:
        """Acknowledge one complaint, or set it aside; None where it is somebody else's by now."""
        ticket = ticket_of(taken.id, taken.created_at)
        if taken.attempts > TRIES:
            return self._set_aside(taken, ticket, f"it was tried {TRIES} times, and whoever did so died")
        try:
            note = self._respond(taken, ticket, catalog, flow_run_id)
        except UnanswerableError as error:
            return self._set_aside(taken, ticket, str(error))
        except Exception as error:
            if is_away(error):
                raise
            return self._failed(taken, ticket, type(error).__name__)
        return None if note is None else Handled(ticket, State.RESPONDED, note or None)

    def _failed(self, taken: Taken, ticket: str, error: str) -> Handled | None:
        log.error("complaint %s is not answered: %s", ticket, error)
        if taken.attempts >= TRIES:
            return self._set_aside(taken, ticket, f"it failed {TRIES} times: {error}")
        return Handled(ticket, State.PENDING, error) if self.queue.put_off(taken, error) else None

    def _set_aside(self, taken: Taken, ticket: str, reason: str) -> Handled | None:
        return Handled(ticket, State.ASIDE, reason) if self.queue.set_aside(taken, reason) else None

    def _respond(self, taken: Taken, ticket: str, catalog: Catalog, flow_run_id: str | None) -> str | None:
        """Enqueue the acknowledgement and end the row; returns what is to be noted, None where it is not ours."""
        to = _recipient(taken)
        writer = self._writer(taken, to)
        said = acknowledge(taken.response_template, self._facts(taken, ticket, catalog, writer), catalog)
        composed = compose_all(self.store, list(self._parts(taken, to, said.text, writer.quote_id, flow_run_id)))
        if composed.refused:
            raise UnanswerableError(f"the channel does not take the answer: {composed.refused[0].reason}")
        escalate_at = self._escalate_at(taken, catalog)

        def once() -> bool:
            with self.store.writing() as connection:
                if self.queue.respond(taken, connection, chat=to.chat, escalate_at=escalate_at, note=said.note):
                    self.outbox.enqueue(composed.messages, connection)
                    return True
                return False

        return (said.note or "") if again_after_deadlock(once) else None

    def _facts(self, taken: Taken, ticket: str, catalog: Catalog, writer: _Writer) -> Facts:
        contact = contact_of(catalog, writer.addresses)
        written = next((taken.fields[name] for name in _NAMES if name in taken.fields), "")
        return Facts(
            ticket=ticket,
            created_at=taken.created_at,
            now=self._clock(),
            language=contact.language if contact else "id",
            zone=self._zone,
            name=contact.display_name if contact else " ".join((written or writer.name).split())[:_LONGEST_NAME],
            salutation=contact.salutation if contact else "",
            text=taken.text if isinstance(taken.text, str) else "",
            fields=taken.fields,
        )

    def _parts(
        self, taken: Taken, to: Recipient, text: str, quote_id: str | None, flow_run_id: str | None
    ) -> Iterator[NewMessage]:
        """The acknowledgement, in parts where it is longer than the channel's limit; the first quotes the complaint."""
        texts = split(text, text_limit(self.store, taken.account))
        for number, part in enumerate(texts, 1):
            yield NewMessage(
                to,
                Text(body=part),
                dedupe_key=f"complaint/{taken.id}/{number}",
                account=taken.account,
                priority=Priority.REPLY,
                part=number,
                parts=len(texts),
                flow_run_id=flow_run_id,
                reply_to=quote_id if number == 1 else None,
            )

    def _writer(self, taken: Taken, to: Recipient) -> _Writer:
        if taken.message_id is None:
            return _Writer((to.chat,))
        c = inbound_messages.c
        found = select(
            c.message_id, c.quote_id, c.sender, c.sender_phone, c.sender_user_id, c.sender_lid, c.sender_name
        )
        with self.store.reading() as connection:
            row = connection.execute(found.where(c.id == taken.message_id)).first()
        if row is None:
            return _Writer((to.chat,))
        known = (row.sender, row.sender_phone, row.sender_user_id, row.sender_lid)
        addresses = tuple(dict.fromkeys(address for address in known if address))
        return _Writer(addresses, row.sender_name or "", row.quote_id or row.message_id)

    def _escalate_at(self, taken: Taken, catalog: Catalog) -> datetime | None:
        minutes = catalog.intake.complaints.escalate_minutes
        if not minutes:
            return None
        return waits_since(taken.created_at, self._clock()) + timedelta(minutes=minutes[0])


def _recipient(taken: Taken) -> Recipient:
    """The chat that gets the answer. Raises `UnanswerableError`."""
    if not isinstance(taken.account, str) or not taken.account:
        raise UnanswerableError("account: must be the name of an account")
    name, value = ("chat", taken.chat) if taken.chat else ("complainant", taken.complainant)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    try:
        return Recipient.parse(str(value))
    except RecipientError as error:
        raise UnanswerableError(f"{name}: {error}") from None
