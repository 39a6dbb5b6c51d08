"""Twilio's webhooks: its own signature examples, tampering, and everything that a form may say."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.channels import TWILIO_HOOK, TWILIO_TOKEN, twilio_signed
from wa_integrasi.message import Receipt
from wa_integrasi.providers.base import (
    Action,
    BadItem,
    Failed,
    MessageEvent,
    OtherEvent,
    ReceiptEvent,
    SignatureError,
)
from wa_integrasi.providers.twilio_webhook import TwilioReceiver, form_fields, signature

SPEC = json.loads((Path(__file__).parent / "specs" / "twilio.json").read_text())
NOW = datetime(2026, 11, 21, tzinfo=UTC)
RECEIVER = TwilioReceiver(TWILIO_TOKEN, TWILIO_HOOK, clock=lambda: NOW)
STATUS = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "whatsapp:+6281234567890", "ApiVersion": "x"}
MESSAGE = {
    "MessageSid": "SM2",
    "SmsStatus": "received",
    "From": "whatsapp:+6281234567890",
    "To": "whatsapp:+622150001234",
    "Body": "rekap",
    "NumMedia": "0",
    "ProfileName": "Siti",
    "WaId": "6281234567890",
}


def read(**fields: str) -> Any:
    (event,) = RECEIVER.parse(urlencode(fields).encode())
    return event


def take(fields: dict[str, str], query: str = "") -> Any:
    body = urlencode(fields).encode()
    (event,) = RECEIVER.parse(RECEIVER.verify(twilio_signed(body, query), body, query))
    return event


class TestSignature:
    """The vectors are those of twilio-python's own tests (tests/unit/test_request_validator.py, MIT)."""

    URL = "https://mycompany.com/myapp.php"
    QUERY = "foo=1&bar=2"
    BODY = b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"
    SIGNED = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    JSON = b'{"property": "value", "boolean": true}'
    JSON_SIGNED = "a9nBmqA0ju/hNViExpshrM61xv4="

    def test_twilios_example(self) -> None:
        made = signature(b"12345", f"{self.URL}?{self.QUERY}", form_fields(self.BODY))
        assert made.decode() == self.SIGNED
        receiver = TwilioReceiver("12345", self.URL)
        assert receiver.verify({"X-Twilio-Signature": self.SIGNED}, self.BODY, self.QUERY) == self.BODY

    def test_twilios_example_of_a_json_body(self) -> None:
        receiver = TwilioReceiver("12345", self.URL)
        query = f"{self.QUERY}&bodySHA256={hashlib.sha256(self.JSON).hexdigest()}"
        headers = {"X-Twilio-Signature": self.JSON_SIGNED}
        assert receiver.verify(headers, self.JSON, query) == self.JSON
        for body, asked in [
            (self.JSON + b" ", query),
            (b"", query),
            (self.JSON, query.replace("bodySHA256=0", "bodySHA256=1")),
            (self.JSON, self.QUERY),
        ]:
            with pytest.raises(SignatureError):
                receiver.verify(headers, body, asked)

    @pytest.mark.parametrize(
        ("token", "url", "body", "query"),
        [
            ("12346", URL, BODY, QUERY),
            ("12345", "http://mycompany.com/myapp.php", BODY, QUERY),
            ("12345", "https://mycompany.com/myapp.php2", BODY, QUERY),
            ("12345", "https://www.mycompany.com/myapp.php", BODY, QUERY),
            ("12345", URL, BODY.replace(b"1234&", b"1235&"), QUERY),
            ("12345", URL, BODY + b"&Body=x", QUERY),
            ("12345", URL, BODY, "foo=1&bar=3"),
            ("12345", URL, BODY, "bar=2&foo=1"),
            ("12345", URL, BODY, ""),
        ],
    )
    def test_nothing_can_be_changed(self, token: str, url: str, body: bytes, query: str) -> None:
        with pytest.raises(SignatureError, match="wrong signature"):
            TwilioReceiver(token, url).verify({"X-Twilio-Signature": self.SIGNED}, body, query)

    @pytest.mark.parametrize(
        ("ours", "signed"),
        [
            *(("https://a.example/x", "https://a.example:443/x"), ("http://a.example/x", "http://a.example:80/x")),
            *(("https://a.example:443/x", "https://a.example/x"), ("https://a.example:8443/x", "https://a.example/x")),
        ],
    )
    def test_the_port_may_be_signed_or_not(self, ours: str, signed: str) -> None:
        headers = {"X-Twilio-Signature": signature(b"t", signed, []).decode()}
        TwilioReceiver("t", ours).verify(headers, b"")

    def test_fields_that_are_empty_repeated_or_not_ascii_are_signed_too(self) -> None:
        body = urlencode([("Body", ""), ("Body", "é🙂"), ("a", "2"), ("a", "1"), ("a", "2")]).encode()
        whole = signature(b"t", "https://x", [(b"BodyBody", "é🙂".encode() + b"a1a2")])
        assert signature(b"t", "https://x", form_fields(body)) == whole

    def test_endless_forms_are_given_up(self) -> None:
        with pytest.raises(SignatureError, match="too many fields"):
            RECEIVER.verify({"X-Twilio-Signature": "x"}, b"a=1&" * 100_000)

    @pytest.mark.parametrize("wrong", [("", TWILIO_HOOK), ("t", "wa.example.id"), ("t", f"{TWILIO_HOOK}?a=1")])
    def test_wrong_configuration(self, wrong: tuple[str, str]) -> None:
        with pytest.raises(ValueError, match=r"auth_token|webhook_url"):
            TwilioReceiver(*wrong)


