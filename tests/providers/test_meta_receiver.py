"""Meta's webhooks: every inbound type, every status, and bad items among good ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

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
from wa_integrasi.providers.meta import MetaCloudReceiver

NUMBER_ID = "106540352242922"
AT = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
SECONDS = str(int(AT.timestamp()))
RECEIVER = MetaCloudReceiver("secret", "token", NUMBER_ID)
GOOD = {"from": "6281234567890", "id": "wamid.good", "timestamp": SECONDS, "type": "text", "text": {"body": "ok"}}


def change(**value: Any) -> dict[str, Any]:
    return {"field": "messages", "value": {"metadata": {"phone_number_id": NUMBER_ID}, **value}}


def envelope(*changes: Any) -> bytes:
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}).encode()


def parse(*changes: Any) -> Any:
    return RECEIVER.parse(envelope(*changes))


def message(kind: str, **nodes: Any) -> dict[str, Any]:
    return {"from": "6281234567890", "id": "wamid.1", "timestamp": SECONDS, "type": kind, **nodes}


MEDIA = {"id": "1", "mime_type": "x/y", "sha256": "abc="}
INBOUND = [
    (message("text", text={"body": "rekap harian"}, context={"from": "62", "id": "wamid.0"}), "rekap harian"),
    (message("image", image={**MEDIA, "caption": "foto panel"}), "foto panel"),
    (message("image", image=MEDIA), None),
    (message("document", document={**MEDIA, "filename": "a.pdf", "caption": "laporan"}), "laporan"),
    (message("audio", audio={**MEDIA, "voice": True}), None),
    (message("video", video={**MEDIA, "caption": "uji"}), "uji"),
    (message("sticker", sticker=MEDIA), None),
    (message("location", location={"latitude": -6.2, "longitude": 106.8, "name": "Plant"}), None),
    (message("contacts", contacts=[{"phones": []}]), None),
    (
        message("interactive", interactive={"type": "list_reply", "list_reply": {"id": "1", "title": "Harian"}}),
        "Harian",
    ),
    (message("interactive", interactive={"type": "button_reply", "button_reply": {"id": "ya", "title": "Ya"}}), "Ya"),
    (message("interactive", interactive={"type": "button_reply", "button_reply": {"id": "ya"}}), "ya"),
    (message("interactive", errors=[{"code": 131000}]), None),
    (message("button", button={"payload": "P", "text": "Setuju"}, context={"id": "wamid.0"}), "Setuju"),
    (message("reaction", reaction={"message_id": "wamid.0", "emoji": "👍"}), None),
    (message("reaction", reaction={"message_id": "wamid.0"}), None),
    (message("order", order={"catalog_id": "1", "text": "x", "product_items": []}), None),
    (message("unsupported", errors=[{"code": 131051, "title": "Unsupported message type"}]), None),
    (message("system", system={"body": "changed", "wa_id": "62", "type": "user_changed_number"}), None),
]


class TestMessages:
    @pytest.mark.parametrize(("raw", "text"), INBOUND)
    def test_every_type(self, raw: dict[str, Any], text: str | None) -> None:
        assert parse(change(messages=[raw])) == [
            MessageEvent("wamid.1", "+6281234567890", AT, raw["type"], text, raw),
        ]

    @pytest.mark.parametrize("kind", ["edit", "revoke", "hologram"])
    def test_unknown_types_are_kept(self, kind: str) -> None:
        raw = message(kind, **{kind: {}})
        assert parse(change(messages=[raw])) == [MessageEvent("wamid.1", "+6281234567890", AT, "unknown", None, raw)]
        nobodys = {key: value for key, value in raw.items() if key != "from"}
        assert parse(change(messages=[nobodys])) == [OtherEvent(f"message.{kind}", nobodys)]

    @pytest.mark.parametrize(
        ("sender", "contacts"),
        [
            ({"from": "+6281234567890"}, []),
            ({}, [{"wa_id": "6281234567890", "user_id": "ID.1349120865"}]),
        ],
    )
    def test_the_number_is_the_sender(self, sender: dict[str, str], contacts: list[Any]) -> None:
        raw = {key: value for key, value in GOOD.items() if key != "from"} | sender
        (event,) = parse(change(messages=[raw], contacts=contacts))
        assert event.sender == "+6281234567890"

    @pytest.mark.parametrize(
        ("sender", "contacts"),
        [
            ({"from_user_id": "ID.1349120865"}, []),
            ({"from": "ID.1349120865"}, []),
            ({}, [{"profile": {"name": "Budi", "username": "budi"}, "user_id": "ID.1349120865"}]),
        ],
    )
    def test_a_person_without_a_number_has_a_user_id(self, sender: dict[str, str], contacts: list[Any]) -> None:
        raw = {key: value for key, value in GOOD.items() if key != "from"} | sender
        (event,) = parse(change(messages=[raw], contacts=contacts))
        assert event.sender == "ID.1349120865"

    def test_of_two_contacts_none_is_guessed(self) -> None:
        raw = {key: value for key, value in GOOD.items() if key != "from"}
        (event,) = parse(change(messages=[raw], contacts=[{"wa_id": "6281234567890"}, {"wa_id": "6281234567891"}]))
        assert event == BadItem("a message has no sender", raw)

    @pytest.mark.parametrize(("wa_id", "user_id"), [("6281234567891", None), ("6281234567890", "ID.1349120865")])
    def test_an_id_of_another_number_is_not_the_senders(self, wa_id: str, user_id: str | None) -> None:
        raw = GOOD | {"from": "6281234567890"}
        (event,) = parse(change(messages=[raw], contacts=[{"wa_id": wa_id, "user_id": "ID.1349120865"}]))
        assert event.user_id == user_id

    def test_text_that_no_store_takes_is_replaced(self) -> None:
        (event,) = parse(change(messages=[message("text", text={"body": "a\x00b\ud800c🙂"})]))
        assert event.text == "a\ufffdb\ufffdc🙂"

    def test_raw_is_not_printed(self) -> None:
        (event,) = parse(change(messages=[GOOD]))
        assert "timestamp" not in repr(event)


class TestStatuses:
    @pytest.mark.parametrize(
        ("status", "receipt"),
        [("sent", "sent"), ("delivered", "delivered"), ("read", "read"), ("played", "read")],
    )
    def test_receipts(self, status: str, receipt: str) -> None:
        raw = {
            "id": "wamid.1",
            "status": status,
            "timestamp": SECONDS,
            "recipient_id": "6281234567890",
            "biz_opaque_callback_data": "attempt-1",
            "conversation": {"id": "c", "origin": {"type": "utility"}},
            "pricing": {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"},
        }
        assert parse(change(statuses=[raw])) == [
            ReceiptEvent("wamid.1", Receipt(receipt), AT, "attempt-1", None, "utility", True)
        ]

    def test_the_least_a_status_says(self) -> None:
        raw = {"id": "wamid.1", "status": "read", "timestamp": SECONDS}
        assert parse(change(statuses=[raw])) == [ReceiptEvent("wamid.1", Receipt.READ, AT)]

    @pytest.mark.parametrize(
        ("errors", "failure"),
        [
            (
                [{"code": 131047, "title": "Re-engagement message", "error_data": {"details": "More than 24 hours"}}],
                Failed(Action.NEEDS_TEMPLATE, "131047", "More than 24 hours"),
            ),
            ([{"code": 131026, "title": "Undeliverable"}], Failed(Action.DEAD, "131026", "Undeliverable")),
            ([{"code": 131049, "title": "t"}], Failed(Action.DEFER, "131049", "t")),
            ([{"code": 131050, "title": "t"}], Failed(Action.OPTED_OUT, "131050", "t")),
            ([None, {"code": 131056, "title": "t"}], Failed(Action.RETRY_RECIPIENT, "131056", "t")),
            ([{"code": 77, "title": "new"}], Failed(Action.DEAD, "77", "new")),
            ([], Failed(Action.DEAD, "unknown", "failed without an error")),
            (None, Failed(Action.DEAD, "unknown", "failed without an error")),
        ],
    )
    def test_failures(self, errors: Any, failure: Failed) -> None:
        raw = {"id": "wamid.1", "status": "failed", "timestamp": SECONDS, "errors": errors}
        (event,) = parse(change(statuses=[raw]))
        assert (event.receipt, event.failure) == (Receipt.FAILED, failure)

    def test_unknown_statuses_are_kept(self) -> None:
        raw = {"id": "wamid.1", "status": "warning", "timestamp": SECONDS}
        assert parse(change(statuses=[raw])) == [OtherEvent("status.warning", raw)]


class TestEnvelope:
    @pytest.mark.parametrize(
        ("bad", "reason"),
        [
            (None, "an item of “messages” is no object"),
            ({}, "a message has no type"),
            ({**GOOD, "type": 5}, "a message has no type"),
            ({**GOOD, "id": None}, "an item has no id"),
            ({**GOOD, "id": "x" * 513}, "an item has no id"),
            ({**GOOD, "text": None}, "a text message has no body"),
            ({**GOOD, "from": "Budi"}, "a message has no sender"),
            *(
                ({**GOOD, "timestamp": each}, "a timestamp is no number of seconds")
                for each in (None, "", "soon", "-5", "1e9", "٣٤", "9" * 12, "9" * 5000, True, 1.5, 10**30, [])
            ),
        ],
    )
    def test_a_bad_message_touches_no_other(self, bad: Any, reason: str) -> None:
        status = {"id": "wamid.s", "status": "sent", "timestamp": SECONDS}
        events = parse(change(messages=[GOOD, bad, {**GOOD, "id": "wamid.last"}]), change(statuses=[status]))
        assert [event.message_id for event in events if not isinstance(event, BadItem)] == [
            *("wamid.good", "wamid.last", "wamid.s")
        ]
        assert [event.reason for event in events if isinstance(event, BadItem)] == [reason]

    @pytest.mark.parametrize(
        "bad",
        [
            *(None, 5, {}, {"field": 5}, {"field": "messages"}, {"field": "messages", "value": []}),
            *({"field": "messages", "value": {"messages": [GOOD]}}, change(messages={}), change(statuses=None)),
        ],
    )
    def test_a_bad_change_touches_no_other(self, bad: Any) -> None:
        first, second = parse(bad, change(messages=[GOOD]))
        assert isinstance(first, BadItem)
        assert second.message_id == "wamid.good"

    def test_a_bad_entry_touches_no_other(self) -> None:
        body = json.loads(envelope(change(messages=[GOOD])))
        body["entry"] = [7, {"id": "2"}, *body["entry"]]
        assert [type(event) for event in RECEIVER.parse(json.dumps(body).encode())] == [BadItem, BadItem, MessageEvent]

    def test_numbers_that_no_one_can_read_spoil_their_item_only(self) -> None:
        body = envelope(change(messages=[GOOD, {**GOOD, "timestamp": 0}]))
        for number in (b"9" * 10_000, b"NaN", b"-Infinity", b"1e999"):
            events = RECEIVER.parse(body.replace(b'"timestamp": 0', b'"timestamp": ' + number))
            assert [type(event) for event in events] == [MessageEvent, BadItem]
            json.dumps([event.raw for event in events], allow_nan=False)

    def test_messages_statuses_and_errors_of_one_change(self) -> None:
        status = {"id": "wamid.s", "status": "sent", "timestamp": SECONDS}
        events = parse(change(messages=[GOOD], statuses=[status], errors=[{"code": 131000}]))
        assert [type(event) for event in events] == [MessageEvent, ReceiptEvent, OtherEvent]

    @pytest.mark.parametrize("field", ["message_template_status_update", "account_update", "user_preferences", "new"])
    def test_other_fields_are_kept(self, field: str) -> None:
        raw = {"field": field, "value": {"event": "APPROVED"}}
        assert parse(raw) == [OtherEvent(field, raw)]

    def test_other_numbers_are_kept_apart(self) -> None:
        theirs = change(messages=[GOOD])
        theirs["value"]["metadata"]["phone_number_id"] = "999"
        assert parse(theirs, change(messages=[GOOD]))[0] == OtherEvent("other_number", theirs)
        unbound = MetaCloudReceiver("secret", "token")
        assert [type(event) for event in unbound.parse(envelope(theirs))] == [MessageEvent]

    def test_other_objects_and_empty_envelopes(self) -> None:
        assert [type(event) for event in RECEIVER.parse(b'{"object": "page", "entry": []}')] == [OtherEvent]
        assert [type(event) for event in RECEIVER.parse(b'{"object": "whatsapp_business_account"}')] == [BadItem]
        assert parse(change()) == [OtherEvent("messages", change()["value"])]

    def test_of_two_equal_keys_the_last_counts(self) -> None:
        assert RECEIVER.parse(b'{"object": "whatsapp_business_account", "object": "page"}')[0].name == "other_object"


class TestSecrets:
    def test_the_signature_is_over_the_raw_bytes(self) -> None:
        receiver = MetaCloudReceiver("app-secret", "token")
        by_openssl = "0bf7374433906636bed1653bc7c64affb42fa5da9a39e251ab95c2e3a9c06923"
        receiver.verify({"X-Hub-Signature-256": f"sha256={by_openssl}"}, b'{"object":"whatsapp_business_account"}')
        with pytest.raises(SignatureError, match="wrong signature"):
            receiver.verify({"X-Hub-Signature-256": f"sha256={by_openssl}"}, b'{"object": "whatsapp_business_account"}')
        with pytest.raises(SignatureError, match="wrong signature"):
            receiver.verify({"X-Hub-Signature-256": by_openssl}, b'{"object":"whatsapp_business_account"}')

    @pytest.mark.parametrize("pair", [("", "token"), ("secret", "")])
    def test_empty_secrets_are_refused(self, pair: tuple[str, str]) -> None:
        with pytest.raises(ValueError):
            MetaCloudReceiver(*pair)

    @pytest.mark.parametrize("missing", ["hub.mode", "hub.challenge", "hub.verify_token"])
    def test_handshake_needs_every_part(self, missing: str) -> None:
        query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "token"}
        with pytest.raises(SignatureError):
            RECEIVER.handshake({key: value for key, value in query.items() if key != missing})
