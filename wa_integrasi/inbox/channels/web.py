"""WAHA and wwebjs-api: WhatsApp Web's own messages, more or less as it has them."""

from __future__ import annotations

import re
from typing import Any

from wa_integrasi.inbox.channels.nodes import Node, address, clean, hex_digest, node, place, whole, word
from wa_integrasi.inbox.message import Context, Extras, Media
from wa_integrasi.providers.base import MessageEvent
from wa_integrasi.providers.webchat import group, inner_id, serialized_id

_CARD_NAME = re.compile(r"^FN[^:\n]*:(.+)$", re.MULTILINE)
_CARD_PHONE = re.compile(r"^(?:item\d+\.)?TEL[^:\n]*:(.+)$", re.MULTILINE)


def extras(event: MessageEvent) -> Extras:
    """What is in the message beyond its text."""
    raw, data = event.raw, node(event.raw, "_data")
    sender = event.sender
    named = (data.get("from"), raw.get("from"), raw.get("participant"), raw.get("author"))
    linked = [found for found in map(_linked, named) if found]
    return Extras(
        name=word(data, "notifyName", "pushName") or word(node(data, "Info"), "PushName"),
        phone=sender if sender.startswith("+") else None,
        lid=sender if sender.endswith("@lid") else next(iter(linked), None),
        media=_media(event),
        context=_context(event),
        details=_details(event),
    )


def _linked(value: object) -> str | None:
    found = address(value) if isinstance(value, str) and group(value) is None else None
    return found if found is not None and found.endswith("@lid") else None


def _media(event: MessageEvent) -> tuple[Media, ...]:
    raw, data, told = event.raw, node(event.raw, "_data"), node(event.raw, "media")
    if raw.get("hasMedia") is not True:
        return ()
    return (
        Media(
            id=serialized_id(raw.get("id")) or event.message_id,
            url=word(told, "url"),
            mime_type=word(told, "mimetype") or word(data, "mimetype"),
            sha256=hex_digest(word(data, "filehash")),
            size=whole(told, "filesize") or whole(data, "size"),
            filename=word(told, "filename") or word(data, "filename"),
            caption=event.text,
            voice=raw.get("type") == "ptt" or data.get("type") == "ptt",
        ),
    )


def _context(event: MessageEvent) -> Context | None:
    raw, data = event.raw, node(event.raw, "_data")
    if event.kind == "reaction":
        target = inner_id(node(raw, "reaction").get("messageId") or raw.get("msgId"))
        return Context(target) if target else None
    replied = node(raw, "replyTo")
    quoted = inner_id(replied.get("id")) or inner_id(data.get("quotedStanzaID"))
    sender = address(word(replied, "participant") or word(data, "quotedParticipant"))
    forwarded = raw.get("isForwarded") is True or data.get("isForwarded") is True
    return Context(quoted, sender, forwarded) if quoted or forwarded else None


def _details(event: MessageEvent) -> dict[str, Any] | None:
    raw = event.raw
    match event.kind:
        case "location":
            told, data = node(raw, "location"), node(raw, "_data")
            names = ("name", "description")
            return place(told, ("latitude",), ("longitude",), *names) or place(data, ("lat",), ("lng",), "loc")
        case "reaction":
            return {"emoji": word(node(raw, "reaction"), "text") or word(raw, "reaction") or ""}
        case "contacts":
            cards = raw.get("vCards")
            told_cards = cards if isinstance(cards, list) else [raw.get("body")]
            return clean({"contacts": [_contact(card) for card in told_cards[:50] if isinstance(card, str)]})
        case _:
            return None


def _contact(card: str) -> Node | None:
    name = _CARD_NAME.search(card[:10_000])
    phones = [phone.strip() for phone in _CARD_PHONE.findall(card[:10_000])]
    return clean({"name": word({"name": name[1].strip()}, "name") if name else None, "phones": phones})
