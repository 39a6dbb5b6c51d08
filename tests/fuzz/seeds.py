"""Webhooks to begin from: every kind of message, receipt and notice, by channel."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.load import NUMBER_ID

SESSION = "abc"
SECONDS = 1_795_132_801
PHONE = "6281234567890"
CHAT, GROUP = f"{PHONE}@c.us", "120363000000000000@g.us"
DIGEST = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
COMPLAINT = "*Pesan Komplain*\nNama : Siti\nKeluhan: AC ruang 3 bocor"
CARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Budi\nitem1.TEL;waid=62812:+62 812\nEND:VCARD"

_FILE = {"id": "9", "mime_type": "image/jpeg", "sha256": DIGEST, "filename": "a.jpg", "caption": "lihat"}
_META_ITEMS: tuple[Mapping[str, Any], ...] = (
    {"type": "text", "text": {"body": COMPLAINT}, "context": {"from": "628110000001", "id": "wamid.0"}},
    {"type": "text", "text": {"body": "suhu boiler 2"}, "from": None, "from_user_id": "ID.1349120865"},
    *({"type": kind, kind: _FILE} for kind in ("image", "document", "video", "audio", "sticker")),
    {"type": "location", "location": {"latitude": -6.2, "longitude": 106.8, "name": "Pabrik", "address": "Jl. 1"}},
    {"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "👍"}},
    {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "r1", "title": "Rekap"}}},
    {"type": "button", "button": {"payload": "P", "text": "BERHENTI"}},
    {"type": "contacts", "contacts": [{"name": {"formatted_name": "Budi"}, "phones": [{"phone": "+62 812"}]}]},
    {"type": "order", "order": {"catalog_id": "1", "product_items": [{"product_retailer_id": "p", "quantity": 2}]}},
    {"type": "system", "system": {"type": "user_changed_number", "wa_id": "6281234567891", "body": "x"}},
    {"type": "unsupported", "errors": [{"code": 131051}]},
    {"type": "hologram", "hologram": {"depth": 3}},
)
_STATUSES: tuple[Mapping[str, Any], ...] = (
    {"id": "wamid.sent", "status": "sent", "biz_opaque_callback_data": "attempt", "pricing": {"category": "utility"}},
    {"id": "wamid.sent", "status": "read", "pricing": {"billable": True, "category": "service"}},
    {
        "id": "wamid.sent",
        "status": "failed",
        "errors": [{"code": 131050, "title": "x", "error_data": {"details": "y"}}],
    },
)


def _envelope(field: str, value: Mapping[str, Any]) -> bytes:
    told = {"metadata": {"phone_number_id": NUMBER_ID}, **value} if field == "messages" else value
    entry = {"id": "100000000000001", "changes": [{"field": field, "value": told}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def meta() -> Iterator[bytes]:
    """The Cloud API: each kind alone, and all of them in one."""
    people = [{"profile": {"name": "Siti Aminah"}, "wa_id": PHONE, "user_id": "ID.1349120865"}]
    common = {"from": PHONE, "timestamp": str(SECONDS)}
    items = [{**common, "id": f"wamid.{number}", **item} for number, item in enumerate(_META_ITEMS)]
    statuses = [{"timestamp": str(SECONDS), "recipient_id": PHONE, **each} for each in _STATUSES]
    yield from (_envelope("messages", {"contacts": people, "messages": [item]}) for item in items)
    yield from (_envelope("messages", {"statuses": [each]}) for each in statuses)
    yield _envelope("messages", {"contacts": people, "messages": items, "statuses": statuses, "errors": [{"code": 1}]})
    preference = {"wa_id": PHONE, "detail": "x", "category": "marketing_messages", "value": "stop"}
    yield _envelope(
        "user_preferences", {"user_preferences": [{**preference, "timestamp": SECONDS}], "contacts": people}
    )
    yield _envelope("account_update", {"event": "ACCOUNT_RESTRICTION"})


def twilio() -> Iterator[bytes]:
    """Forms: messages and status callbacks."""
    said = {"MessageSid": "SM1", "From": f"whatsapp:+{PHONE}", "WaId": PHONE, "ProfileName": "Siti", "NumMedia": "0"}
    forms: tuple[Mapping[str, str], ...] = (
        {**said, "Body": COMPLAINT, "OriginalRepliedMessageSid": "SM0", "Forwarded": "true"},
        {**said, "Body": "lihat", "NumMedia": "1", "MediaUrl0": "https://x/0", "MediaContentType0": "image/jpeg"},
        {**said, "Body": "STOP"},
        {**said, "Latitude": "-6.2", "Longitude": "106.8", "Label": "Pabrik"},
        {**said, "ButtonPayload": "P", "ButtonText": "Ya"},
        {**said, "ListId": "r1", "ListTitle": "Rekap"},
        {"MessageSid": "SM2", "MessageStatus": "read", "AccountSid": "AC0"},
        {"MessageSid": "SM2", "MessageStatus": "undelivered", "ErrorCode": "63016", "ErrorMessage": "x"},
    )
    yield from (urlencode(form).encode() for form in forms)


def waha() -> Iterator[bytes]:
    """WAHA: messages of several engines, acks, the session."""
    said = {"id": f"false_{CHAT}_3EB0AA", "timestamp": SECONDS, "from": CHAT, "fromMe": False, "body": ""}
    linked = {"key": {"remoteJidAlt": f"{PHONE}@s.whatsapp.net"}, "pushName": "Siti"}
    file = {"url": "http://waha/files/1.oga", "mimetype": "audio/ogg", "filename": "1.oga"}
    told: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("message", {**said, "body": COMPLAINT, "replyTo": {"id": "3EB0BB", "participant": CHAT}}),
        ("message", {**said, "body": "suhu", "from": GROUP, "participant": CHAT, "id": f"false_{GROUP}_3EB0_{CHAT}"}),
        ("message", {**said, "body": "x", "from": "23456789012345@lid", "_data": linked}),
        ("message", {**said, "hasMedia": True, "media": file, "_data": {"type": "ptt", "filehash": DIGEST, "size": 9}}),
        ("message", {**said, "location": {"latitude": "-6.2", "longitude": "106.8", "description": "Pabrik"}}),
        ("message", {**said, "vCards": [CARD]}),
        ("message.reaction", {**said, "reaction": {"text": "👍", "messageId": f"true_{CHAT}_3EB0CC"}}),
        ("message.ack", {"id": f"true_{CHAT}_3EB0", "ack": 3, "ackName": "READ", "fromMe": True}),
        ("session.status", {"status": "SCAN_QR_CODE"}),
    )
    envelope = {"id": "evt_01", "timestamp": SECONDS * 1000, "session": "default", "engine": "GOWS"}
    yield from (json.dumps({**envelope, "event": event, "payload": payload}).encode() for event, payload in told)


def wwebjs() -> Iterator[bytes]:
    """What a running wwebjs-api has sent."""
    recorded = Path(__file__).parents[1] / "providers" / "recorded" / "wwebjs.json"
    for webhook in json.loads(recorded.read_text())["webhooks"]:
        yield webhook["body"].encode()


def watzap() -> Iterator[bytes]:
    """Watzap: it has messages only."""
    data = {"chat_id": CHAT, "message_id": "W1", "name": "Siti", "timestamp": SECONDS, "is_from_me": False}
    parts: tuple[Mapping[str, Any], ...] = (
        {"message_body": COMPLAINT},
        {"message_body": "halo", "chat_id": GROUP},
        {"has_media": True, "media_mime": "image/jpeg", "media_url": "https://x/1", "message_body": "lihat"},
        {"location_attached": {"lat": -6.2, "lng": 106.8}},
    )
    yield from (json.dumps({"type": "incoming_chat", "data": {**data, **part}}).encode() for part in parts)
