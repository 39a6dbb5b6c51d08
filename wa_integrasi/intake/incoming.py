"""Stored messages as routing sees them: taken in their order, locked until their routes are committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, null, select

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


@dataclass(frozen=True, slots=True)
class Taken:
    """Messages that nobody else takes until the commit, and what waits behind them: the rows of each person."""

    messages: Sequence[Incoming] = ()
    behind: Mapping[Person, Sequence[int]] = field(default_factory=dict)


_COLUMNS = tuple(inbound_messages.c[name] for name in Incoming.__slots__)
_UNSAID = frozenset({"text", "media", "context", "details"})
_BARE = tuple(null() if name in _UNSAID else inbound_messages.c[name] for name in Incoming.__slots__)
_WAITS = inbound_messages.c.state == Step.ROUTE


def take_incoming(connection: Connection, now: datetime, limit: int) -> Taken:
    """Up to `limit` messages that wait for their route, the oldest first, but nobody's many before another's few."""
    waiting = _waiting(connection, now)
    for start in range(0, len(waiting), limit):
        chosen = [message_id for message_id, _ in waiting[start : start + limit]]
        if messages := _taken(connection, chosen):
            behind: dict[Person, list[int]] = {}
            for message_id, person in waiting[start + limit :]:
                behind.setdefault(person, []).append(message_id)
            return Taken(messages, behind)
    return Taken()


def take_one(connection: Connection, message_id: int) -> Taken:
    """One message, if it still waits and nobody has it."""
    return Taken(_taken(connection, [message_id]))


def take_unsaid(connection: Connection, ids: Sequence[int]) -> list[Incoming]:
    """Messages without what they say, if they still wait and nobody has them."""
    return _taken(connection, ids, _BARE)


def waiting_ids(connection: Connection, now: datetime, limit: int) -> list[int]:
    """The rows that `take_incoming` would take, without taking them."""
    return [message_id for message_id, _ in _waiting(connection, now)[:limit]]


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


def _waiting(connection: Connection, now: datetime) -> list[tuple[int, Person]]:
    """The oldest that wait, with who wrote them; people take turns, and each has their messages in their order."""
    c = inbound_messages.c
    due = select(c.id, c.account, c.chat, c.sender).where(_WAITS, c.due_at <= now)
    rows = connection.execute(due.order_by(c.due_at, c.at, c.id).limit(IN_SIGHT)).tuples()
    seen: Counter[Person] = Counter()

    def turn(each: tuple[int, Person]) -> int:
        seen[each[1]] += 1
        return (seen[each[1]] - 1) // _A_TURN

    return sorted(((row[0], row[1:]) for row in rows), key=turn)


def _taken(connection: Connection, ids: Sequence[int], columns: Sequence[Any] = _COLUMNS) -> list[Incoming]:
    c = inbound_messages.c
    chosen = select(*columns).where(_WAITS, c.id.in_(ids)).order_by(c.due_at, c.id)
    rows = connection.execute(chosen.with_for_update(skip_locked=True)).tuples()
    return [Incoming(*row) for row in rows]