class TestStatuses:
    def test_the_attempt_comes_back_in_the_query(self) -> None:
        assert take(STATUS, "attempt=tok%20en.1") == ReceiptEvent("SM1", Receipt.DELIVERED, NOW, "tok en.1")
        assert take(STATUS) == ReceiptEvent("SM1", Receipt.DELIVERED, NOW)

    def test_the_same_callback_is_kept_as_the_same_bytes(self) -> None:
        body = urlencode(STATUS).encode()
        headers = twilio_signed(body, "attempt=a")
        assert RECEIVER.verify(headers, body, "attempt=a") == RECEIVER.verify(headers, body, "attempt=a")

    @pytest.mark.parametrize(
        ("status", "receipt"),
        [("sent", Receipt.SENT), ("delivered", Receipt.DELIVERED), ("read", Receipt.READ), ("READ", Receipt.READ)],
    )
    def test_receipts(self, status: str, receipt: Receipt) -> None:
        assert read(**{**STATUS, "MessageStatus": status}) == ReceiptEvent("SM1", receipt, NOW)

    def test_every_status_is_known(self) -> None:
        kinds = {status: type(read(**{**STATUS, "MessageStatus": status})) for status in SPEC["statuses"]}
        receipts = {status for status, kind in kinds.items() if kind is ReceiptEvent}
        assert receipts == {"sent", "delivered", "read", "failed", "undelivered"}
        assert {kind for status, kind in kinds.items() if status not in receipts} == {OtherEvent}

    @pytest.mark.parametrize("status", ["failed", "undelivered"])
    def test_failures_say_why(self, status: str) -> None:
        fields = {**STATUS, "MessageStatus": status, "ErrorCode": "63016", "ErrorMessage": "outside the window"}
        failure = Failed(Action.NEEDS_TEMPLATE, "63016", "outside the window")
        assert read(**fields) == ReceiptEvent("SM1", Receipt.FAILED, NOW, failure=failure)
        detailed = read(**fields, ChannelStatusMessage="No consent from +6281234567890")
        assert detailed.failure.text == "No consent from …"

    @pytest.mark.parametrize("code", ["", "0", "x", "9" * 20])
    def test_a_failure_without_a_code_is_a_failure(self, code: str) -> None:
        event = read(**{**STATUS, "MessageStatus": "failed", "ErrorCode": code})
        assert event.failure == Failed(Action.DEAD, "unknown", "failed without an error")

    def test_a_status_of_nothing(self) -> None:
        assert isinstance(read(MessageStatus="sent"), BadItem)


