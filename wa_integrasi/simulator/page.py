"""The phone's page: its chats as JSON, with the bubbles already rendered to safe HTML."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers

from wa_integrasi.simulator.bubbles import bubbles, preview
from wa_integrasi.simulator.phone_store import Line, PhoneStore

_SHOWN = 300


def page(nonce: str, business: str) -> str:
    """The page with its nonce; it loads everything else from `chats.json`."""
    html = files("wa_integrasi.simulator").joinpath("phone.html").read_text("utf-8")
    name = json.dumps(readable_number(business)).replace("<", "\\u003c")
    return html.replace("{{nonce}}", nonce).replace("{{business}}", name)


def chats_view(store: PhoneStore, timezone: str, chat: str | None) -> dict[str, Any]:
    """All chats, the latest first, and the bubbles of the open one, with times as people in `timezone` read them."""
    zone = ZoneInfo(timezone)
    today = datetime.now(zone).date()
    last = store.last_lines()
    return {
        "chats": [
            {
                "chat": line.chat,
                "name": readable_number(line.chat),
                "time": _when(line, zone, today),
                "preview": preview(line),
                "typed": line.typed,
                "status": line.status,
            }
            for line in last
        ],
        "bubbles": bubbles(store.lines(chat, limit=_SHOWN), zone, today) if chat else [],
    }


def readable_number(chat: str) -> str:
    """`+62 812-3456-7890` for a number, anything else as it is."""
    try:
        number = phonenumbers.parse(chat)
    except phonenumbers.NumberParseException:
        return chat
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _when(line: Line, zone: ZoneInfo, today: date) -> str:
    at = datetime.fromtimestamp(line.received_at, zone)
    if at.date() == today:
        return f"{at:%H:%M}"
    return "Kemarin" if today - at.date() == timedelta(days=1) else f"{at:%d/%m/%y}"
