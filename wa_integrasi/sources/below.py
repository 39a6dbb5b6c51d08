"""Files below one folder, opened step by step; no step may be a link.

So nothing else of the machine can be read, whatever a block says and whatever is exchanged meanwhile.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from wa_integrasi.sources.base import SourceError


def contents(root: Path, pattern: str, most_bytes: int) -> Iterator[tuple[str, bytes]]:
    """The files of a pattern such as `produksi/harian-*.csv`, in the order of their names, each with its name.

    Only the last part may have `*`. Raises `SourceError`, also for more than `most_bytes` in all.
    """
    *folders, last = pattern.split("/")
    left, found = most_bytes, False
    with _folder(root, folders) as place:
        names = [last] if not re.search(r"[*?\[]", last) else sorted(_matching(place, last))
        for name in names:
            content = _content(place, name, left)
            found, left = True, left - len(content)
            yield name, content
    if not found:
        raise SourceError(f"there is no file {last!r} where a source may read", transient=True)


def _matching(place: int, pattern: str) -> Iterator[str]:
    """What fits, without what spreadsheet programs leave beside an open file."""
    return (name for name in os.listdir(place) if fnmatchcase(name, pattern) and not name.startswith((".", "~")))


@contextmanager
def _folder(root: Path, folders: Iterable[str]) -> Iterator[int]:
    opened: list[int] = []
    try:
        with _told(root.name):
            opened.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY))
        for name in folders:
            with _told(name):
                opened.append(os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=opened[-1]))
        yield opened[-1]
    finally:
        for place in opened:
            os.close(place)


def _content(place: int, name: str, most_bytes: int) -> bytes:
    def opener(path: str, _flags: int) -> int:
        # Not blocking, so that a pipe of that name keeps nobody waiting.
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)

    with _told(name), open(name, "rb", opener=opener) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise SourceError(f"{name} is no file", transient=False)
        content = stream.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise SourceError(f"{name}: all files of a query are larger than their limit", transient=False)
    return content


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise SourceError(f"there is no {name!r} where a source may read", transient=True) from None
    except OSError as error:
        text = f"{name!r} cannot be opened ({error.strerror}); links are not followed"
        raise SourceError(text, transient=False) from None
