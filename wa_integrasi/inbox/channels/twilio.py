"""Twilio: one form a message, all of it text."""

from __future__ import annotations

from wa_integrasi.inbox.channels.nodes import address, clean, place, whole, word
from wa_integrasi.inbox.message import Context, Extras, Media
from wa_integrasi.providers.base import MessageEvent

_MOST_FILES = 10


def extras(event: MessageEvent) -> Extras:
    """What is in the form beyond its text."""
    raw = event.raw
    forwarded = "true" in (raw.get("Forwarded"), raw.get("FrequentlyForwarded"))
    quoted = word(raw, "OriginalRepliedMessageSid")
    answered = (word(raw, "OriginalRepliedMessageSender") or "").removeprefix("whatsapp:")
    choice = clean({"id": word(raw, "ButtonPayload", "ListId")})
    files = min(whole(raw, "NumMedia") or 0, _MOST_FILES)
    media = (
        Media(
            url=word(raw, f"MediaUrl{number}"),
            mime_type=word(raw, f"MediaContentType{number}"),
            caption=event.text if number == 0 else None,
        )
        for number in range(files)
    )
    return Extras(
        name=word(raw, "ProfileName"),
        phone=event.sender if event.sender.startswith("+") else address(word(raw, "WaId")),
        user_id=event.sender if "." in event.sender else None,
        media=tuple(file for file in media if file.url),
        context=Context(quoted, address(answered or None), forwarded) if quoted or forwarded else None,
        details=place(raw, ("Latitude",), ("Longitude",), "Label", "Address") if event.kind == "location" else choice,
    )
