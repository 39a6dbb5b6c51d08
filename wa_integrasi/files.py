"""Files on their way out: charts and attachments, each once, under the SHA-256 of its bytes."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

KEPT = timedelta(days=40)
"""How long a file is there after it was last put: longer than any message waits."""

LINK_LASTS = timedelta(hours=24)
"""How long a provider can fetch a file: longer than any keeps a message waiting before it does."""

_NAME = re.compile(r"[0-9a-f]{64}")
_TOKEN = re.compile(r"([0-9a-f]{1,12})\.([0-9a-f]{64})\.([A-Za-z0-9_-]{43})")
_PURPOSE = b"wa-integrasi file links 1"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SIGNS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"%PDF-", "application/pdf"),
)
_ENDINGS = {
    ".csv": "text/csv",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class FileGoneError(LookupError):
    """No such file is there, or not as it was put. Its message is for people."""


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file that is about to be sent."""

    sha256: str
    mime_type: str
    content: bytes = field(repr=False)


class LinkError(ValueError):
    """A link that leads nowhere: altered, or over. Its message is for people."""

    def __init__(self, text: str, *, over: bool = False) -> None:
        super().__init__(text)
        self.over = over
        """Whether it was ours once."""


class FileLinks:
    """Addresses under which a provider fetches one file, for a while: `https://…/files/TOKEN/rekap.xlsx`.

    Whoever has such an address can read that file, so it is made when the message goes, and kept nowhere.
    """

    def __init__(self, address: str, keys: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        """`address` is where `wa serve` is reached by https; the first of `keys` signs, the others did so before."""
        self._address = address.rstrip("/")
        self._keys = [hmac.digest(key.encode(), _PURPOSE, "sha256") for key in keys]
        self._clock = clock

    def link(self, name: str, filename: str) -> str:
        """The address of a file by its SHA-256; the phone goes by `filename`, of which plain letters stay."""
        shown = _UNSAFE.sub("-", filename).strip("-.")[-120:] or "file"
        claim = f"{int(self._clock() + LINK_LASTS.total_seconds()):x}.{name}"
        return f"{self._address}/files/{claim}.{_signed(self._keys[0], claim, shown)}/{shown}"

    def named(self, token: str, filename: str) -> str:
        """The SHA-256 of the file that an address is of. Raises `LinkError`; takes the same time for any wrong one."""
        found = _TOKEN.fullmatch(token)
        claim = token.rpartition(".")[0]
        given = found[3] if found else ""
        right = [hmac.compare_digest(_signed(key, claim, filename), given) for key in self._keys]
        if found is None or not any(right):
            raise LinkError("no such file")
        if self._clock() >= int(found[1], 16):
            raise LinkError("this address is over", over=True)
        return found[2]


def _signed(key: bytes, claim: str, filename: str) -> str:
    said = f"{claim}/{filename}".encode("utf-8", "backslashreplace")
    return urlsafe_b64encode(hmac.digest(key, said, "sha256")).rstrip(b"=").decode()


class OutgoingFiles:
    """A folder of files, `ab/abcd…`, readable by its owner only; what composes and what sends must share it."""

    def __init__(self, folder: Path, links: FileLinks | None = None) -> None:
        """`links` for channels that fetch files by themselves."""
        self._folder = folder.absolute()
        self.links = links

    def put(self, content: bytes) -> str:
        """Keep a file, whole or not at all; gives its SHA-256. One that is there stays longer. Raises `OSError`."""
        name = hashlib.sha256(content).hexdigest()
        place = self._place(name)
        try:
            os.utime(place)
        except FileNotFoundError:
            self._write(place, content)
        return name

    def read(self, name: str, filename: str = "") -> OutgoingFile:
        """A file; its kind by its first bytes, else by the ending of `filename`. Raises `FileGoneError`, `OSError`."""
        if not _NAME.fullmatch(name):
            raise FileGoneError("that is no SHA-256 of a file")
        try:
            content = self._place(name).read_bytes()
        except FileNotFoundError:
            raise FileGoneError(f"the file {name[:12]}… is not in WA_FILES_PATH of this machine any more") from None
        if hashlib.sha256(content).hexdigest() != name:
            raise FileGoneError(f"the file {name[:12]}… in WA_FILES_PATH is damaged")
        by_sign = next((mime_type for sign, mime_type in _SIGNS if content.startswith(sign)), None)
        mime_type = by_sign or _ENDINGS.get(Path(filename).suffix.lower(), "application/octet-stream")
        return OutgoingFile(name, mime_type, content)

    def sweep(self, kept: timedelta = KEPT) -> int:
        """Remove what was put longer ago than `kept`, and say how many files. Raises `OSError`."""
        before, removed = time.time() - kept.total_seconds(), 0
        for place in self._folder.glob("*/*"):
            try:
                if place.stat().st_mtime < before:
                    place.unlink()
                    removed += 1
            except FileNotFoundError:  # another machine was quicker
                continue
        return removed

    def _place(self, name: str) -> Path:
        return self._folder / name[:2] / name

    @staticmethod
    def _write(place: Path, content: bytes) -> None:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = place.with_name(f"{place.name}.{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            partial.replace(place)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
