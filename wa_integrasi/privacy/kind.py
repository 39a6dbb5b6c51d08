"""Whether a medium is what it says: its declared type against its content, and both against what WhatsApp takes."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from wa_integrasi.privacy.office import is_ole_of, wrong_in_package

_MB = 1024 * 1024
_HEAD_BYTES = 4096
_READ_BYTES = 1024 * 1024
_LONGEST_MARK = 16
_PDF_WITHIN = 1032
"""Readers of PDF look for its beginning in so many bytes."""


class Media(StrEnum):
    """As what a medium was sent."""

    IMAGE = "image"
    STICKER = "sticker"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"


LARGEST = {
    Media.IMAGE: 5 * _MB,
    Media.STICKER: _MB // 2,
    Media.AUDIO: 16 * _MB,
    Media.VIDEO: 16 * _MB,
    Media.DOCUMENT: 100 * _MB,
}
"""Bytes: the limits of Meta, which no other channel exceeds for what people send."""


@dataclass(frozen=True, slots=True)
class Genuine:
    """It is what it says, and may be kept and shown."""

    mime: str
    """The declared type, without parameters and by its usual name."""
    extension: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It is to be put aside; `reason` is for logs and people."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Type:
    extension: str
    sent_as: frozenset[Media]
    seen_as: frozenset[str] = frozenset()
    """Extensions by which puremagic knows the content; empty where it cannot know."""


def _type(extension: str, sent_as: Media | None = None, *seen_as: str) -> _Type:
    kinds = {Media.DOCUMENT} if sent_as is None else {sent_as, Media.DOCUMENT}
    return _Type(extension, frozenset(kinds), frozenset(seen_as))


_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_TYPES = {
    "image/jpeg": _type(".jpg", Media.IMAGE, ".jpg"),
    "image/png": _type(".png", Media.IMAGE, ".png"),
    "image/webp": _type(".webp", Media.STICKER, ".webp"),
    "audio/aac": _type(".aac", Media.AUDIO, ".aac"),
    "audio/amr": _type(".amr", Media.AUDIO, ".amr"),
    "audio/mpeg": _type(".mp3", Media.AUDIO, ".mp3", ".mpga"),
    "audio/mp4": _type(".m4a", Media.AUDIO),
    "audio/ogg": _type(".ogg", Media.AUDIO, ".ogg"),
    "video/mp4": _type(".mp4", Media.VIDEO),
    "video/3gpp": _type(".3gp", Media.VIDEO),
    "application/pdf": _type(".pdf", None, ".pdf"),
    "application/msword": _type(".doc", None, ".doc"),
    "application/vnd.ms-excel": _type(".xls", None, ".doc"),
    "application/vnd.ms-powerpoint": _type(".ppt", None, ".doc"),
    f"{_OPEN_XML}.wordprocessingml.document": _type(".docx", None, ".docx"),
    f"{_OPEN_XML}.spreadsheetml.sheet": _type(".xlsx", None, ".xlsx"),
    f"{_OPEN_XML}.presentationml.presentation": _type(".pptx", None, ".pptx"),
    "text/plain": _type(".txt"),
    "text/csv": _type(".csv"),
}
_USUAL_NAMES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/m4a": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
    "video/3gp": "video/3gpp",
    "application/x-pdf": "application/pdf",
    "text/comma-separated-values": "text/csv",
    "application/csv": "text/csv",
}
_FOLDERS = {".docx": "word/", ".xlsx": "xl/", ".pptx": "ppt/"}
_OLD_OFFICE = frozenset({".doc", ".xls", ".ppt"})
_BRANDS = {
    ".m4a": re.compile(rb"M4A |M4B |mp4[12]|isom|iso[2-9]|dash|3gp."),
    ".mp4": re.compile(rb"mp4[12]|isom|iso[2-9]|avc1|M4V |MSNV|dash|3gp."),
    ".3gp": re.compile(rb"3g[pgrse2].|mp4[12]|isom"),
}
_MPEG_FRAME = re.compile(rb"\xff[\xf2-\xf3\xfa-\xfb\xe2-\xe3][\x10-\xef]")
_ACTIVE = re.compile(
    rb"<script[\s>/]|<!doctype html|<html[\s>]|<body[\s>]|<iframe[\s>]|<\?php\s|javascript:", re.IGNORECASE
)
_PROGRAM = re.compile(rb"#!|@echo |%PDF-|\{\\rtf", re.IGNORECASE)
_DRAWING = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def check(sent_as: Media, declared: str, content: BinaryIO) -> Genuine | Refused:
    """Look at a medium; `declared` is its MIME type as the channel gives it. Reads all of `content`, which seeks.

    Files that begin as one type and can be opened as another are refused: an image with a script or a zip in it, a zip
    or a picture before a PDF. What an allowed type may bring along (a script in a PDF) is ClamAV's to find.
    """
    mime = declared.partition(";")[0].strip().lower()
    mime = _USUAL_NAMES.get(mime, mime)
    size = content.seek(0, 2)
    if size == 0:
        return Refused("empty")
    if size > LARGEST[sent_as]:
        return Refused(f"larger than WhatsApp takes as {sent_as}: {size} bytes, at most {LARGEST[sent_as]}")
    known = _TYPES.get(mime)
    if known is None or sent_as not in known.sent_as:
        return Refused(f"of a type that WhatsApp does not take as {sent_as}")
    wrong = _wrong(known, content)
    content.seek(0)
    return Genuine(mime, known.extension) if wrong is None else Refused(f"not what it says ({mime}): {wrong}")


def _wrong(known: _Type, content: BinaryIO) -> str | None:
    content.seek(0)
    head = content.read(_HEAD_BYTES)
    extension = known.extension
    if not _begins_as(known, head):
        return "begins as something else"
    if extension in _FOLDERS:
        return wrong_in_package(content, _FOLDERS[extension])
    if extension in _OLD_OFFICE:
        return None if is_ole_of(content, extension[1:]) else "another program's file"
    if zipfile.is_zipfile(content):
        return "can be opened as a zip as well"
    if extension != ".pdf" and b"%PDF-" in head[:_PDF_WITHIN]:
        return "can be opened as a PDF as well"
    return _wrong_text(content) if extension in (".txt", ".csv") else _wrong_signs(known, content)


def _begins_as(known: _Type, head: bytes) -> bool:
    if brands := _BRANDS.get(known.extension):
        return head[4:8] == b"ftyp" and brands.match(head, 8) is not None
    if known.extension in (".txt", ".csv"):
        begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        return not (_PROGRAM.match(begins) or _ACTIVE.search(head) or _DRAWING.search(head))
    if known.extension == ".ogg":
        return head.startswith(b"OggS") and b"OpusHead" in head[:64]
    if known.extension == ".mp3" and _MPEG_FRAME.match(head):
        return True
    return not known.seen_as.isdisjoint(_extensions(head))


def _extensions(head: bytes) -> set[str]:
    """By which extensions puremagic knows a content; it reads its table when it is imported."""
    import puremagic

    try:
        return {match.extension for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        return set()


def _wrong_signs(known: _Type, content: BinaryIO) -> str | None:
    """Something that a browser would run, anywhere in a file that has no use for it."""
    if known.extension == ".pdf":
        return None
    content.seek(0)
    before = b""
    while part := content.read(_READ_BYTES):
        window = before + part
        if _ACTIVE.search(window):
            return "has a web page or a script in it"
        before = window[-_LONGEST_MARK:]
    return None


def _wrong_text(content: BinaryIO) -> str | None:
    content.seek(0)
    utf16 = content.read(2) in (b"\xff\xfe", b"\xfe\xff")
    content.seek(0)
    while part := content.read(_READ_BYTES):
        if not utf16 and _CONTROL.search(part):
            return "no text"
    return None
