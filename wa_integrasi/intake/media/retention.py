"""The end of files: what is too old, what nobody owns, and the change of the key that wraps them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from wa_integrasi.intake.media.rows import State
from wa_integrasi.privacy.vault import MissingMediaError, Vault, VaultError
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import media

_BATCH = 200
_FEW = 20
"""So many files that no row names may be a crash's; more of them than of the others are another store's."""

LEFT_FOR = timedelta(days=1)
"""What is in the vault for no row is a crash's only when no worker can still be at it."""


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many files were deleted, removed as leftovers, and brought under the current key."""

    deleted: int
    swept: int
    rewrapped: int

    def __str__(self) -> str:
        counts = f"deleted: {self.deleted}, leftovers removed: {self.swept}"
        return f"{counts}, brought under the current key: {self.rewrapped}"


async def tidy_media(store: Store, vault: Vault, kept: timedelta, now: datetime) -> Tidied:
    """Delete what was stored longer ago than it is `kept` and what crashes have left; rewrap the others.

    Raises `VaultError`.
    """
    deleted = await expire_media(store, vault, now - kept, now)
    swept = await sweep_media(store, vault, now - LEFT_FOR)
    return Tidied(deleted, swept, await rewrap_media(store, vault))


async def expire_media(store: Store, vault: Vault, older_than: datetime, now: datetime) -> int:
    """Delete the content of files that were stored before `older_than`, and say how many there were.

    First from the vault, then in the row: who dies in between leaves a row whose file is deleted again. Raises
    `VaultError`.
    """
    deleted = 0
    while expired := await asyncio.to_thread(_stored, store, older_than):
        for media_id, place in expired:
            await vault.delete(place)
            await asyncio.to_thread(_note_deleted, store, media_id, place, now)
            deleted += 1
    return deleted


async def sweep_media(store: Store, vault: Vault, older_than: datetime) -> int:
    """Remove what crashes before `older_than` have left in the vault, and say how much. Raises `VaultError`.

    A file's row names it before it is written, so one that no row names is a dead writer's. When there are many, the
    vault belongs to another store: nothing is removed then.
    """
    orphans: list[str] = []
    known = 0
    batch: list[str] = []
    async for name in vault.ids(older_than):
        batch.append(name)
        if len(batch) == _BATCH:
            unnamed = await asyncio.to_thread(_unnamed, store, batch)
            known += len(batch) - len(unnamed)
            orphans += unnamed
            batch = []
    unnamed = await asyncio.to_thread(_unnamed, store, batch)
    known += len(batch) - len(unnamed)
    orphans += unnamed
    if len(orphans) > max(_FEW, known):
        raise VaultError(
            f"{len(orphans)} of {len(orphans) + known} media in the vault are in no row: this is the vault of another "
            "store, or of a newer one; nothing was removed"
        )
    for name in orphans:
        await vault.delete(name)
    return len(orphans) + await vault.sweep(older_than)


async def rewrap_media(store: Store, vault: Vault) -> int:
    """Bring every file under the current key, and say how many were under a former one. Raises `VaultError`."""
    rewrapped, after = 0, 0
    while places := await asyncio.to_thread(_places, store, after):
        for media_id, place in places:
            after = media_id
            try:
                rewrapped += await vault.rewrap(place)
            except MissingMediaError:  # deleted meanwhile, or never written by a worker that died
                continue
    return rewrapped


def rescan_media(store: Store, now: datetime, *, everything: bool = False) -> int:
    """Have files scanned now, and say how many: those in quarantine, or `everything` that is kept or infected too.

    What was kept is in quarantine until it is scanned.
    """
    states = [State.SCAN, *((State.KEPT, State.INFECTED) if everything else ())]
    free = or_(media.c.lease.is_(None), media.c.due_at <= now)
    change = update(media).where(media.c.state.in_(states), media.c.vault_id.is_not(None), free)
    with store.writing() as connection:
        count = connection.execute(
            change.values(state=State.SCAN, due_at=now, attempts=0, lease=None, scanned_at=None)
        ).rowcount
        store.wake(connection)
    return count


def _stored(store: Store, older_than: datetime) -> Sequence[tuple[int, str]]:
    old = select(media.c.id, media.c.vault_id).where(media.c.vault_id.is_not(None), media.c.stored_at < older_than)
    with store.reading() as connection:
        return [(row.id, row.vault_id) for row in connection.execute(old.order_by(media.c.stored_at).limit(_BATCH))]


def _note_deleted(store: Store, media_id: int, place: str, now: datetime) -> None:
    row = (media.c.id == media_id) & (media.c.vault_id == place)
    values = {"state": State.DELETED, "vault_id": None, "due_at": None, "lease": None}
    with store.writing() as connection:
        connection.execute(update(media).where(row).values(**values, note=f"deleted {now:%Y-%m-%d}"))


def _unnamed(store: Store, names: Sequence[str]) -> list[str]:
    with store.reading() as connection:
        found = set(connection.execute(select(media.c.vault_id).where(media.c.vault_id.in_(names))).scalars())
    return [name for name in names if name not in found]


def _places(store: Store, after: int) -> Sequence[tuple[int, str]]:
    stored = select(media.c.id, media.c.vault_id).where(media.c.vault_id.is_not(None), media.c.id > after)
    with store.reading() as connection:
        return [(row.id, row.vault_id) for row in connection.execute(stored.order_by(media.c.id).limit(_BATCH))]
