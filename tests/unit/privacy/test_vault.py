"""What is put into the vault comes out as it was, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import stat
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore

from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.privacy.sealing import CHUNK_BYTES, HEAD_BYTES
from wa_integrasi.privacy.shelves import BucketShelf, FolderShelf
from wa_integrasi.privacy.vault import (
    MissingMediaError,
    Shelf,
    TamperedMediaError,
    UnknownKeyError,
    Vault,
    VaultError,
)

SECRET, OTHER = "k" * 32, "l" * 32
SEALED_CHUNK = CHUNK_BYTES + 16
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5]


@pytest.fixture(params=["folder", "bucket"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    return FolderShelf(tmp_path / "media") if request.param == "folder" else BucketShelf(MemoryStore())


@pytest.fixture
def vault(shelf: Shelf) -> Vault:
    return Vault(shelf, MediaKeys(SECRET))


async def pieces(content: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def read(vault: Vault, name: str) -> bytes:
    async with aclosing(vault.open(name)) as content:
        return b"".join([piece async for piece in content])


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class OneFile:
    """A shelf that has one file, whatever its name, and lets a test change it."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content

    async def write(self, name: str, parts: AsyncGenerator[bytes]) -> None:
        self.content = b"".join([part async for part in parts])

    async def read(self, name: str) -> AsyncGenerator[bytes]:
        for start in range(0, len(self.content), 70_001):
            yield self.content[start : start + 70_001]

    async def remove(self, name: str) -> None:
        self.content = b""

    async def names(self, older_than: datetime) -> AsyncGenerator[str]:
        for name in ():
            yield name

    async def sweep(self, older_than: datetime) -> int:
        return 0


@pytest.mark.parametrize("size", SIZES)
async def test_what_was_put_comes_out(vault: Vault, size: int) -> None:
    content = random.Random(size).randbytes(size)
    stored = await vault.put(pieces(content))
    assert (stored.size, stored.sha256) == (size, hashlib.sha256(content).hexdigest())
    assert await read(vault, stored.id) == content


@settings(max_examples=50)
@given(st.lists(st.integers(0, 2 * CHUNK_BYTES), max_size=5))
def test_it_does_not_matter_in_which_pieces_it_came(sizes: list[int]) -> None:
    parts = [random.Random(size).randbytes(size) for size in sizes]

    async def given_parts() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    async def run() -> None:
        vault = Vault(OneFile(), MediaKeys(SECRET))
        stored = await vault.put(given_parts())
        assert await read(vault, stored.id) == b"".join(parts)

    asyncio.run(run())


async def test_nothing_of_a_medium_can_be_read_in_the_folder(tmp_path: Path) -> None:
    vault = Vault(FolderShelf(tmp_path / "media"), MediaKeys(SECRET))
    stored = await vault.put(pieces(b"rahasia pabrik " * 50_000))
    [file] = files_in(tmp_path)
    assert file == tmp_path / "media" / stored.id[:2] / stored.id[2:4] / stored.id
    assert b"rahasia" not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in list(file.parents)[:3]] == [0o700] * 3


async def test_the_same_content_is_stored_differently_each_time() -> None:
    first, second = OneFile(), OneFile()
    for shelf in (first, second):
        await Vault(shelf, MediaKeys(SECRET)).put(pieces(b"sama"))
    assert first.content[HEAD_BYTES:] != second.content[HEAD_BYTES:]


async def test_what_was_deleted_is_gone(vault: Vault) -> None:
    stored = await vault.put(pieces(b"a"))
    await vault.delete(stored.id)
    await vault.delete(stored.id)
    with pytest.raises(MissingMediaError, match=f"there is no medium {stored.id}"):
        await read(vault, stored.id)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n"])
async def test_what_is_no_id_reaches_no_file(vault: Vault, name: str) -> None:
    for attempt in (vault.delete(name), read(vault, name), vault.rewrap(name)):
        with pytest.raises(MissingMediaError):
            await attempt


class TestTampering:
    CONTENT = random.Random(5).randbytes(3 * CHUNK_BYTES)

    async def stored(self) -> tuple[OneFile, Vault, str]:
        shelf = OneFile()
        vault = Vault(shelf, MediaKeys(SECRET))
        return shelf, vault, (await vault.put(pieces(self.CONTENT))).id

    @pytest.mark.parametrize(
        "change",
        [
            lambda file: b"",
            lambda file: file[: HEAD_BYTES - 1],
            lambda file: file[:HEAD_BYTES],
            lambda file: file[: HEAD_BYTES + SEALED_CHUNK],
            lambda file: file[: HEAD_BYTES + 2 * SEALED_CHUNK],
            lambda file: file[:-1],
            lambda file: file + b"\0",
            lambda file: file + file[-SEALED_CHUNK:],
            lambda file: file[:HEAD_BYTES] + file[HEAD_BYTES + SEALED_CHUNK :],
            lambda file: file[:HEAD_BYTES] + file[-SEALED_CHUNK:] + file[HEAD_BYTES + SEALED_CHUNK :],
            lambda file: b"X" + file[1:],
        ],
        ids=[
            "nothing left",
            "cut in the head",
            "cut behind the head",
            "cut behind the first chunk",
            "cut before the last chunk",
            "cut by a byte",
            "longer by a byte",
            "the last chunk twice",
            "the first chunk left out",
            "chunks exchanged",
            "another mark",
        ],
    )
    async def test_a_changed_file_is_not_taken_for_the_medium(self, change: Callable[[bytes], bytes]) -> None:
        shelf, vault, name = await self.stored()
        shelf.content = change(shelf.content)
        with pytest.raises(TamperedMediaError):
            await read(vault, name)

    async def test_any_changed_bit_is_noticed(self) -> None:
        shelf, vault, name = await self.stored()
        whole = shelf.content
        places = [*range(HEAD_BYTES + 20), *random.Random(7).sample(range(len(whole)), 60), len(whole) - 1]
        for at in places:
            shelf.content = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
            with pytest.raises(VaultError):
                await read(vault, name)

    async def test_what_came_before_the_error_is_genuine(self) -> None:
        shelf, vault, name = await self.stored()
        shelf.content = shelf.content[:-1]
        got: list[bytes] = []

        async def read_on() -> None:
            async for piece in vault.open(name):
                got.append(piece)  # noqa: PERF401 - what came before the error is asked for

        with pytest.raises(TamperedMediaError):
            await read_on()
        assert b"".join(got) == self.CONTENT[: 2 * CHUNK_BYTES]

    async def test_a_medium_under_the_name_of_another_is_noticed(self) -> None:
        _, vault, name = await self.stored()
        with pytest.raises(TamperedMediaError, match="another medium's"):
            await read(vault, "0" * 32 if name != "0" * 32 else "1" * 32)


