"""Stored messages as routing sees them: taken in their order, locked until their routes are committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, null, select

from wa_integrasi.commands.offering import Tap, tap_of
from wa_integrasi.inbox import Media, Step
from wa_integrasi.store.bulk import bulk
from wa_integrasi.store.tables import inbound_messages, message_events, wa_outbox

Person = tuple[str, str, str]
"""Account, chat and sender: one person in one chat."""

IN_SIGHT = 10_000
"""Waiting messages of which one batch is chosen."""

_A_TURN = 10
"""Messages of one person until it is another's turn."""

_FINISH = bulk(
    "UPDATE inbound_messages SET state = :done, due_at = NULL, route = x.route, conversation_id = x.conversation_id "
    "FROM {x} WHERE inbound_messages.id = x.id",
    id="bigint",
    route="text",
    conversation_id="bigint",
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that somebody wrote, with its row; the fields are those of `wa_integrasi.inbox.InboundMessage`."""

    id: int
    provider: str
    account: str
    message_id: str
    quote_id: str | None
    chat: str
    group_id: str | None
    sender: str
    sender_phone: str | None
    sender_user_id: str | None
    sender_lid: str | None
    kind: str
    text: str | None = field(repr=False)
    media: Sequence[Mapping[str, Any]] | None = field(repr=False)
    context: Mapping[str, Any] | None = field(repr=False)
    details: Mapping[str, Any] | None = field(repr=False)
    at: datetime
    received_at: datetime
    attempts: int

    @property
    def person(self) -> Person:
        """Who wrote it, and where."""
        return self.account, self.chat, self.sender

    @property
    def turn(self) -> tuple[datetime, datetime, int]:
        """Sorts messages as they were written. Channels tell whole seconds; within one, the webhooks' order counts."""
        return self.at, self.received_at, self.id

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every name of the person who wrote it."""
        found = (self.sender, self.sender_phone, self.sender_user_id, self.sender_lid)
        return tuple(dict.fromkeys(address for address in found if address))

    @property
    def files(self) -> list[Media]:
        """The files that came with it."""
        return [Media(**source) for source in self.media or ()]

    @property
    def quoted_id(self) -> str | None:
        """The message that it quotes or reacts to."""
        quoted = (self.context or {}).get("message_id")
        return quoted if isinstance(quoted, str) else None

    @property
    def tap(self) -> Tap | None:
        """What a tap on a choice of ours means."""
        return tap_of((self.details or {}).get("id")) if self.kind == "interactive" else None

    @property
    def said(self) -> str:
        """Its words, or the emoji of a reaction; empty where there is neither."""
        emoji = (self.details or {}).get("emoji") if self.kind == "reaction" else None
        return emoji if isinstance(emoji, str) else self.text or ""

    @property
    def mentions_us(self) -> bool:
        """Whether it mentions the account that it reached."""
        return (self.context or {}).get("mentions_us") is True


_COLUMNS = tuple(inbound_messages.c[name] for name in Incoming.__slots__)
_UNSAID = frozenset({"text", "media", "context", "details"})
_BARE = tuple(null() if name in _UNSAID else inbound_messages.c[name] for name in Incoming.__slots__)
_WAITS = inbound_messages.c.state == Step.ROUTE


def waiting(connection: Connection, now: datetime) -> list[tuple[int, Person]]:
    """The oldest messages that wait for their route, each with who wrote it; nobody's many before another's few.

    People take turns, and each has their messages in their order: whatever is taken from the beginning has of
    everybody the first ones.
    """
    c = inbound_messages.c
    due = select(c.id, c.account, c.chat, c.sender).where(_WAITS, c.due_at <= now)
    rows = connection.execute(due.order_by(c.due_at, c.at, c.id).limit(IN_SIGHT)).tuples()
    seen: Counter[Person] = Counter()

    def turn(each: tuple[int, Person]) -> int:
        seen[each[1]] += 1
        return (seen[each[1]] - 1) // _A_TURN

    return sorted(((row[0], row[1:]) for row in rows), key=turn)


def take(connection: Connection, ids: Sequence[int], *, unsaid: bool = False) -> list[Incoming]:
    """Those of some messages that still wait, with what they say or without it, locked until the commit.

    Lock the standings of who wrote them first: nobody else routes theirs then, and their order holds.
    """
    c = inbound_messages.c
    chosen = select(*(_BARE if unsaid else _COLUMNS)).where(_WAITS, c.id.in_(ids)).order_by(c.due_at, c.id)
    return [Incoming(*row) for row in connection.execute(chosen.with_for_update()).tuples()]


def ours_among(connection: Connection, messages: Sequence[Incoming]) -> set[tuple[str, str | None]]:
    """Which of the quoted messages are ours, each with its account."""
    quoted = {message.quoted_id for message in messages if message.quoted_id}
    if not quoted:
        return set()
    found = select(wa_outbox.c.account, message_events.c.provider_message_id).join(
        wa_outbox, wa_outbox.c.id == message_events.c.outbox_id
    )
    rows = connection.execute(found.where(message_events.c.provider_message_id.in_(quoted)))
    return set(rows.tuples())


def finish(connection: Connection, routed: Sequence[tuple[Incoming, str, int | None]]) -> None:
    """Write down where messages went: the route and, where it has one, the conversation."""
    rows = [{"id": message.id, "route": route, "conversation_id": talk} for message, route, talk in routed]
    _FINISH(connection, rows, done=Step.DONE)


def put_off(connection: Connection, message_id: int, due_at: datetime, note: str) -> None:
    """Let a message wait that cannot be routed now."""
    change = inbound_messages.update().where(_WAITS, inbound_messages.c.id == message_id)
    connection.execute(change.values(due_at=due_at, note=note, attempts=inbound_messages.c.attempts + 1))
