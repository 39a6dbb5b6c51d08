"""Stored messages as routing sees them: taken in their order, locked until their routes are committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from wa_integrasi.inbox import Media, Step
from wa_integrasi.store.bulk import bulk
from wa_integrasi.store.tables import inbound_messages

Person = tuple[str, str, str]
"""Account, chat and sender: one person in one chat."""

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


_COLUMNS = tuple(inbound_messages.c[name] for name in Incoming.__slots__)
_WAITS = inbound_messages.c.state == Step.ROUTE


def take_incoming(connection: Connection, now: datetime, limit: int) -> list[Incoming]:
    """Up to `limit` messages that wait for their route, the oldest first; nobody else takes them until the commit."""
    due = _WAITS & (inbound_messages.c.due_at <= now)
    return _taken(connection, due, limit)


def take_one(connection: Connection, message_id: int) -> list[Incoming]:
    """One message, if it still waits and nobody has it."""
    return _taken(connection, _WAITS & (inbound_messages.c.id == message_id), 1)


def waiting_ids(connection: Connection, now: datetime, limit: int) -> list[int]:
    """The rows that `take_incoming` would take, without taking them."""
    due = select(inbound_messages.c.id).where(_WAITS, inbound_messages.c.due_at <= now)
    return list(connection.execute(due.order_by(inbound_messages.c.due_at).limit(limit)).scalars())


def finish(connection: Connection, routed: Sequence[tuple[Incoming, str, int | None]]) -> None:
    """Write down where messages went: the route and, where it has one, the conversation."""
    rows = [{"id": message.id, "route": route, "conversation_id": talk} for message, route, talk in routed]
    _FINISH(connection, rows, done=Step.DONE)


def put_off(connection: Connection, message_id: int, due_at: datetime, note: str) -> None:
    """Let a message wait that cannot be routed now."""
    change = inbound_messages.update().where(_WAITS, inbound_messages.c.id == message_id)
    connection.execute(change.values(due_at=due_at, note=note, attempts=inbound_messages.c.attempts + 1))


def _taken(connection: Connection, which: ColumnElement[bool], limit: int) -> list[Incoming]:
    chosen = select(*_COLUMNS).where(which).order_by(inbound_messages.c.due_at, inbound_messages.c.id).limit(limit)
    rows = connection.execute(chosen.with_for_update(skip_locked=True)).tuples()
    return [Incoming(*row) for row in rows]
