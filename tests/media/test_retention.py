"""What is too old goes, what nobody owns goes, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from obstore.store import MemoryStore

from tests.media.conftest import SECRET, Bench, Scanner
from wa_integrasi.intake.media import (
    MediaError,
    MediaWork,
    expire_media,
    rewrap_media,
    sweep_media,
)
from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.privacy.scan import Clean, Infected
from wa_integrasi.privacy.shelves import BucketShelf, FolderShelf
from wa_integrasi.privacy.vault import UnknownKeyError, Vault, VaultError

FUTURE = datetime(2100, 1, 1, tzinfo=UTC)
"""Files in the folder have the times of this machine's clock."""


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.scanner = Scanner(lambda content: Infected("Eicar") if b"jahat" in content else Clean())
    return bench


async def pieces(content: bytes = b"yatim") -> AsyncIterator[bytes]:
    yield content


async def test_old_content_is_deleted_whatever_its_state(bench: Bench) -> None:
    old, bad = bench.note(b"lama"), bench.note(b"jahat")
    await bench.work()
    bench.clock.tick(days=90)
    young = bench.note(b"baru")
    await bench.work()
    limit = bench.clock() - timedelta(days=89)
    assert await expire_media(bench.store, bench.vault, limit, bench.clock()) == 2
    assert [bench.row(each).state for each in (old, bad, young)] == ["deleted", "deleted", "kept"]
    assert bench.row(old).note == f"deleted {bench.clock():%Y-%m-%d}"
    assert bench.stored() == [bench.row(young).vault_id]
    with pytest.raises(MediaError, match="its time was over"):
        await bench.read(old)
    assert await expire_media(bench.store, bench.vault, limit, bench.clock()) == 0


async def test_a_run_that_dies_between_vault_and_row_is_finished_by_the_next(bench: Bench) -> None:
    media_id = bench.note(b"lama")
    await bench.work()
    await bench.vault.delete(bench.row(media_id).vault_id)
    with pytest.raises(VaultError, match="there is no medium"):
        await bench.read(media_id)
    bench.clock.tick(days=1)
    assert await expire_media(bench.store, bench.vault, bench.clock(), bench.clock()) == 1
    assert bench.row(media_id).state == "deleted"


async def test_a_vault_that_is_away_keeps_the_rows(bench: Bench) -> None:
    media_id = bench.note(b"lama")
    await bench.work()
    bench.clock.tick(days=1)

    class Away(FolderShelf):
        async def remove(self, name: str) -> None:
            raise OSError(5, "Input/output error")

    with pytest.raises(VaultError, match="cannot be deleted"):
        await expire_media(bench.store, Vault(Away(bench.folder), MediaKeys(SECRET)), bench.clock(), bench.clock())
    assert await bench.read(media_id) == b"lama"


async def test_what_no_row_names_is_removed(bench: Bench) -> None:
    media_id = bench.note(b"laporan")
    await bench.work()
    orphan = await bench.vault.put(pieces())
    partial = bench.folder / ".partial" / ("0" * 32)
    partial.write_bytes(b"setengah")
    assert await sweep_media(bench.store, bench.vault, datetime(2020, 1, 1, tzinfo=UTC)) == 0
    assert orphan.id in bench.stored()
    assert await sweep_media(bench.store, bench.vault, FUTURE) == 2
    assert bench.stored() == [bench.row(media_id).vault_id]
    assert await bench.read(media_id) == b"laporan"


async def test_a_place_that_is_written_down_is_nobodys_orphan(bench: Bench) -> None:
    media_id = bench.note(b"laporan")
    await bench.work()
    with bench.store.writing() as connection:
        connection.exec_driver_sql("UPDATE media SET state = 'fetch', stored_at = NULL")
    assert await sweep_media(bench.store, bench.vault, FUTURE) == 0
    assert bench.stored() == [bench.row(media_id).vault_id]


async def test_the_vault_of_another_store_is_left_alone(bench: Bench) -> None:
    media_id = bench.note(b"laporan")
    await bench.work()
    for _ in range(30):
        await bench.vault.put(pieces())
    with pytest.raises(VaultError, match=r"30 of 31 media in the vault are in no row: .* nothing was removed"):
        await sweep_media(bench.store, bench.vault, FUTURE)
    assert len(bench.stored()) == 31
    assert await bench.read(media_id) == b"laporan"


async def test_everything_comes_under_the_current_key(bench: Bench) -> None:
    kept, bad = bench.note(b"laporan"), bench.note(b"jahat")
    await bench.work()
    new = Vault(FolderShelf(bench.folder), MediaKeys("n" * 32, [SECRET]))
    assert await rewrap_media(bench.store, new) == 2
    assert await rewrap_media(bench.store, new) == 0
    with pytest.raises(UnknownKeyError):
        await bench.read(kept)
    only_new = Vault(FolderShelf(bench.folder), MediaKeys("n" * 32))
    for media_id, content in ((kept, b"laporan"), (bad, b"jahat")):
        assert [piece async for piece in only_new.open(bench.row(media_id).vault_id)] == [content]


async def test_a_bucket_has_the_same_life(bench: Bench) -> None:
    vault = Vault(BucketShelf(MemoryStore()), MediaKeys(SECRET))
    media_id = bench.note(b"laporan")
    worker = bench.worker(vault)
    assert isinstance(worker, MediaWork)
    await worker.work()
    orphan = await vault.put(pieces())
    place = bench.row(media_id).vault_id
    assert sorted([name async for name in vault.ids(FUTURE)]) == sorted([orphan.id, place])
    assert await sweep_media(bench.store, vault, FUTURE) == 1
    assert [name async for name in vault.ids(FUTURE)] == [place]
    bench.clock.tick(days=1)
    assert await expire_media(bench.store, vault, bench.clock(), bench.clock()) == 1
    assert [name async for name in vault.ids(FUTURE)] == []
