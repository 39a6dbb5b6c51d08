"""Messages into rows: many in one statement, each once, in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from wa_integrasi.content import ContentError, dump_content
from wa_integrasi.message import Priority
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.keys import digest_of, known_archived
from wa_integrasi.outbox.rows import Enqueued, NewMessage
from wa_integrasi.store.bulk import bulk
from wa_integrasi.store.tables import wa_outbox

AT_ONCE = 1_000
"""Messages of one statement."""

_COLUMNS = {
    "chat": "text",
    "content": "text",
    "type": "text",
    "account": "text",
    "priority": "int",
    "dedupe_key": "text",
    "report": "text",
    "slot": "text",
    "part": "int",
    "parts": "int",
    "flow_run_id": "text",
    "reply_to": "text",
    "not_before": "timestamptz",
    "expires_at": "timestamptz",
    "send_hours": "text",
}
_CELLS = {**_COLUMNS, "digest": "text"}
_MESSAGES = (
    f"INSERT INTO wa_outbox (recipient, created_at, next_attempt_at, {', '.join(_COLUMNS)}) "
    f"SELECT x.chat, :now, :now, {', '.join(f'x.{name}' for name in _COLUMNS)} FROM {{x}} "
    "WHERE NOT EXISTS (SELECT 1 FROM archived_keys k WHERE k.digest = x.digest) "
    "ON CONFLICT (dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING RETURNING id, dedupe_key"
)
_INSERT = bulk(_MESSAGES, **_CELLS)
_INSERT_AND_WAIT = bulk(
    f"WITH made AS ({_MESSAGES}, account, chat, priority), "
    "waits AS (INSERT INTO chats (account, chat, head_id, priority, due_at) "
    "SELECT DISTINCT ON (account, chat) account, chat, id, priority, CAST(:now AS timestamptz) FROM made "
    f"ORDER BY account, chat, priority, id {turns.WAITS}) SELECT id, dedupe_key FROM made",
    **_CELLS,
)
"""All in one statement, where the database can: a message alone then takes one round trip."""


def insert_messages(connection: Connection, messages: Sequence[NewMessage], now: datetime) -> list[Enqueued]:
    """Insert `messages` unless their dedupe keys are there; the answers are in the order of the messages."""
    made: list[Enqueued] = []
    if len(messages) > AT_ONCE:
        turns.lock_all(connection, [(message.account, message.recipient.chat) for message in messages])
    for start in range(0, len(messages), AT_ONCE):
        made += _insert(connection, messages[start : start + AT_ONCE], now)
    if connection.dialect.name == "sqlite":
        turns.wait(connection, list(_heads(messages, made)), now)
    return made


def _insert(connection: Connection, messages: Sequence[NewMessage], now: datetime) -> list[Enqueued]:
    insert = _INSERT if connection.dialect.name == "sqlite" else _INSERT_AND_WAIT
    returned = insert(connection, [_row(message) for message in messages], now=now).all()
    made = {key: row_id for row_id, key in returned if key is not None}
    # Rows without a key are numbered in the order in which they were given.
    keyless = iter(sorted(row_id for row_id, key in returned if key is None))
    known = _known(connection, [m.dedupe_key for m in messages if m.dedupe_key and m.dedupe_key not in made])
    answers = []
    for message in messages:
        key = message.dedupe_key
        if key is None:
            answers.append(Enqueued(next(keyless), created=True))
        elif key in made:
            answers.append(Enqueued(made[key], created=key not in known))
            known[key] = made[key]  # the same key again in this call is not new
        else:
            answers.append(Enqueued(known[key], created=False))
    return answers


def _heads(messages: Sequence[NewMessage], made: Sequence[Enqueued]) -> Iterator[tuple[turns.Key, int, int]]:
    """Of each chat the message that goes first among the new ones."""
    first: dict[turns.Key, tuple[Priority, int]] = {}
    for message, row in zip(messages, made, strict=True):
        if row.created:
            key, place = (message.account, message.recipient.chat), (message.priority, row.id)
            if key not in first or place < first[key]:
                first[key] = place
    for key, (priority, row_id) in first.items():
        yield key, row_id, int(priority)


def _row(message: NewMessage) -> dict[str, Any]:
    content = dump_content(message.content)
    if "\0" in content:
        raise ContentError("content: must have no NUL character")
    return {
        "chat": message.recipient.chat,
        "content": content,
        "type": message.content.type,
        "account": message.account,
        "priority": int(message.priority),
        "dedupe_key": message.dedupe_key,
        "report": message.report,
        "slot": message.slot,
        "part": message.part,
        "parts": message.parts,
        "flow_run_id": message.flow_run_id,
        "reply_to": message.reply_to,
        "not_before": message.not_before,
        "expires_at": message.expires_at,
        "send_hours": message.send_hours,
        "digest": digest_of(message.dedupe_key) if message.dedupe_key is not None else None,
    }


def _known(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    if not keys:
        return {}
    found = select(wa_outbox.c.dedupe_key, wa_outbox.c.id).where(wa_outbox.c.dedupe_key.in_(keys))
    return {**known_archived(connection, keys), **dict(connection.execute(found).tuples().all())}
