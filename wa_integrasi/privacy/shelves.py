"""Where the vault's files stand: a local folder, or a bucket through obstore."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from obstore.store import ObjectStore

P = ParamSpec("P")
T = TypeVar("T")

_READ_BYTES = 256 * 1024
_PART_BYTES = 5 * 1024 * 1024
_PARTIAL = ".partial"


class FolderShelf:
    """A local folder: `ab/cd/abcd…`, readable by its owner only. A file appears whole, or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def __str__(self) -> str:
        return f"the folder {self._folder}"

    async def write(self, name: str, parts: AsyncGenerator[bytes]) -> None:
        """See `Shelf`. Waits for the disk, twice: for the file and for its place in the folder."""
        partial, place = self._folder / _PARTIAL / name, self._place(name)
        descriptor = _created(partial)
        try:
            try:
                async for part in parts:
                    await _finished(_write_all, descriptor, part)
                await _finished(os.fsync, descriptor)
            finally:
                os.close(descriptor)
            await _finished(_moved, partial, place)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    async def read(self, name: str) -> AsyncGenerator[bytes]:
        """See `Shelf`."""
        descriptor = os.open(self._place(name), os.O_RDONLY | os.O_CLOEXEC)
        try:
            while part := await _finished(os.read, descriptor, _READ_BYTES):
                yield part
        finally:
            os.close(descriptor)

    async def remove(self, name: str) -> None:
        """See `Shelf`."""
        await asyncio.to_thread(self._place(name).unlink, missing_ok=True)

    async def names(self, older_than: datetime) -> AsyncGenerator[str]:
        """See `Shelf`."""
        for folder in await asyncio.to_thread(_folders_in, self._folder):
            for name in await asyncio.to_thread(_older_in, folder, older_than.timestamp()):
                yield name

    async def sweep(self, older_than: datetime) -> int:
        """See `Shelf`."""
        return await asyncio.to_thread(_swept, self._folder / _PARTIAL, older_than.timestamp())

    def _place(self, name: str) -> Path:
        return self._folder / name[:2] / name[2:4] / name


class BucketShelf:
    """A bucket, or what obstore has for one. A file appears whole, or not at all.

    Parts of an upload that was cut off are not seen through obstore: let a rule of the bucket's life cycle
    (`AbortIncompleteMultipartUpload`) remove them. So `sweep` finds nothing.
    """

    def __init__(self, bucket: ObjectStore, prefix: str = "media") -> None:
        """`bucket`: such as `obstore.store.S3Store`; what it is made of has the credentials."""
        self._bucket = bucket
        self._prefix = prefix

    def __str__(self) -> str:
        return f"the bucket, below {self._prefix}"

    async def write(self, name: str, parts: AsyncGenerator[bytes]) -> None:
        """See `Shelf`."""
        import obstore

        try:
            await obstore.put_async(self._bucket, self._path(name), parts, chunk_size=_PART_BYTES, max_concurrency=2)
        except obstore.exceptions.BaseError as error:
            raise _as_os_error(error) from None

    async def read(self, name: str) -> AsyncGenerator[bytes]:
        """See `Shelf`."""
        import obstore

        try:
            answer = await obstore.get_async(self._bucket, self._path(name))
            async for part in answer.stream(min_chunk_size=_READ_BYTES):
                yield bytes(part)
        except obstore.exceptions.BaseError as error:
            raise _as_os_error(error) from None

    async def remove(self, name: str) -> None:
        """See `Shelf`."""
        import obstore

        try:
            await obstore.delete_async(self._bucket, self._path(name))
        except FileNotFoundError:
            return
        except obstore.exceptions.BaseError as error:
            raise _as_os_error(error) from None

    async def names(self, older_than: datetime) -> AsyncGenerator[str]:
        """See `Shelf`."""
        import obstore

        try:
            async for found in obstore.list(self._bucket, f"{self._prefix}/", chunk_size=1000):
                for file in found:
                    if file["last_modified"] < older_than:
                        yield file["path"].rpartition("/")[2]
        except obstore.exceptions.BaseError as error:
            raise _as_os_error(error) from None

    async def sweep(self, older_than: datetime) -> int:
        """See `Shelf`; the bucket does it itself."""
        del older_than
        return 0

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name[:2]}/{name}"


def _as_os_error(error: Exception) -> OSError:
    """Without its text: that has the bucket's address, and at times what was sent with the request."""
    kind = type(error).__name__.removesuffix("Error")
    return FileNotFoundError() if isinstance(error, FileNotFoundError) else OSError(0, f"the bucket says {kind}")


async def _finished(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Work in a thread, waited for even when this task is cancelled: until then its descriptor must stay open."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *arguments, **named))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _created(partial: Path) -> int:
    partial.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial.parent.mkdir(mode=0o700, exist_ok=True)
    return os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _write_all(descriptor: int, part: bytes) -> None:
    rest = memoryview(part)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _moved(partial: Path, place: Path) -> None:
    folders = [place.parents[1], place.parents[0]]
    for folder in folders:
        folder.mkdir(mode=0o700, exist_ok=True)
    partial.replace(place)
    for folder in (place.parents[2], *folders):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _folders_in(folder: Path) -> list[Path]:
    """The folders `ab/cd`; not `.partial`."""
    return sorted(folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]"))


def _older_in(folder: Path, before: float) -> list[str]:
    older = []
    for file in folder.iterdir():
        try:
            if file.stat().st_mtime < before:
                older.append(file.name)
        except FileNotFoundError:
            continue
    return older


def _swept(folder: Path, before: float) -> int:
    if not folder.is_dir():
        return 0
    removed = 0
    for file in folder.iterdir():
        try:
            if file.stat().st_mtime < before:
                file.unlink()
                removed += 1
        except FileNotFoundError:
            continue
    return removed
