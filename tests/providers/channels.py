"""Twilio and Watzap for the conformance suite; `conftest.py` makes a `Channel` of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from wa_integrasi.providers.twilio import TwilioConfig, TwilioSender
from wa_integrasi.providers.twilio_webhook import TwilioReceiver, form_fields, signature
from wa_integrasi.providers.watzap import WatzapConfig, WatzapSender
from wa_integrasi.providers.watzap_webhook import WatzapReceiver
from wa_integrasi.recipient import Recipient

TWILIO_SID = "AC" + "0a1b2c3d" * 4
TWILIO_CONTENT = "HX" + "0a1b2c3d" * 4
TWILIO_TOKEN = "6f2d1c0b9a8e7f6d5c4b3a291807f6e5"
TWILIO_NUMBER = "+622150001234"
TWILIO_HOOK = "https://wa.example.id/webhooks/twilio/default"
_TWILIO_QUERY = "attempt=attempt-7f3a"
_TWILIO_SAMPLES = (
    b"MessageSid=wamid.1&MessageStatus=read&AccountSid=AC0&To=whatsapp%3A%2B6281234567890",
    b"MessageSid=wamid.2&SmsStatus=received&From=whatsapp%3A%2B6281234567890&Body=rekap&NumMedia=0",
)

WATZAP_KEYS = ("WZAPIKEY7F3A9C2E", "nUmB3rK3y5d8Q1zX")
WATZAP_TOKEN = "a-secret-of-the-address_1"
WATZAP_MESSAGE = {
    "type": "incoming_chat",
    "data": {
        "chat_id": "6281234567890@c.us",
        "message_id": "wamid.2",
        "name": "Siti",
        "timestamp": 1795132801,
        "message_body": "rekap",
        "has_media": False,
        "media_mime": "",
        "location_attached": {"lat": None, "lng": None},
        "is_from_me": False,
    },
}


def twilio_signed(body: bytes, query: str = "") -> Mapping[str, str]:
    """The headers of a form that Twilio posts."""
    url = f"{TWILIO_HOOK}?{query}" if query else TWILIO_HOOK
    return {"X-Twilio-Signature": signature(TWILIO_TOKEN.encode(), url, form_fields(body)).decode()}


def twilio(answer: Callable[..., Any]) -> dict[str, Any]:
    def sender(url: str, timeout_s: float, at_once: int) -> TwilioSender:
        limits = {"timeout_s": timeout_s, "max_in_flight": at_once, "content_sids": {"laporan_siap:id": TWILIO_CONTENT}}
        return TwilioSender(TwilioConfig(TWILIO_SID, TWILIO_TOKEN, TWILIO_NUMBER, TWILIO_HOOK, api_url=url, **limits))

    return {
        "sender": sender,
        "secrets": (TWILIO_TOKEN, TWILIO_SID),
        "reachable": Recipient.parse("+6281234567890"),
        "unreachable": Recipient.parse("120363041234567890@g.us"),
        "accepted": answer(201, {"sid": "SM0123", "status": "queued", "error_code": None}),
        "accepted_id": "SM0123",
        "without_id": answer(201, {"status": "queued"}),
        "refusal": lambda text: answer(400, {"code": 21211, "message": text, "status": 400, "more_info": "https://x"}),
        "receiver": TwilioReceiver(TWILIO_TOKEN, TWILIO_HOOK),
        "sign": lambda body: twilio_signed(body, _TWILIO_QUERY),
        "samples": _TWILIO_SAMPLES,
        "query": _TWILIO_QUERY,
    }


def watzap(answer: Callable[..., Any]) -> dict[str, Any]:
    def sender(url: str, timeout_s: float, at_once: int) -> WatzapSender:
        return WatzapSender(WatzapConfig(*WATZAP_KEYS, api_url=url, timeout_s=timeout_s, max_in_flight=at_once))

    return {
        "sender": sender,
        "secrets": WATZAP_KEYS,
        "reachable": Recipient.parse("+6281234567890"),
        "unreachable": Recipient.parse("123456789012345@lid"),
        "accepted": answer(200, {"status": "200", "message": "Successfully", "ack": "successfully"}),
        "accepted_id": "watzap:attempt-7f3a",
        "without_id": answer(200, {"message": "Successfully"}),
        "refusal": lambda text: answer(200, {"status": "1005", "message": text, "ack": "fatal_error"}),
        "receiver": WatzapReceiver(WATZAP_TOKEN),
        "sign": lambda _: {},
        "samples": (json.dumps(WATZAP_MESSAGE).encode(),),
        "receipts": False,
        "query": f"token={WATZAP_TOKEN}",
        "binds_body": False,
    }
