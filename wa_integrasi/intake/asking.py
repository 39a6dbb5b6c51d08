"""Which messages are commands: what is a phrase of the catalog, or goes on with what the bot was asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, tuple_

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import Contact, GroupUnresolvedError
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.commands.grammar import NotForUs, Phrasebook, Unknown, read
from wa_integrasi.commands.permission import Allowed, may_run
from wa_integrasi.complaints import is_heading
from wa_integrasi.intake.incoming import Incoming, Person, ours_among
from wa_integrasi.store.bulk import bulk
from wa_integrasi.store.tables import commands
from wa_integrasi.subscriptions import answers_alarm, is_acknowledgement

_STILL_ASKING = timedelta(minutes=1)
"""So long after a command its sender's next message is one too, if it has no answer yet: people type ahead."""

_IN_DIALOG = bulk(
    "SELECT d.account, d.chat, d.sender FROM {x} JOIN dialogs d "
    "ON d.account = x.account AND d.chat = x.chat AND d.sender = x.sender WHERE d.until > :now",
    account="text",
    chat="text",
    sender="text",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A message as the commands see it."""

    message: Incoming
    quotes_us: bool
    """Whether it answers a message of ours: in a group it is meant for us then."""
    expected: bool = False
    """Whether the bot has asked its sender something, or they have asked something that has no answer yet."""
    of_alarm: bool = False
    """Whether it says that its writer knows of a limit that is passed, by words or by what it quotes."""


def asked_of(connection: Connection, messages: Sequence[Incoming], catalog: Catalog) -> list[Asked]:
    """Messages with what the store knows of them."""
    ours = ours_among(connection, messages)
    expected = _expected(connection, messages)
    answers = {m.id: _as_answers(m, catalog) for m in messages if m.group_id is None}
    alarms = answers_alarm(connection, {each for said in answers.values() for each in said})
    known = {message_id for message_id, said in answers.items() if not alarms.isdisjoint(said)}
    return [
        Asked(m, (m.account, m.quoted_id) in ours, expected=m.person in expected, of_alarm=m.id in known)
        for m in messages
    ]


def _as_answers(message: Incoming, catalog: Catalog) -> list[tuple[str, str, str | None, str]]:
    """A message as an answer to an alarm, in its chat; `ok` also in those that its writer has under other names."""
    text = message.text or ""
    contact = contact_of(catalog, message.addresses) if is_acknowledgement(text) else None
    chats = dict.fromkeys((message.chat, *(contact.addresses if contact else ())))
    return [(message.account, chat, message.quoted_id, text) for chat in chats]


class CommandReader:
    """Says of each message whether it is a command. It keeps the book of the catalog that it was last given."""

    def __init__(self, zone: str, group_ids: Mapping[str, str] | None = None, clock: Clock = utc_now) -> None:
        """`zone` is the business zone, `group_ids` is `Settings.group_ids`."""
        self._zone = zone
        self._group_ids = group_ids or {}
        self._clock = clock
        self._known: tuple[Catalog, Phrasebook] | None = None

    def __call__(self, asked: Asked, catalog: Catalog) -> bool:
        """Whether the commands answer this message.

        What only resembles a phrase is one if it was typed by somebody who may run something: others mean no command.
        """
        message, text = asked.message, asked.message.text or ""
        if message.tap is not None:
            return True
        if message.kind == "reaction":
            return asked.of_alarm and is_acknowledgement(message.said)
        in_group = message.group_id is not None
        person = contact_of(catalog, message.addresses)
        roles = person.roles if person else ()
        group = group_of(catalog, message.group_id, self._group_ids)
        reading = read(
            text,
            self._book(catalog),
            now=self._clock(),
            in_group=in_group,
            mentioned=message.mentions_us,
            quoting_bot=asked.quotes_us,
            language=person.language if person else "id",
            shown=lambda trigger: isinstance(may_run(trigger, roles, group), Allowed),
        )
        match reading:
            case NotForUs():
                return False
            case Unknown(suggestions):
                resembles = bool(suggestions) and bool(roles) and not is_heading(text)
                return asked.expected or asked.of_alarm or resembles
            case _:
                return True

    def _book(self, catalog: Catalog) -> Phrasebook:
        if self._known is None or self._known[0] is not catalog:
            self._known = catalog, Phrasebook.of(catalog.triggers, zone=self._zone)
        return self._known[1]


def contact_of(catalog: Catalog, addresses: Collection[str]) -> Contact | None:
    """The contact of the catalog that somebody is, by any of their addresses.

    An id counts before a number: numbers pass from one person to another.
    """
    for known in (catalog.owners, catalog.holders):
        if names := {known[each] for each in addresses if each in known}:
            return catalog.contacts[min(names)]
    return None


def group_of(catalog: Catalog, chat: str | None, group_ids: Mapping[str, str]) -> str | None:
    """What the catalog calls a group chat; its id where it has no name for it, None for a person's own chat."""
    if chat is None:
        return None
    for name, group in catalog.groups.items():
        try:
            if group.chat(name, group_ids) == chat:
                return name
        except GroupUnresolvedError:
            continue
    return chat


def _expected(connection: Connection, messages: Sequence[Incoming]) -> set[Person]:
    """Whose next message goes on with a command."""
    people = sorted({message.person for message in messages})
    if not people:
        return set()
    now = max(message.received_at for message in messages)
    rows = [dict(zip(("account", "chat", "sender"), person, strict=True)) for person in people]
    return set(_IN_DIALOG(connection, rows, now=now).tuples()) | _unanswered(connection, people, now)


def _unanswered(connection: Connection, people: Sequence[Person], now: datetime) -> set[Person]:
    key = (commands.c.account, commands.c.chat, commands.c.sender)
    open_ones = select(*key).where(commands.c.due_at.is_not(None), commands.c.created_at > now - _STILL_ASKING)
    return set(connection.execute(open_ones.where(tuple_(*key).in_(people))).tuples())