class TestKeys:
    async def test_another_secret_key_opens_nothing(self, shelf: Shelf) -> None:
        stored = await Vault(shelf, MediaKeys(SECRET)).put(pieces(b"a"))
        with pytest.raises(UnknownKeyError, match="another WA_SECRET_KEY"):
            await read(Vault(shelf, MediaKeys(OTHER)), stored.id)

    async def test_a_former_key_still_opens_and_is_left_behind_by_rewrapping(self, shelf: Shelf) -> None:
        content = random.Random(1).randbytes(2 * CHUNK_BYTES + 9)
        stored = await Vault(shelf, MediaKeys(SECRET)).put(pieces(content))
        both = Vault(shelf, MediaKeys(OTHER, [SECRET]))
        assert await read(both, stored.id) == content
        assert [await both.rewrap(stored.id), await both.rewrap(stored.id)] == [True, False]
        assert await read(Vault(shelf, MediaKeys(OTHER)), stored.id) == content
        with pytest.raises(UnknownKeyError):
            await read(Vault(shelf, MediaKeys(SECRET)), stored.id)


class TestTrouble:
    async def test_a_content_that_breaks_off_leaves_nothing(self, vault: Vault, tmp_path: Path) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield bytes(3 * CHUNK_BYTES)
            raise ConnectionResetError("the channel broke off")

        with pytest.raises(ConnectionResetError, match="the channel broke off"):
            await vault.put(broken())
        assert files_in(tmp_path) == []

    async def test_a_put_that_is_cancelled_leaves_nothing(self, vault: Vault, tmp_path: Path) -> None:
        begun = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield bytes(CHUNK_BYTES)
                begun.set()
                await asyncio.sleep(0)

        task = asyncio.create_task(vault.put(endless()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert files_in(tmp_path) == []

    async def test_a_folder_that_cannot_be_written_is_said_in_one_line(self, tmp_path: Path) -> None:
        (tmp_path / "media").write_text("a file")
        with pytest.raises(VaultError, match=r"^medium [0-9a-f]{32} cannot be stored: [A-Z][a-z ]+$"):
            await Vault(FolderShelf(tmp_path / "media"), MediaKeys(SECRET)).put(pieces(b"a"))

    async def test_a_writer_that_is_killed_leaves_nothing_readable_and_sweep_takes_it_away(
        self, tmp_path: Path
    ) -> None:
        script = """
            import asyncio, os, signal, sys
            from pathlib import Path
            from wa_integrasi.privacy.shelves import FolderShelf
            from wa_integrasi.privacy.vault import MediaKeys, Vault

            async def killed():
                yield bytes(1_000_000)
                os.kill(os.getpid(), signal.SIGKILL)
                yield b""

            asyncio.run(Vault(FolderShelf(Path(sys.argv[1])), MediaKeys("k" * 32)).put(killed()))
        """
        command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
        assert (await asyncio.to_thread(subprocess.run, command, check=False, timeout=60)).returncode == -9
        [left] = files_in(tmp_path)
        assert left.stat().st_size > 500_000
        vault = Vault(FolderShelf(tmp_path), MediaKeys(SECRET))
        kept = await vault.put(pieces(b"a"))
        with pytest.raises(MissingMediaError):
            await read(vault, left.name)
        an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
        assert await vault.sweep(an_hour_ago) == 0
        os.utime(left, (0, 0))
        assert [await vault.sweep(an_hour_ago), await vault.sweep(an_hour_ago)] == [1, 0]
        assert await read(vault, kept.id) == b"a"


async def test_memory_does_not_grow_with_the_medium(tmp_path: Path) -> None:
    vault = Vault(FolderShelf(tmp_path), MediaKeys(SECRET))

    async def large() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield bytes(100_000)

    stored = await vault.put(pieces(b"warm"))
    tracemalloc.start()
    try:
        stored = await vault.put(large())
        size = 0
        async with aclosing(vault.open(stored.id)) as content:
            async for piece in content:
                size += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == stored.size == 40_000_000
    assert peak < 12 * CHUNK_BYTES
