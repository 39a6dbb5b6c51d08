"""How much of what people write waits to be dealt with, and for how long: for the figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, TextClause, func, select

from wa_integrasi.intake.media import State
from wa_integrasi.store.tables import PENDING_COMPLAINT, UtcDateTime, commands, complaint_queue, conversations, media


@dataclass(frozen=True, slots=True)
class Lag:
    """So many of a kind wait, the oldest of them for so many seconds."""

    kind: str
    count: int
    oldest_s: float


def lags(connection: Connection, now: datetime) -> list[Lag]:
    """What waits: conversations to be classified, files to be fetched or scanned, commands, complaints.

    `complaints_open` are those that were acknowledged, and that people on duty are (again) told of if nobody answers.
    `alarms` are urgent conversations that Prefect was not told of. Each is a count over a partial index.
    """
    untold = conversations.c.urgent_at.is_not(None) & conversations.c.told_at.is_(None)
    open_files = media.c.due_at.is_not(None) & media.c.state.in_([State.FETCH, State.SCAN])
    kinds: dict[str, tuple[Column[Any], ColumnElement[bool] | TextClause]] = {
        "conversations": (conversations.c.last_at, conversations.c.due_at.is_not(None)),
        "files": (media.c.received_at, open_files),
        "commands": (commands.c.created_at, commands.c.due_at.is_not(None)),
        "complaints": (complaint_queue.c.created_at, PENDING_COMPLAINT),
        "complaints_open": (complaint_queue.c.created_at, complaint_queue.c.escalate_at.is_not(None)),
        "alarms": (conversations.c.urgent_at, untold),
    }
    found = []
    for kind, (since, waits) in kinds.items():
        asked = select(func.count(), func.min(since, type_=UtcDateTime)).where(waits)
        count, oldest = connection.execute(asked).one()
        found.append(Lag(kind, count, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0))
    return found
