"""Watzap: it says little, and in a group not who wrote."""

from __future__ import annotations

from wa_integrasi.inbox.channels.nodes import node, place, word
from wa_integrasi.inbox.message import Extras, Media
from wa_integrasi.providers.base import MessageEvent


def extras(event: MessageEvent) -> Extras:
    """What is in the message beyond its text."""
    raw = event.raw
    file = Media(
        id=event.message_id,
        url=word(raw, "media_url", "media"),
        mime_type=word(raw, "media_mime"),
        filename=word(raw, "media_name"),
        caption=event.text,
    )
    return Extras(
        name=word(raw, "name"),
        phone=event.sender if event.sender.startswith("+") else None,
        lid=event.sender if event.sender.endswith("@lid") else None,
        media=(file,) if raw.get("has_media") is True else (),
        details=place(node(raw, "location_attached"), ("lat",), ("lng",), "name"),
    )
