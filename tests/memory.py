"""Folders of databases that wait for no disk: most of a test's time would be that."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHM = Path("/dev/shm")
_ROOM = 1 << 30


@contextmanager
def memory_folder(prefix: str) -> Iterator[Path]:
    """A folder, in memory where this system has room for it; gone at the end."""
    fits = _SHM.is_dir() and os.access(_SHM, os.W_OK) and shutil.disk_usage(_SHM).free > _ROOM
    with tempfile.TemporaryDirectory(prefix=prefix, dir=_SHM if fits else None) as folder:
        yield Path(folder)
