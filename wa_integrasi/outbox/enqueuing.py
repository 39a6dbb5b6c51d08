"""Messages into rows: many in one statement, each once, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from wa_integrasi.content import dump_content
from wa_integrasi.outbox.rows import Enqueued, NewMessage
from wa_integrasi.store.tables import wa_outbox


def insert_messages(connection: Connection, messages: Sequence[NewMessage], now: datetime) -> list[Enqueued]:
    """Insert `messages` unless their dedupe keys are there; the answers are in the order of the messages."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(wa_outbox).on_conflict_do_nothing(index_elements=["dedupe_key"])
    returned = connection.execute(
        statement.returning(wa_outbox.c.id, wa_outbox.c.dedupe_key), [_row(message, now) for message in messages]
    ).all()
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


def _row(message: NewMessage, now: datetime) -> dict[str, Any]:
    return {
        "recipient": message.recipient.chat,
        "chat": message.recipient.chat,
        "content": dump_content(message.content),
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
        "created_at": now,
        "next_attempt_at": now,
    }


def _known(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    if not keys:
        return {}
    found = select(wa_outbox.c.dedupe_key, wa_outbox.c.id).where(wa_outbox.c.dedupe_key.in_(keys))
    return dict(connection.execute(found).tuples().all())
