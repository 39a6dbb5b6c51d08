"""A file on its way from the channel to the vault: in the clear on this machine's disk, under no name."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from wa_integrasi.privacy.kind import Genuine, Media, Refused, check

_PIECE_BYTES = 256 * 1024


class Spool:
    """A temporary file without a name, readable by its owner only: whatever ends the process, the system removes it."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: where there is room for it; the system's own for temporary files when None."""
        self._file = cast(BinaryIO, tempfile.TemporaryFile(dir=folder, prefix="wa-media-"))  # noqa: SIM115 - closed in __exit__
        self._digest = hashlib.sha256()
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        """Lower-case hex, of what was taken."""
        return self._digest.hexdigest()

    async def take(self, piece: bytes) -> None:
        """Add the next piece. Raises `OSError`."""
        await asyncio.to_thread(self._write, piece)

    async def check(self, sent_as: Media, declared: str) -> Genuine | Refused:
        """Whether it is what it says."""
        return await asyncio.to_thread(check, sent_as, declared, self._file)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """All of it."""
        await asyncio.to_thread(self._file.seek, 0)
        while piece := await asyncio.to_thread(self._file.read, _PIECE_BYTES):
            yield piece

    def _write(self, piece: bytes) -> None:
        self._file.write(piece)
        self._digest.update(piece)
        self.size += len(piece)
