"""Personal data that was found in a text: where, of what sort, and which value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Sort(StrEnum):
    """What sort of personal data it is; the word is that of its tokens."""

    PHONE = "TELEPON"
    WHATSAPP = "WHATSAPP"
    EMAIL = "EMAIL"
    NIK = "NIK"
    NPWP = "NPWP"
    CARD = "KARTU"
    ACCOUNT = "REKENING"
    NAME = "NAMA"
    TEXT = "TEKS"
    """No personal data, but text that looks like a token."""


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of a text, from `start` up to and without `end`."""

    start: int
    end: int
    sort: Sort
    value: str = field(repr=False)
    """The same for every way to write it: the number in E.164, the address or the name in small letters."""
