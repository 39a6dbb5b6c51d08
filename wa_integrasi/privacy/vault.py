"""Media as people sent them, encrypted, in a local folder or a bucket."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.privacy.sealing import (
    HEAD_BYTES,
    MissingMediaError,
    TamperedMediaError,
    UnknownKeyError,
    VaultError,
    key_id_of,
    opened,
    rewrapped,
    sealed,
)

__all__ = [
    "MediaKeys",
    "MissingMediaError",
    "Shelf",
    "Stored",
    "TamperedMediaError",
    "UnknownKeyError",
    "Vault",
    "VaultError",
    "new_id",
]

_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Stored:
    """A medium in the vault: its id, and the size and SHA-256 (hexadecimal) of what was put there."""

    id: str
    size: int
    sha256: str


class Shelf(Protocol):
    """Where sealed files stand."""

    async def write(self, name: str, parts: AsyncGenerator[bytes]) -> None:
        """Keep a file, whole or not at all; when it returns the file outlives a power cut. Raises `OSError`."""
        ...

    def read(self, name: str) -> AsyncGenerator[bytes]:
        """The bytes of a file. Raises `FileNotFoundError` and other kinds of `OSError`."""
        ...

    async def remove(self, name: str) -> None:
        """Remove a file; nothing happens when there is none. Raises `OSError`."""
        ...

    def names(self, older_than: datetime) -> AsyncGenerator[str]:
        """The names of all files that were written before `older_than`. Raises `OSError`."""
        ...

    async def sweep(self, older_than: datetime) -> int:
        """Remove what writers that died have left, and say how much. Raises `OSError`."""
        ...


class Vault:
    """Keeps media encrypted. Memory does not grow with their size."""

    def __init__(self, shelf: Shelf, keys: MediaKeys) -> None:
        self._shelf = shelf
        self._keys = keys

    def __str__(self) -> str:
        return str(self._shelf)

    async def put(self, content: AsyncIterable[bytes], name: str | None = None) -> Stored:
        """Store a medium. Raises `VaultError`, and what `content` raises; then nothing is stored.

        `name`: a `new_id` that was written down first, so that a medium whose writer dies is found again.
        """
        name = new_id() if name is None else name
        self._check(name)
        measured = _Measured(content)
        try:
            async with aclosing(sealed(name, measured, self._keys)) as parts:
                await self._shelf.write(name, parts)
        except OSError as error:
            if measured.error is not None:
                raise measured.error from None
            raise _trouble("stored", name, error) from error
        return Stored(name, measured.size, measured.digest.hexdigest())

    async def open(self, name: str) -> AsyncGenerator[bytes]:
        """The content of a medium; each piece is genuine when it is given. Raises `VaultError`.

        An error may come behind pieces that were good, since a file that was cut off shows it at its end: use what was
        read only after all was. Wrap it in `contextlib.aclosing` when you may stop before the end.
        """
        self._check(name)
        try:
            async with aclosing(self._shelf.read(name)) as stored, aclosing(opened(name, stored, self._keys)) as plain:
                async for piece in plain:
                    yield piece
        except OSError as error:
            raise _trouble("read", name, error) from error

    async def delete(self, name: str) -> None:
        """Remove a medium for good; nothing happens when there is none. Raises `VaultError`."""
        self._check(name)
        try:
            await self._shelf.remove(name)
        except OSError as error:
            raise _trouble("deleted", name, error) from error

    async def rewrap(self, name: str) -> bool:
        """Bring a medium under the current key; whether it was under a former one. Raises `VaultError`.

        Its content is copied as it is, encrypted. When all media are rewrapped the former key can be forgotten.
        """
        self._check(name)
        try:
            async with aclosing(self._shelf.read(name)) as stored:
                head, rest = await _head_of(stored)
                if key_id_of(head) == self._keys.current_id:
                    return False
                async with aclosing(_joined(rewrapped(name, head, self._keys), rest, stored)) as parts:
                    await self._shelf.write(name, parts)
        except OSError as error:
            raise _trouble("rewrapped", name, error) from error
        return True

    async def ids(self, older_than: datetime) -> AsyncGenerator[str]:
        """The ids of all media that were stored before `older_than`. Raises `VaultError`."""
        try:
            async with aclosing(self._shelf.names(older_than)) as names:
                async for name in names:
                    if _NAME.fullmatch(name):
                        yield name
        except OSError as error:
            raise _trouble("listed", "of any id", error) from error

    async def sweep(self, older_than: datetime) -> int:
        """Remove what was left by writers that died before `older_than`, and say how much. Raises `VaultError`."""
        if older_than.tzinfo is None:
            raise ValueError("older_than must be aware")
        try:
            return await self._shelf.sweep(older_than)
        except OSError as error:
            raise _trouble("swept", "of any id", error) from error

    def _check(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise MissingMediaError("that is no id of a medium: it has 32 hexadecimal digits")


def new_id() -> str:
    """An id that no medium has."""
    return secrets.token_hex(16)


class _Measured:
    """A content as it goes by: how long it was, its digest, and the error that it broke off with."""

    def __init__(self, content: AsyncIterable[bytes]) -> None:
        self._content = content
        self.digest = hashlib.sha256()
        self.size = 0
        self.error: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._content:
                self.digest.update(part)
                self.size += len(part)
                yield part
        except Exception as error:
            self.error = error
            raise


def _trouble(done: str, name: str, error: OSError) -> VaultError:
    if isinstance(error, FileNotFoundError) and done != "stored":
        return MissingMediaError(f"there is no medium {name}")
    return VaultError(f"medium {name} cannot be {done}: {error.strerror or type(error).__name__}")


async def _head_of(stored: AsyncIterator[bytes]) -> tuple[bytes, bytes]:
    held = b""
    async for part in stored:
        held += part
        if len(held) >= HEAD_BYTES:
            break
    return held[:HEAD_BYTES], held[HEAD_BYTES:]


async def _joined(head: bytes, rest: bytes, stored: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    yield head
    yield rest
    async for part in stored:
        yield part
