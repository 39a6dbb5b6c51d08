"""The bubbles of a chat, rendered to what the page may show as it is: safe HTML and plain texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from wa_integrasi.simulator.phone_store import Line
from wa_integrasi.text.markup import to_html, to_plain

_PREVIEW = 60
_QUOTE = 160
_FILES = {"image": "Gambar", "document": "Dokumen", "sticker": "Stiker", "audio": "Suara", "video": "Video"}


def bubbles(lines: Sequence[Line], zone: ZoneInfo, today: date) -> list[dict[str, Any]]:
    """The messages in their order; reactions go onto the bubbles that they are about."""
    known = {line.id: line for line in lines}
    reactions = {line.quoted: line.body for line in lines if line.kind == "reaction" and line.failed_at is None}
    return [
        _bubble(line, zone, today)
        | {
            "quote": _quote(known.get(line.quoted or "")),
            "reaction": reactions.get(line.id, ""),
        }
        for line in lines
        if line.kind != "reaction"
    ]


def preview(line: Line) -> str:
    """A message in a few words, for the list of chats."""
    if line.kind == "reaction":
        return f"Bereaksi {line.body}" if line.body else "Menarik reaksi"
    return _short(line, _PREVIEW)


def _bubble(line: Line, zone: ZoneInfo, today: date) -> dict[str, Any]:
    at = datetime.fromtimestamp(line.received_at, zone)
    details = json.loads(line.details)
    return {
        "id": line.id,
        "html": to_html(line.body),
        "typed": line.typed,
        "status": line.status,
        "time": f"{at:%H:%M}",
        "day": _day(at.date(), today),
        "header": details.get("header", ""),
        "footer": details.get("footer", ""),
        "file": _file(details["file"]) if "file" in details else None,
        "menu": details.get("button", ""),
        "choices": [] if line.typed else details.get("choices", []),
        "links": [link | {"link": _web(link["link"])} for link in details.get("links", [])],
    }


def _file(file: dict[str, str]) -> dict[str, str]:
    """A picture or a file as a card. What a link names is not loaded: the page shows no other site's content."""
    name = file["name"] or file["link"].partition("?")[0].rstrip("/").rpartition("/")[2]
    shown = {"kind": file["kind"], "name": name or _FILES.get(file["kind"], "Berkas"), "link": _web(file["link"])}
    if file["kind"] == "image" and file.get("id", "").isdecimal() and "sha256" not in file:
        shown["picture"] = f"picture/{file['id']}"
    return shown


def _web(link: str) -> str:
    """A link that may be tapped: nothing but the web's."""
    return link if link.startswith(("https://", "http://")) else ""


def _quote(line: Line | None) -> dict[str, Any] | None:
    return None if line is None else {"text": _short(line, _QUOTE), "typed": line.typed}


def _short(line: Line, limit: int) -> str:
    words = " ".join(to_plain(line.body).split())
    if not words and (file := json.loads(line.details).get("file")):
        words = f"{_FILES.get(file['kind'], 'Berkas')} · {_file(file)['name']}"
    return words if len(words) <= limit else f"{words[:limit]}…"


def _day(day: date, today: date) -> str:
    match today - day:
        case timedelta(days=0):
            return "Hari ini"
        case timedelta(days=1):
            return "Kemarin"
        case _:
            return str(format_date(day, "d MMMM y", locale="id_ID"))
