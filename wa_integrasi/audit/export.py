"""The audit trail as a document: JSON or CSV, row by row, with the numbers of persons masked unless asked otherwise."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from wa_integrasi.privacy.masking import Masker
from wa_integrasi.recipient import Recipient

Document = dict[str, Any]

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet runs what begins so (OWASP, CSV injection)."""

_BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the machine's own 8-bit characters."""

_MOMENTS = ("created_at", "received_at", "sent_at", "delivered_at", "read_at")
_WHOLE = ("id", "part", "parts", "attempts")
_SAME_TEXTS = 1_000
"""A report goes to many people in the same words: what was masked is remembered for so many texts."""


class Documents:
    """Rows of the audit list made into flat documents."""

    def __init__(self, zone: str, *, clear: bool = False) -> None:
        """With `clear` numbers, names and texts are left as they are."""
        self._zone = ZoneInfo(zone)
        self._clear = clear
        self._masked = lru_cache(maxsize=_SAME_TEXTS)(lambda text: Masker().mask(text))

    def __call__(self, row: Mapping[Any, Any]) -> Document:
        """One row: moments in the business zone, and how many seconds it took to be delivered and read."""
        document: Document = {}
        for name, value in row.items():
            if name in _MOMENTS:
                document[name] = value.astimezone(self._zone).isoformat(timespec="seconds") if value else None
            elif value is None or (name in _WHOLE and isinstance(value, int)):
                document[name] = value
            else:
                document[name] = str(value)  # SQLite keeps anything anywhere
        for step in ("delivered", "read"):
            document[f"seconds_to_{step}"] = _seconds(row["sent_at"], row[f"{step}_at"])
        return document if self._clear else self._without_persons(document)

    def _without_persons(self, document: Document) -> Document:
        masks: dict[str, Callable[[str], str]] = {
            "chat": _chat,
            "sender": _chat,
            "sender_name": lambda _: "…",
            "content": self._masked,
            "error_text": self._masked,
            # WhatsApp's ids hold the number of the chat, WAHA's in the clear and Meta's in base64.
            "provider_message_id": _digest,
        }
        return {
            name: masks[name](value) if name in masks and value is not None else value
            for name, value in document.items()
        }


def write_json(documents: Iterable[Document], out: TextIO) -> int:
    """An array, one document a line; returns how many."""
    count = 0
    out.write("[")
    for document in documents:
        out.write(",\n" if count else "\n")
        out.write(json.dumps(document, ensure_ascii=False))
        count += 1
    out.write("\n]\n")
    return count


def write_csv(documents: Iterable[Document], out: TextIO, columns: Iterable[str]) -> int:
    """A table that a spreadsheet opens as it is, with no cell that it would run; returns how many rows."""
    count = 0
    names = [*columns, "seconds_to_delivered", "seconds_to_read"]
    out.write(_BOM)
    table = csv.writer(out)
    table.writerow(names)
    for document in documents:
        table.writerow([_cell(document[name]) for name in names])
        count += 1
    return count


@contextmanager
def whole_file(file: Path) -> Iterator[TextIO]:
    """A file that is there once it is complete, or stays as it was; only its owner may read it. Raises `OSError`."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(descriptor)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_BEGINS_A_FORMULA) else value


def _chat(chat: str) -> str:
    return Recipient.of_chat(chat).masked


def _digest(name: str) -> str:
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _seconds(begun: datetime | None, ended: datetime | None) -> float | None:
    """Not less than nothing: channels tell their times in whole seconds."""
    return round(max(0.0, (ended - begun).total_seconds()), 3) if begun and ended else None
