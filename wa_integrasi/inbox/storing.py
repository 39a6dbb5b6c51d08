"""Messages and what could not be read into rows: each once, however often and wherever it comes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from wa_integrasi.inbox.message import FIRST_STEP, InboundMessage
from wa_integrasi.providers.wire import storable
from wa_integrasi.store.bulk import bulk

_LONGEST_RAW = 64 * 1024
_LONGEST_REASON = 500

_COLUMNS = {
    "event_id": "bigint",
    "provider": "text",
    "account": "text",
    "message_id": "text",
    "quote_id": "text",
    "chat": "text",
    "group_id": "text",
    "sender": "text",
    "sender_phone": "text",
    "sender_user_id": "text",
    "sender_lid": "text",
    "sender_name": "text",
    "kind": "text",
    "text": "text",
    "media": "json",
    "context": "json",
    "details": "json",
    "raw": "text",
    "at": "timestamptz",
    "received_at": "timestamptz",
}
_INSERT = bulk(
    f"INSERT INTO inbound_messages (state, due_at, {', '.join(_COLUMNS)}) "  # noqa: S608 - fixed words
    f"SELECT '{FIRST_STEP}', x.received_at, {', '.join(f'x.{name}' for name in _COLUMNS)} FROM {{x}} WHERE true "
    "ON CONFLICT (account, message_id) DO NOTHING RETURNING account, message_id",
    **_COLUMNS,
)
_UNREAD = bulk(
    "INSERT INTO unread_items (event_id, position, reason, raw, found_at) "
    "SELECT x.event_id, x.position, x.reason, x.raw, :now FROM {x} WHERE true "
    "ON CONFLICT (event_id, position) DO NOTHING",
    event_id="bigint",
    position="int",
    reason="text",
    raw="text",
)


@dataclass(frozen=True, slots=True)
class UnreadItem:
    """An item of an event that could not be read."""

    event_id: int
    position: int
    reason: str
    raw: Any = field(repr=False)


def store_messages(connection: Connection, messages: Sequence[tuple[int, InboundMessage]]) -> list[InboundMessage]:
    """Store messages, each with the event that brought it; returns those that are new."""
    if not messages:
        return []
    # One order everywhere: two processes that store the same messages do not wait for each other crosswise.
    ordered = sorted(messages, key=lambda each: (each[1].account, each[1].message_id))
    made = set(_INSERT(connection, [_row(event_id, message) for event_id, message in ordered]).tuples())
    new: dict[tuple[str, str], InboundMessage] = {}
    for _, message in messages:
        key = (message.account, message.message_id)
        if key in made:
            new.setdefault(key, message)
    return list(new.values())


def store_unread(connection: Connection, items: Sequence[UnreadItem], now: datetime) -> None:
    """Keep items that could not be read, with the reason."""
    if items:
        rows = [
            {
                "event_id": item.event_id,
                "position": item.position,
                "reason": storable(item.reason)[:_LONGEST_REASON],
                "raw": _raw(item.raw)[:_LONGEST_RAW],
            }
            for item in items
        ]
        _UNREAD(connection, rows, now=now)


def _row(event_id: int, message: InboundMessage) -> Mapping[str, Any]:
    return {
        "event_id": event_id,
        "provider": message.provider,
        "account": message.account,
        "message_id": message.message_id,
        "quote_id": message.quote_id,
        "chat": message.chat,
        "group_id": message.group,
        "sender": message.sender,
        "sender_phone": message.phone,
        "sender_user_id": message.user_id,
        "sender_lid": message.lid,
        "sender_name": message.name,
        "kind": message.kind,
        "text": message.text,
        "media": [asdict(media) for media in message.media] or None,
        "context": asdict(message.context) if message.context else None,
        "details": message.details,
        "raw": _raw(message.raw),
        "at": message.at,
        "received_at": message.received_at,
    }


def _raw(item: object) -> str:
    """JSON in ASCII: so also what no database takes as text is kept."""
    return json.dumps(item, separators=(",", ":"), default=repr)
