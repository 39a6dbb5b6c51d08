"""The Cloud API: every kind of message that its webhooks have."""

from __future__ import annotations

from typing import Any

from wa_integrasi.inbox.channels.nodes import Node, address, clean, hex_digest, node, nodes, place, whole, word
from wa_integrasi.inbox.message import Context, Extras, Media
from wa_integrasi.providers.base import MessageEvent

_FILES = frozenset({"image", "document", "audio", "video", "sticker"})


def extras(event: MessageEvent) -> Extras:
    """What is in the message beyond its text."""
    raw = event.raw
    return Extras(
        name=event.name,
        phone=event.sender if event.sender.startswith("+") else None,
        user_id=event.user_id or (event.sender if "." in event.sender else None),
        media=_media(event.kind, raw),
        context=_context(event.kind, raw),
        details=_details(event.kind, raw),
    )


def _media(kind: str, raw: Node) -> tuple[Media, ...]:
    if kind not in _FILES:
        return ()
    file = node(raw, kind)
    media = Media(
        id=word(file, "id"),
        url=word(file, "url"),
        mime_type=word(file, "mime_type"),
        sha256=hex_digest(word(file, "sha256")),
        size=whole(file, "file_size"),
        filename=word(file, "filename"),
        caption=word(file, "caption"),
        voice=file.get("voice") is True,
    )
    return (media,) if media.id or media.url else ()


def _context(kind: str, raw: Node) -> Context | None:
    if kind == "reaction":
        target = word(node(raw, "reaction"), "message_id")
        return Context(target) if target else None
    context = node(raw, "context")
    forwarded = context.get("forwarded") is True or context.get("frequently_forwarded") is True
    quoted = word(context, "id")
    return Context(quoted, address(word(context, "from")), forwarded) if quoted or forwarded else None


def _details(kind: str, raw: Node) -> dict[str, Any] | None:
    own = node(raw, kind)
    match kind:
        case "location":
            return place(own, ("latitude",), ("longitude",), "name")
        case "reaction":
            return {"emoji": word(own, "emoji") or ""}
        case "interactive":
            return clean({"id": word(node(own, str(own.get("type"))), "id"), "type": word(own, "type")})
        case "button":
            return clean({"id": word(own, "payload")})
        case "contacts":
            return clean({"contacts": [_contact(contact) for contact in nodes(raw, "contacts")]})
        case "order":
            items = [
                clean({"product": word(item, "product_retailer_id"), "quantity": whole(item, "quantity")})
                for item in nodes(own, "product_items")
            ]
            return clean({"catalog_id": word(own, "catalog_id"), "note": word(own, "text"), "items": items})
        case "system":
            new = address(word(own, "wa_id", "new_wa_id", "user_id"))
            return clean({"type": word(own, "type"), "new_chat": new})
        case "unsupported":
            return clean({"error": next((whole(error, "code") for error in nodes(raw, "errors")), None)})
        case _:
            return None


def _contact(contact: Node) -> dict[str, Any] | None:
    phones = [phone for phone in (word(each, "phone", "wa_id") for each in nodes(contact, "phones")) if phone]
    return clean({"name": word(node(contact, "name"), "formatted_name", "first_name"), "phones": phones})
