"""The rows of inbound files: noted once, taken under leases, changed only by who holds them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from wa_integrasi.inbox import Media
from wa_integrasi.privacy import kind
from wa_integrasi.store.bulk import bulk, plain
from wa_integrasi.store.tables import UtcDateTime, media

LEASE = timedelta(seconds=60)
"""How long files belong to who has taken them, unless they renew it."""

_BYTES = 200 * 1024 * 1024
"""What the files taken at once may have together, as far as is known, unless a single one has more."""


class State(StrEnum):
    """Where a file stands."""

    FETCH = "fetch"
    """It is still with the channel."""
    SCAN = "scan"
    """Quarantine: it is in the vault, and nobody has found it clean."""
    KEPT = "kept"
    """The only state in which it can be read."""
    INFECTED = "infected"
    REFUSED = "refused"
    """It is not what it says, too large, or not what the channel had promised."""
    GONE = "gone"
    DELETED = "deleted"
    """Its time was over."""


@dataclass(frozen=True, slots=True)
class NewMedia:
    """A file of a message that is no spam."""

    message_id: int
    """The row of `inbound_messages`."""
    position: int
    provider: str
    account: str
    kind: str
    """That of the message."""
    source: Media
    received_at: datetime


@dataclass(frozen=True, slots=True)
class TakenMedia:
    """A file that this worker alone deals with, until its lease ends."""

    id: int
    provider: str
    account: str
    kind: kind.Media
    source: Media
    state: State
    attempts: int
    """This one included."""
    lease: str
    note: str | None
    mime_type: str | None
    size: int | None
    sha256: str | None
    vault_id: str | None
    received_at: datetime


_COLUMNS = {
    "message_id": "bigint",
    "position": "int",
    "provider": "text",
    "account": "text",
    "kind": "text",
    "source": "json",
    "received_at": "timestamptz",
}
_INSERT = bulk(
    f"INSERT INTO media (state, due_at, {', '.join(_COLUMNS)}) "  # noqa: S608 - fixed words
    f"SELECT '{State.FETCH}', :now, {', '.join(f'x.{name}' for name in _COLUMNS)} FROM {{x}} WHERE true "
    "ON CONFLICT (message_id, position) DO NOTHING RETURNING id",
    **_COLUMNS,
)
_TAKE = bulk(
    "UPDATE media SET lease = :lease, due_at = :until, attempts = media.attempts + 1 FROM {x} WHERE media.id = x.id",
    id="bigint",
)
_TAKEN = tuple(media.c[name] for name in TakenMedia.__slots__)
_SOURCE = frozenset(each.name for each in fields(Media))


def note_media(connection: Connection, rows: Sequence[NewMedia], now: datetime) -> int:
    """Note files to be fetched, and say how many are new: one of a message and position is noted once."""
    if not rows:
        return 0
    told = [
        {name: getattr(row, name) for name in _COLUMNS} | {"kind": _kind_of(row), "source": asdict(row.source)}
        for row in rows
    ]
    return len(_INSERT(connection, told, now=now).scalars().all())


def take_media(connection: Connection, states: Sequence[State], now: datetime, limit: int) -> list[TakenMedia]:
    """Take up to `limit` due files that stand at one of `states`, those of the first one first, the oldest first."""
    lease, ids, size = secrets.token_hex(8), list[int](), 0
    for state in states:
        due = select(media.c.id, media.c.kind, media.c.size, media.c.source).where(
            media.c.state == state, media.c.due_at <= now
        )
        due = due.order_by(media.c.due_at).limit(max(0, limit - len(ids))).with_for_update(skip_locked=True)
        for row in connection.execute(due).all():
            size += _expected(row)
            if ids and size > _BYTES:
                break
            ids.append(row.id)
    if not ids:
        return []
    _TAKE(connection, [{"id": each} for each in ids], lease=lease, until=now + LEASE)
    rows = connection.execute(select(*_TAKEN).where(media.c.id.in_(ids)).order_by(media.c.id)).all()
    return [_taken(row) for row in rows]


def renew(connection: Connection, lease: str, now: datetime) -> None:
    """Say that what is still held under a lease is being dealt with."""
    plain(connection, "UPDATE media SET due_at = :until WHERE lease = :lease", until=now + LEASE, lease=lease)


def change(connection: Connection, taken: TakenMedia, values: Mapping[str, Any]) -> bool:
    """Change a file's row; False when it is not ours any more, and nothing is changed then."""
    ours = (media.c.id == taken.id) & (media.c.lease == taken.lease)
    return connection.execute(update(media).where(ours).values(**values)).rowcount == 1


def first_due(connection: Connection, states: Sequence[State]) -> datetime | None:
    """When the first file that stands at one of `states` is due."""
    due = select(func.min(media.c.due_at, type_=UtcDateTime))
    found = (connection.execute(due.where(media.c.state == state)).scalar() for state in states)
    return min((each for each in found if each is not None), default=None)


def _kind_of(row: NewMedia) -> str:
    """As what it was sent: some channels call a sticker an image, and what is none of these is a document."""
    if row.kind == kind.Media.IMAGE and (row.source.mime_type or "").lower().startswith("image/webp"):
        return kind.Media.STICKER
    return row.kind if row.kind in set(kind.Media) else kind.Media.DOCUMENT


def _expected(row: Row[Any]) -> int:
    told = row.size if row.size is not None else row.source.get("size")
    largest = kind.LARGEST[kind.Media(row.kind)]
    return min(told, largest) if isinstance(told, int) else largest


def _taken(row: Row[Any]) -> TakenMedia:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    source = Media(**{name: value for name, value in values["source"].items() if name in _SOURCE})
    more = {"source": source, "state": State(values["state"]), "kind": kind.Media(values["kind"])}
    return TakenMedia(**{**values, **more})
