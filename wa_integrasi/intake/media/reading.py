"""Looking at files, and the only way to their content."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from wa_integrasi.intake.media.rows import State
from wa_integrasi.privacy.vault import Vault
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import media


class MediaError(LookupError):
    """A file cannot be read. Says why, for people."""


@dataclass(frozen=True, slots=True)
class Medium:
    """What is known of a file. What it is called (`filename`) is only what the sender claims."""

    id: int
    message_id: int
    account: str
    kind: str
    state: State
    mime_type: str | None
    size: int | None
    filename: str | None
    note: str | None
    received_at: datetime
    stored_at: datetime | None
    scanned_at: datetime | None


def list_media(store: Store, state: State | None = None, limit: int = 50) -> Sequence[Medium]:
    """Files, the newest first."""
    newest = select(media).order_by(media.c.id.desc()).limit(limit)
    with store.reading() as connection:
        rows = connection.execute(newest if state is None else newest.where(media.c.state == state)).all()
    return [_medium(row) for row in rows]


def find_medium(store: Store, media_id: int) -> Medium | None:
    """A file by its id."""
    with store.reading() as connection:
        row = connection.execute(select(media).where(media.c.id == media_id)).first()
    return _medium(row) if row else None


def count_media(store: Store) -> Counter[State]:
    """How many files stand where."""
    counted = select(media.c.state, func.count()).group_by(media.c.state)
    with store.reading() as connection:
        return Counter({State(state): count for state, count in connection.execute(counted).tuples()})


async def read_media(store: Store, vault: Vault, media_id: int) -> AsyncIterator[bytes]:
    """The content of a file that is kept. Raises `MediaError` for any other, and `VaultError`.

    This is the only way to a file: what opens the vault itself may hand out what is infected. A `VaultError` may come
    behind pieces that were good.
    """
    place = await asyncio.to_thread(_place, store, media_id)
    async with aclosing(vault.open(place)) as pieces:
        async for piece in pieces:
            yield piece


_WHY = {
    State.FETCH: "it is not fetched yet",
    State.SCAN: "it is in quarantine: nobody has found it clean yet",
    State.INFECTED: "it is infected",
    State.REFUSED: "it was refused",
    State.GONE: "the channel does not have it any more",
    State.DELETED: "its time was over, and it was deleted",
}


def _place(store: Store, media_id: int) -> str:
    with store.reading() as connection:
        row = connection.execute(select(media).where(media.c.id == media_id)).first()
    if row is None:
        raise MediaError(f"there is no medium {media_id}")
    if row.state != State.KEPT or row.vault_id is None:
        raise MediaError(f"medium {media_id} cannot be read: {_WHY.get(row.state, 'its state is unknown')}")
    return str(row.vault_id)


def _medium(row: Row[Any]) -> Medium:
    about = {name: getattr(row, name) for name in Medium.__slots__ if name not in ("state", "filename")}
    return Medium(**about, state=State(row.state), filename=row.source.get("filename"))
