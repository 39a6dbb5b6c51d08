"""Office files from within: which program's they are, whether they bring macros, how large they unpack."""

from __future__ import annotations

import zipfile
from typing import BinaryIO

_LONGEST_DIRECTORY = 1_000_000
_LARGEST_UNPACKED = 1_000_000_000
_LARGEST_PART = 100 * 1024 * 1024
"""ClamAV looks into none that is larger, and does not say so (docs/privacy.md)."""
_END_BYTES = 22
_LOCATOR_BYTES = 20
_LONGEST_COMMENT = 65_535
_OLE_STREAMS = {"doc": ("WordDocument",), "xls": ("Workbook", "Book"), "ppt": ("PowerPoint Document",)}
_OLE_LONGEST = 64
_READ_BYTES = 1024 * 1024


def wrong_in_package(content: BinaryIO, folder: str) -> str | None:
    """What is wrong with a file that should be a zip of Office (`word/`, `xl/`, `ppt/`); None when nothing is."""
    if _directory_bytes(content) > _LONGEST_DIRECTORY:
        return "a zip of too many parts"
    try:
        with zipfile.ZipFile(content) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError):
        return "no readable zip"
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.startswith(folder) for name in names):
        return "a zip, but not that kind of document"
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return "a document with macros"
    sizes = [part.file_size for part in parts]
    if sum(sizes) > _LARGEST_UNPACKED or max(sizes) > _LARGEST_PART:
        return "a zip that unpacks to more than it may"
    return None


def is_ole_of(content: BinaryIO, kind: str) -> bool:
    """Whether an old Office file has the stream of `doc`, `xls` or `ppt`: installers and mails are such files too."""
    wanted = [name.encode("utf-16-le") + b"\0\0" for name in _OLE_STREAMS[kind]]
    content.seek(0)
    before = b""
    while part := content.read(_READ_BYTES):
        window = before + part
        if any(name in window for name in wanted):
            return True
        before = window[-_OLE_LONGEST:]
    return False


def _directory_bytes(content: BinaryIO) -> int:
    """How long the list of parts is, before `zipfile` makes objects of it; 64-bit zips count as endless."""
    size = content.seek(0, 2)
    content.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT - _LOCATOR_BYTES))
    tail = content.read()
    bare = tail[-_END_BYTES:]
    at = len(tail) - _END_BYTES if bare.startswith(b"PK\5\6") and bare.endswith(b"\0\0") else tail.rfind(b"PK\5\6")
    if tail[max(0, at - _LOCATOR_BYTES) :].startswith(b"PK\6\7"):
        return size + _LONGEST_DIRECTORY
    return int.from_bytes(tail[at + 12 : at + 16], "little")
