"""Meta's webhooks, as Meta writes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from wa_integrasi.simulator.phone_store import Event, Line

_CONVERSATION_S = 24 * 3600
_FAILURE = ("Message undeliverable", "The phone was told to refuse this message.")
_FAILURES: Mapping[int | None, tuple[str, str]] = {
    131047: (
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    )
}


def webhook_body(event: Event, *, waba_id: str, phone_number_id: str, display_number: str) -> bytes:
    """The envelope for one thing that happened on the phone."""
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": display_number.lstrip("+"),
            "phone_number_id": phone_number_id,
        },
    }
    if event.name == "message":
        value["contacts"] = [{"profile": {"name": event.line.chat[-4:]}} | _identity(event.line, "wa_id", "user_id")]
        value["messages"] = [_message(event, display_number.lstrip("+"))]
    else:
        value["statuses"] = [_status(event)]
    change = {"field": "messages", "value": value}
    envelope = {"object": "whatsapp_business_account", "entry": [{"id": waba_id, "changes": [change]}]}
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _identity(line: Line, phone: str, user: str) -> dict[str, str]:
    return {phone: line.chat[1:]} if line.chat.startswith("+") else {user: line.chat}


def _message(event: Event, business: str) -> dict[str, Any]:
    line = event.line
    message: dict[str, Any] = _identity(line, "from", "from_user_id") | {"id": line.id, "timestamp": str(int(event.at))}
    if line.quoted is not None:
        message["context"] = {"from": business, "id": line.quoted}
    chosen = json.loads(line.details)
    match line.kind:
        case "button_reply" | "list_reply":
            return message | {"type": "interactive", "interactive": {"type": line.kind, line.kind: chosen}}
        case "button":
            return message | {"type": "button", "button": {"payload": chosen["id"], "text": chosen["title"]}}
        case "image" | "document" | "audio" | "video" | "sticker":
            return message | {"type": line.kind, line.kind: _file(line, chosen["file"])}
        case _:
            return message | {"type": "text", "text": {"body": line.body}}


def _file(line: Line, file: Mapping[str, str]) -> dict[str, Any]:
    node: dict[str, Any] = {key: file[key] for key in ("id", "mime_type", "sha256")}
    if line.kind == "document":
        node["filename"] = file["name"]
    if line.kind == "audio":
        node["voice"] = False
    return node | ({"caption": line.body} if line.body else {})


def _status(event: Event) -> dict[str, Any]:
    """One status. Price and conversation come with sent and delivered, an error with failed, as at Meta's."""
    line = event.line
    status: dict[str, Any] = {"id": line.id, "status": event.name, "timestamp": str(int(event.at))}
    status |= _identity(line, "recipient_id", "recipient_user_id")
    if line.attempt_id is not None:
        status["biz_opaque_callback_data"] = line.attempt_id
    if event.name in ("sent", "delivered"):
        conversation: dict[str, Any] = {
            "id": hashlib.sha256(line.chat.encode()).hexdigest()[:32],
            "origin": {"type": _price(line)["category"]},
        }
        if event.name == "sent":
            conversation["expiration_timestamp"] = str(int(event.at) + _CONVERSATION_S)
        status["conversation"] = conversation
        status["pricing"] = _price(line)
    if event.name == "failed":
        title, details = _FAILURES.get(line.error_code, _FAILURE)
        status["errors"] = [
            {
                "code": line.error_code,
                "title": title,
                "message": title,
                "error_data": {"details": details},
                "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
            }
        ]
    return status


def _price(line: Line) -> dict[str, Any]:
    if line.kind == "template":
        category = json.loads(line.details)["category"]
        return {"billable": True, "pricing_model": "PMP", "type": "regular", "category": category}
    return {"billable": False, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"}
