"""The files of the archive: one a month, of gzip members, each with some messages as lines of JSON."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

_SUFFIX = ".ndjson.gz"


class ArchiveError(Exception):
    """The archive cannot be written. Its message is for people; nothing has left the outbox."""


def name_of(month: str, mark: str) -> str:
    """What a file is called: by the month and a word of its own, so that no two stores share one."""
    return f"outbox-{month}-{mark}{_SUFFIX}"


def append(folder: Path, name: str, size: int, documents: Iterable[Mapping[str, Any]]) -> int:
    """Write documents behind the first `size` bytes of a file, and say how long it is then, once the disk has it.

    What stands there beyond those bytes goes: its writer died before its commit. Raises `ArchiveError`.
    """
    lines = "".join(json.dumps(document, ensure_ascii=False, default=_written) + "\n" for document in documents)
    member = gzip.compress(lines.encode("utf-8", "replace"), mtime=0)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            found = os.fstat(file).st_size
            if found < size:
                raise ArchiveError(f"{folder / name} has {found} bytes and had {size}: put it back, or move it away")
            os.ftruncate(file, size)
            os.lseek(file, size, os.SEEK_SET)
            _write(file, member)
            os.fsync(file)
        finally:
            os.close(file)
        _sync(folder)
    except OSError as error:
        raise ArchiveError(f"{folder / name} cannot be written: {error.strerror}") from error
    return size + len(member)


def _write(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync(folder: Path) -> None:
    """Have the disk know the file's name too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
