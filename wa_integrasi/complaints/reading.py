"""A complaint as people type it, filed in `complaint_queue`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert

from wa_integrasi.store.tables import complaint_queue

_HEADING = ("pesan", "komplain")
_SPELLINGS = {"komplain": "komplain", "komplen": "komplain", "complain": "komplain", "complaint": "komplain"}
_AS_ONE = frozenset(f"{_HEADING[0]}{spelling}" for spelling in _SPELLINGS)
_LONGEST_HEADING = 60
_LONGEST_TEXT = 8_000
_LONGEST_NAME = 40
_MOST_FIELDS = 30

_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_FIELD = re.compile(r"[\W\d_]*([^\W\d_][^:=\n]{0,60}?)[\s*_~`]*[:=：＝](?!//)[\s*_~`]*(.*)")
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint as somebody wrote it."""

    text: str
    """All that stands below the heading."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Its headers by their names in small letters ("nama", "unit", "keluhan"); what follows one without a name of its
    own belongs to it."""


def read_complaint(text: str) -> Complaint | None:
    """The complaint that a message is, or None: its first line says "Pesan Komplain", however written.

    Capitals, accents, WhatsApp's markup, emoji, a colon, the space and misspellings (komplen, complaint) do not
    matter. The heading alone complains of nothing.
    """
    lines = [_UNSEEN.sub("", line).strip() for line in text.splitlines()]
    while lines and not lines[0]:
        del lines[0]
    if not lines:
        return None
    heading, rest = _without_heading(lines[0])
    if not heading:
        return None
    body = "\n".join([rest, *lines[1:]]).strip()[:_LONGEST_TEXT]
    return Complaint(body, _fields(body)) if _WORDS.search(body) else None


def is_heading(text: str) -> bool:
    """Whether a message is the heading of a complaint and says nothing else yet."""
    found, rest = _without_heading(_UNSEEN.sub("", text).strip())
    return found and not _WORDS.search(rest)


def file_complaint(
    connection: Connection,
    complaint: Complaint,
    *,
    complainant: str,
    now: datetime,
    account: str = "default",
    chat: str | None = None,
    message_id: int | None = None,
    filed_by: str | None = None,
) -> int:
    """File a complaint, to be answered by the complaint flow; returns its id.

    `complainant` and `chat` are named as `Recipient.chat`, `message_id` is the row of `inbound_messages` and
    `filed_by` the key of the API that brought it.
    """
    values = {
        "complainant": complainant,
        "created_at": now,
        "account": account,
        "chat": chat or complainant,
        "text": complaint.text,
        "fields": dict(complaint.fields) or None,
        "message_id": message_id,
        "filed_by": filed_by,
    }
    made: int = connection.execute(insert(complaint_queue).values(values).returning(complaint_queue.c.id)).scalar_one()
    return made


def ticket_of(complaint_id: int, created_at: datetime) -> str:
    """The number that people are told: `K2611-00042`."""
    return f"K{created_at:%y%m}-{complaint_id:05d}"


def _without_heading(line: str) -> tuple[bool, str]:
    """Whether a line begins with the heading, and what stands behind it on the same line."""
    words = list(_WORDS.finditer(line[:_LONGEST_HEADING]))
    found = [_plain(word[0]) for word in words[: len(_HEADING)]]
    if tuple(_SPELLINGS.get(word, word) for word in found) == _HEADING:
        last = words[len(_HEADING) - 1]
    elif found and found[0] in _AS_ONE:
        last = words[0]
    else:
        return False, ""
    rest = line[last.end() :]
    return True, rest.lstrip(" \t*_~`:：=.-–—!#|")


def _fields(text: str) -> dict[str, str]:
    """Headers and what stands behind and below them; lines before the first header belong to none."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.splitlines():
        match = _FIELD.match(line)
        name = " ".join(map(_plain, _WORDS.findall(match[1]))) if match else ""
        if match and 0 < len(name) <= _LONGEST_NAME and len(name.split()) <= 4 and len(found) < _MOST_FIELDS:
            current = found.setdefault(name, [])
            current.append(match[2].strip())
        elif current is not None:
            current.append(line)
    return {name: value for name, values in found.items() if (value := "\n".join(values).strip())}


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word).casefold()
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