class TestMessages:
    def test_text(self) -> None:
        event = take(MESSAGE)
        assert event == MessageEvent("SM2", "+6281234567890", NOW, "text", "rekap", MESSAGE)

    @pytest.mark.parametrize(
        ("fields", "kind", "text"),
        [
            ({"NumMedia": "1", "MediaUrl0": "https://x", "MediaContentType0": "image/jpeg"}, "image", "rekap"),
            ({"NumMedia": "1", "MediaContentType0": "application/pdf", "Body": ""}, "document", None),
            ({"NumMedia": "1", "MediaContentType0": "audio/ogg; codecs=opus", "Body": ""}, "audio", None),
            ({"NumMedia": "1", "MediaContentType0": "image/webp", "Body": ""}, "sticker", None),
            ({"NumMedia": "1", "MediaContentType0": "text/vcard", "Body": ""}, "contacts", None),
            ({"NumMedia": "2"}, "document", "rekap"),
            ({"Latitude": "-6.2", "Longitude": "106.8", "Body": ""}, "location", None),
            ({"ButtonPayload": "ya", "ButtonText": "Ya, kirim", "Body": "Ya, kirim"}, "button", "Ya, kirim"),
            ({"ButtonPayload": "ya", "Body": ""}, "button", "ya"),
            ({"ListId": "rekap_harian", "ListTitle": "Rekap harian", "Body": "x"}, "interactive", "Rekap harian"),
            ({"Body": ""}, "text", None),
        ],
    )
    def test_kinds(self, fields: dict[str, str], kind: str, text: str | None) -> None:
        event = read(**{**MESSAGE, **fields})
        assert (event.kind, event.text) == (kind, text)

    @pytest.mark.parametrize("sender", ["whatsapp:", "whatsapp:+1", "whatsapp:nobody"])
    def test_an_unreadable_sender(self, sender: str) -> None:
        assert isinstance(read(**{**MESSAGE, "From": sender}), BadItem)

    def test_other_channels_and_other_webhooks_are_kept(self) -> None:
        assert read(**{**MESSAGE, "From": "+6281234567890"}).name == "message.other_channel"
        assert isinstance(read(AccountSid="AC1", Level="ERROR"), OtherEvent)
        assert RECEIVER.parse(b'{"specversion": "1.0"}') == [OtherEvent("json", {"specversion": "1.0"})]

    def test_raw_fields_can_be_stored(self) -> None:
        (event,) = RECEIVER.parse(b"MessageSid=SM2&From=whatsapp%3A%2B6281234567890&Body=%00%ED%A0%80%ff")
        assert "\x00" not in event.text
        json.dumps(dict(event.raw)).encode()


NAMES = st.sampled_from(
    ["MessageSid", "MessageStatus", "From", "Body", "NumMedia", "ErrorCode", "_attempt", "Latitude"]
)


@given(st.one_of(st.binary(max_size=300), st.lists(st.tuples(NAMES, st.text(max_size=20))).map(urlencode)))
def test_anything_is_read_or_a_value_error(body: bytes | str) -> None:
    raw = body.encode() if isinstance(body, str) else body
    try:
        events = RECEIVER.parse(raw)
    except ValueError:
        return
    assert len(events) == 1
    assert isinstance(events[0], ReceiptEvent | MessageEvent | OtherEvent | BadItem)


@given(st.binary(max_size=200), st.text(max_size=50), st.text(max_size=50))
def test_anything_unsigned_is_a_signature_error(body: bytes, query: str, given_signature: str) -> None:
    with pytest.raises(SignatureError):
        RECEIVER.verify({"X-Twilio-Signature": given_signature}, body, query)
