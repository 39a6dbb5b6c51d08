"""Where each message goes: the command queue, the complaint queue, a conversation, or nowhere. Needs the store only.

All that a message leads to is one commit, so it is routed once, wherever a process dies.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import Connection

from wa_integrasi.catalog.kept import KeptCatalog
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.commands import CommandQueue, NewCommand
from wa_integrasi.complaints import Complaint, file_complaint, read_complaint
from wa_integrasi.inbox import consent_of, note_contacts
from wa_integrasi.intake.asking import Asked, asked_of, contact_of
from wa_integrasi.intake.conversations import place
from wa_integrasi.intake.hearing import Dangers, Hearing
from wa_integrasi.intake.incoming import Incoming, Person, finish, put_off, take, waiting
from wa_integrasi.intake.learning import learn
from wa_integrasi.intake.media import NewMedia, note_media
from wa_integrasi.intake.replies import too_much
from wa_integrasi.intake.senders import blocked_of, keep_standings, lock_standings
from wa_integrasi.intake.stopping import consents_elsewhere, goodbyes
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.spam import Standing
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store, is_away

_UNHEARD = 1_000
"""Messages that are not heard, ended with one batch beyond those in it."""

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=1)

_SAID = frozenset(
    {"text", "image", "document", "audio", "video", "sticker", "location", "contacts", "interactive", "button"}
)
"""Kinds that want an answer; the others are kept and nothing else."""

log = logging.getLogger(__name__)


class Route(StrEnum):
    """Where a message went."""

    COMMAND = "command"
    COMPLAINT = "complaint"
    CONVERSATION = "conversation"
    NOTED = "noted"
    """Kept, and nothing else: most reactions, a word of consent, what people in a group say to each other."""
    SPAM = "spam"
    BLOCKED = "blocked"


Asks = Callable[[Asked, Catalog], bool]
"""Says whether a message is a command."""


def no_commands(_: Asked, __: Catalog) -> bool:
    """Where nobody answers commands."""
    return False


@dataclass(frozen=True, slots=True)
class _Taken:
    """Messages that nobody else routes until the commit, and what waits behind them: the rows of each person."""

    messages: Sequence[Incoming] = ()
    standings: dict[Person, Standing] = field(default_factory=dict)
    """Of everybody who wrote them, and perhaps of others."""
    behind: Mapping[Person, Sequence[int]] = field(default_factory=dict)


@dataclass(slots=True)
class _Sorted:
    """Messages of one transaction by what is to be done with them."""

    routes: dict[int, Route] = field(default_factory=dict)
    commands: list[NewCommand] = field(default_factory=list)
    complaints: list[tuple[Incoming, Complaint]] = field(default_factory=list)
    talks: list[Incoming] = field(default_factory=list)
    stops: list[Incoming] = field(default_factory=list)
    """Words of refusal; they count whoever writes too much, so their writer is told so."""
    returns: list[Incoming] = field(default_factory=list)
    """Words of consent of those who write too much: they get messages again, but no answers yet."""
    warnings: list[Incoming] = field(default_factory=list)
    heard: list[Incoming] = field(default_factory=list)
    unheard: list[Incoming] = field(default_factory=list)
    """What else waited of those who are not heard."""


class Router:
    """Routes the stored messages of one store. Several processes may do so at once."""

    def __init__(self, store: Store, outbox: Outbox, asks: Asks, clock: Clock = utc_now) -> None:
        self._store = store
        self._outbox = outbox
        self._commands = CommandQueue(store, clock)
        self._asks = asks
        self._clock = clock
        self._catalog = KeptCatalog(store, clock)
        self._dangers = Dangers()

    def work(self, limit: int = 200) -> Counter[Route]:
        """Route up to `limit` messages, and say how many went where.

        One that cannot be routed waits longer and longer, and holds up no other. Raises when the store is away.
        """
        catalog = self._catalog.current()
        try:
            return self._routed(lambda connection: self._taken(connection, limit), catalog)
        except Exception as error:
            if is_away(error):
                raise
            log.warning("messages are routed one by one: %s", type(error).__name__)
        with self._store.reading() as connection:
            chosen = waiting(connection, self._clock())[:limit]
        done: Counter[Route] = Counter()
        for message_id, person in chosen:
            done += self._routed_alone(message_id, person, catalog)
        return done

    def _taken(self, connection: Connection, limit: int) -> _Taken:
        """Take messages of people whose messages nobody else routes now, so that each person's order holds."""
        listed = waiting(connection, self._clock())
        for start in range(0, len(listed), limit):
            chosen = listed[start : start + limit]
            standings = lock_standings(connection, {person for _, person in chosen})
            mine = [message_id for message_id, person in chosen if person in standings]
            if mine and (messages := take(connection, mine)):
                behind: dict[Person, list[int]] = {}
                for message_id, person in listed[start + limit :]:
                    if person in standings:
                        behind.setdefault(person, []).append(message_id)
                return _Taken(messages, standings, behind)
        return _Taken()

    def _routed_alone(self, message_id: int, person: Person, catalog: Catalog) -> Counter[Route]:
        attempts: list[int] = []

        def one(connection: Connection) -> _Taken:
            standings = lock_standings(connection, [person])
            messages = take(connection, [message_id]) if standings else []
            attempts.extend(message.attempts for message in messages)
            return _Taken(messages, standings)

        try:
            return self._routed(one, catalog)
        except Exception as error:
            if is_away(error):
                raise
            due_at = self._clock() + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(sum(attempts), 12))
            log.error("message %s is not routed: %s", message_id, type(error).__name__)  # noqa: TRY400 - no values in logs
            with self._store.writing() as connection:
                put_off(connection, message_id, due_at, type(error).__name__)
            return Counter()

    def _routed(self, take: Callable[[Connection], _Taken], catalog: Catalog) -> Counter[Route]:
        with self._store.writing() as connection:
            taken = take(connection)
            if not taken.messages:
                return Counter()
            messages, said = learn(connection, taken.messages, catalog, self._clock())
            taken = replace(taken, messages=messages)
            found = self._sorted(connection, taken, catalog)
            # Conversations before chats, as they are locked by whoever classifies them.
            talks = place(connection, found.talks, timedelta(minutes=catalog.intake.quiet_minutes), self._clock())
            note_contacts(connection, [], [*said, *consents_elsewhere(messages, catalog)])
            self._act(connection, found, catalog)
            finish(connection, [(m, found.routes[m.id], talks.get(m.id)) for m in [*messages, *found.unheard]])
            if found.heard:
                self._store.wake(connection)
        return Counter(found.routes.values())

    def _sorted(self, connection: Connection, taken: _Taken, catalog: Catalog) -> _Sorted:
        messages = taken.messages
        blocked = blocked_of(connection, messages)
        hearing = Hearing(taken.standings, catalog, self._dangers)
        found = _Sorted(warnings=hearing.warned)
        asking = set[Person]()
        for asked in asked_of(connection, sorted(messages, key=lambda message: message.turn), catalog):
            message = asked.message
            if message.id in blocked:
                found.routes[message.id] = Route.BLOCKED
            elif not hearing.hears(message):
                found.routes[message.id] = Route.SPAM
                consent = consent_of(message.kind, message.group_id, message.text or "")
                if consent is False:
                    found.stops.append(message)
                elif consent and message not in hearing.warned:
                    found.returns.append(message)
                if hearing.hears_all_the_same(message):
                    found.routes[message.id] = Route.CONVERSATION
                    found.heard.append(message)
                    found.talks.append(message)
            else:
                found.heard.append(message)
                if message.person in asking:
                    asked = replace(asked, expected=True)
                found.routes[message.id] = self._route(asked, catalog, found)
                if found.routes[message.id] is Route.COMMAND:
                    asking.add(message.person)
        spammers = {message.person for message in messages if found.routes[message.id] is Route.SPAM}
        if behind := [message_id for person in spammers for message_id in taken.behind.get(person, ())]:
            found.unheard = hearing.unheard(connection, sorted(behind)[:_UNHEARD])
            found.routes |= dict.fromkeys((message.id for message in found.unheard), Route.SPAM)
        keep_standings(connection, taken.standings)
        return found

    def _route(self, asked: Asked, catalog: Catalog, found: _Sorted) -> Route:
        message = asked.message
        text = message.text or ""
        if message.kind not in _SAID:
            return self._reacted(asked, catalog, found)
        if consent_of(message.kind, message.group_id, text) is False:
            found.stops.append(message)
            return Route.NOTED
        if complaint := read_complaint(text):
            found.complaints.append((message, complaint))
            if self._dangers.found_in(message, catalog):
                found.talks.append(message)
            return Route.COMPLAINT
        if self._asks(asked, catalog):
            found.commands.append(_command(message))
            if self._dangers.found_in_command(message, catalog):
                found.talks.append(message)
            return Route.COMMAND
        if message.group_id is not None and not (asked.quotes_us or message.mentions_us):
            return Route.NOTED
        found.talks.append(message)
        return Route.CONVERSATION

    def _reacted(self, asked: Asked, catalog: Catalog, found: _Sorted) -> Route:
        """A thumbs-up on an alarm says what `ok` says."""
        if asked.message.kind != "reaction" or not self._asks(asked, catalog):
            return Route.NOTED
        # Nobody quotes a reaction.
        found.commands.append(replace(_command(asked.message), text=asked.message.said, quote_id=None))
        return Route.COMMAND

    def _act(self, connection: Connection, found: _Sorted, catalog: Catalog) -> None:
        note_media(connection, [file for message in found.heard for file in _files(message)], self._clock())
        self._commands.ask(found.commands, connection)
        for message, complaint in found.complaints:
            file_complaint(
                connection,
                complaint,
                complainant=message.sender,
                now=self._clock(),
                account=message.account,
                chat=message.chat,
                message_id=message.id,
            )
        warned = [message for message in found.warnings if message not in found.stops]
        warnings = [self._warning(message, catalog, f"spam/{message.id}") for message in warned]
        for message in found.returns:  # once a day, or they would be answered as often as they write
            key = f"spam/{message.account}/{message.chat}/{message.at:%Y-%m-%d}"
            warnings.append(self._warning(message, catalog, key))
        self._outbox.enqueue([*warnings, *goodbyes(connection, found.stops, catalog)], connection)

    def _warning(self, message: Incoming, catalog: Catalog, key: str) -> NewMessage:
        contact = contact_of(catalog, message.addresses)
        return NewMessage(
            Recipient.of_chat(message.chat),
            too_much(contact.language if contact else "id", catalog.intake.spam.rules.cooldown),
            dedupe_key=key,
            account=message.account,
            priority=Priority.REPLY,
            reply_to=(message.quote_id or message.message_id) if message.group_id else None,
        )


def _files(message: Incoming) -> Iterator[NewMedia]:
    for position, source in enumerate(message.files):
        yield NewMedia(
            message.id, position, message.provider, message.account, message.kind, source, message.received_at
        )


def _command(message: Incoming) -> NewCommand:
    tap = message.tap
    return NewCommand(
        account=message.account,
        chat=message.chat,
        text=tap.typed if tap else message.text,
        sender=message.sender,
        message_id=message.id,
        quote_id=message.quote_id or message.message_id,
    )
