"""WAHA's webhooks: who signed them, and what is in them."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.message import Receipt
from wa_integrasi.providers.base import Action, BadItem, Failed, MessageEvent, OtherEvent, ReceiptEvent, SignatureError
from wa_integrasi.providers.waha import WahaReceiver

SPEC = json.loads((Path(__file__).parent / "specs/waha.json").read_text())["schemas"]
RECEIVER = WahaReceiver("key")
AT = datetime(2026, 11, 21, 0, 0, 1, tzinfo=UTC)
MS = int(AT.timestamp() * 1000) + 250
SAID = {
    "id": "false_6281234567890@c.us_3EB0AA",
    "timestamp": MS // 1000,
    "from": "6281234567890@c.us",
    "fromMe": False,
    "to": "6281100000001@c.us",
    "body": "rekap hari ini",
    "hasMedia": False,
}
IN_GROUP = {
    **SAID,
    "id": "false_120363000000000000@g.us_3EB0AA_6281234567890@c.us",
    "from": "120363000000000000@g.us",
    "participant": "6281234567890@c.us",
}


def parse(event: Any, payload: Any, **others: Any) -> Any:
    envelope = {"id": "evt_1", "timestamp": MS, "session": "default", "engine": "GOWS", "event": event}
    (found,) = RECEIVER.parse(json.dumps({**envelope, "payload": payload, **others}).encode())
    return found


class TestSignature:
    def test_what_waha_computes_is_taken(self) -> None:
        body = b'{"event":"message"}'
        given = hmac.new(b"key", body, hashlib.sha512).hexdigest()
        assert RECEIVER.verify({"X-Webhook-Hmac": given, "X-Webhook-Hmac-Algorithm": "sha512"}, body) == body
        assert RECEIVER.verify({"X-Webhook-Hmac": given}, body) == body

    def test_another_algorithm_is_not(self) -> None:
        given = hmac.new(b"key", b"{}", hashlib.sha1).hexdigest()
        with pytest.raises(SignatureError, match="sha512"):
            RECEIVER.verify({"X-Webhook-Hmac": given, "X-Webhook-Hmac-Algorithm": "sha1"}, b"{}")

    @pytest.mark.parametrize("wrong", [("", "default"), ("key", "")])
    def test_it_must_have_a_key_and_a_session(self, wrong: tuple[str, str]) -> None:
        with pytest.raises(ValueError):
            WahaReceiver(*wrong)


class TestMessages:
    @pytest.mark.parametrize("event", ["message", "message.any"])
    def test_text(self, event: str) -> None:
        found = parse(event, SAID)
        assert isinstance(found, MessageEvent)
        assert (found.message_id, found.sender, found.chat) == ("3EB0AA", "+6281234567890", "+6281234567890")
        assert (found.at, found.kind, found.text) == (AT, "text", "rekap hari ini")
        assert found.quote_id == SAID["id"]

    @pytest.mark.parametrize("who", ["participant", "author"])
    def test_in_a_group_the_sender_is_a_person_and_the_chat_the_group(self, who: str) -> None:
        payload = {**IN_GROUP, who: IN_GROUP["participant"]}
        if who == "author":
            del payload["participant"]
        found = parse("message", payload)
        assert (found.sender, found.chat) == ("+6281234567890", "120363000000000000@g.us")
        assert found.quote_id == IN_GROUP["id"]

    @pytest.mark.parametrize(
        ("engine", "mentions_us"),
        [
            ({"mentionedIds": ["6281100000001@c.us"]}, True),
            ({"_data": {"mentionedJidList": ["777@lid", {"_serialized": "6281100000001@c.us"}]}}, True),
            (
                {"_data": {"message": {"extendedTextMessage": {"contextInfo": {"mentionedJid": ["99887766554@lid"]}}}}},
                True,
            ),
            (
                {"_data": {"Message": {"extendedTextMessage": {"contextInfo": {"mentionedJID": ["99887766554@lid"]}}}}},
                True,
            ),
            ({"mentionedIds": ["6281234567890@c.us", "776655443@lid"]}, False),
            ({"mentionedIds": [None, 5, {"_serialized": []}], "_data": {"message": {"x": 1}, "Message": "odd"}}, False),
            ({"mentionedIds": "6281100000001@c.us", "_data": {"message": {"x": {"contextInfo": "odd"}}}}, False),
        ],
    )
    def test_a_mention_of_us_by_number_or_linked_id(self, engine: dict[str, Any], mentions_us: bool) -> None:
        me = {"id": "6281100000001@c.us", "lid": "99887766554:7@lid", "pushName": "Bot"}
        assert parse("message", {**IN_GROUP, **engine}, me=me).mentions_us is mentions_us
        assert parse("message", {**SAID, **engine}, me=me).mentions_us is False, "nobody is mentioned in their own chat"

    def test_without_me_the_webhook_says_whom_the_message_is_for(self) -> None:
        assert parse("message", {**IN_GROUP, "mentionedIds": ["6281100000001@c.us"]}, me=None).mentions_us

    def test_the_same_message_under_two_addresses_has_one_id(self) -> None:
        again = {**SAID, "id": "false_23456789012345@lid_3EB0AA", "from": "23456789012345@lid"}
        assert parse("message", SAID).message_id == parse("message", again).message_id

    @pytest.mark.parametrize(
        ("address", "sender"),
        [
            ("6281234567890@s.whatsapp.net", "+6281234567890"),
            ("6281234567890:12@c.us", "+6281234567890"),
            ("23456789012345@lid", "23456789012345@lid"),
            ("23456789012345:3@lid", "23456789012345@lid"),
        ],
    )
    def test_addresses(self, address: str, sender: str) -> None:
        found = parse("message", {**SAID, "from": address})
        assert (found.sender, found.chat) == (sender, sender)

    @pytest.mark.parametrize(
        ("payload", "data", "sender"),
        [
            (SAID, {"key": {"remoteJidAlt": "6281234567890@s.whatsapp.net"}}, "+6281234567890"),
            (SAID, {"Info": {"SenderAlt": "6281234567890:2@s.whatsapp.net"}}, "+6281234567890"),
            (IN_GROUP, {"key": {"participantAlt": "6281234567890@s.whatsapp.net"}}, "+6281234567890"),
            (IN_GROUP, {"key": {"remoteJidAlt": "6289900000001@s.whatsapp.net"}}, "23456789012345@lid"),
            (SAID, {"key": {"remoteJidAlt": "98765432101234@lid"}}, "23456789012345@lid"),
            (SAID, {"key": "odd", "Info": []}, "23456789012345@lid"),
        ],
    )
    def test_a_linked_id_gives_way_to_the_number(self, payload: Any, data: Any, sender: str) -> None:
        where = "participant" if payload is IN_GROUP else "from"
        assert parse("message", {**payload, where: "23456789012345@lid", "_data": data}).sender == sender

    @pytest.mark.parametrize(
        ("changes", "kind", "text"),
        [
            ({"hasMedia": True, "media": {"mimetype": "image/jpeg", "url": "x"}, "body": "ini"}, "image", "ini"),
            ({"hasMedia": True, "media": {"mimetype": "application/pdf"}, "body": ""}, "document", None),
            ({"hasMedia": True, "media": {"mimetype": "audio/ogg; codecs=opus"}, "body": None}, "audio", None),
            ({"hasMedia": True, "media": None}, "document", "rekap hari ini"),
            ({"hasMedia": True, "_data": {"type": "sticker"}, "body": "x"}, "sticker", None),
            ({"location": {"latitude": "-6"}, "body": "/9j/"}, "location", None),
            ({"vCards": ["BEGIN:VCARD"], "body": "BEGIN"}, "contacts", None),
            ({"body": None}, "unsupported", None),
            ({"_data": {"type": "chat"}}, "text", "rekap hari ini"),
        ],
    )
    def test_kinds(self, changes: dict[str, Any], kind: str, text: str | None) -> None:
        found = parse("message", {**SAID, **changes})
        assert (found.kind, found.text) == (kind, text)

    def test_reaction(self) -> None:
        payload = {**SAID, "reaction": {"text": "👍", "messageId": "true_6281234567890@c.us_3EB0BB"}}
        found = parse("message.reaction", payload)
        assert (found.kind, found.text, found.message_id) == ("reaction", None, "3EB0AA")
        assert found.raw["reaction"]["text"] == "👍"

    @pytest.mark.parametrize("event", ["message", "message.any", "message.reaction"])
    def test_our_own_are_no_messages(self, event: str) -> None:
        own = {**SAID, "id": "true_6281234567890@c.us_3EB0AA", "fromMe": True, "source": "api"}
        assert parse(event, own).name == "own_message"

    @pytest.mark.parametrize("chat", ["status@broadcast", "120363000000000000@newsletter"])
    def test_broadcasts_are_for_nobody_to_answer(self, chat: str) -> None:
        assert parse("message", {**SAID, "from": chat}).name == "message.broadcast"

    @pytest.mark.parametrize(
        "wrong",
        [
            *({"id": None}, {"id": ""}, {"id": "x" * 600}, {"from": None}, {"timestamp": None}, {"timestamp": -1}),
            *({"timestamp": "1795132801"}, {"timestamp": True}, {"timestamp": 10**15}),
            {"from": "120363000000000000@g.us", "participant": None},
        ],
    )
    def test_a_bad_one_is_kept(self, wrong: dict[str, Any]) -> None:
        found = parse("message", {**SAID, **wrong})
        assert isinstance(found, BadItem)
        assert found.raw["payload"]["body"] == "rekap hari ini"


class TestReceipts:
    @pytest.mark.parametrize("event", ["message.ack", "message.ack.group"])
    @pytest.mark.parametrize(
        ("ack", "receipt"), [(1, Receipt.SENT), (2, Receipt.DELIVERED), (3, Receipt.READ), (4, Receipt.READ)]
    )
    def test_acks(self, event: str, ack: int, receipt: Receipt) -> None:
        assert ack in SPEC["WAMessageAckBody"]["properties"]["ack"]["enum"]
        found = parse(event, {"id": "true_6281@c.us_3EB0AA", "fromMe": True, "ack": ack})
        assert found == ReceiptEvent("3EB0AA", receipt, AT.replace(microsecond=250_000))

    def test_an_error_is_a_failure(self) -> None:
        found = parse("message.ack", {"id": "true_6281@c.us_3EB0AA", "fromMe": True, "ack": -1})
        assert found.receipt is Receipt.FAILED
        assert isinstance(found.failure, Failed)
        assert found.failure.action is Action.DEAD

    def test_the_id_is_the_one_of_the_answer(self) -> None:
        for form in ("true_6281@c.us_3EB0AA", "true_23456@lid_3EB0AA", "true_1203@g.us_3EB0AA_6281@c.us", "3EB0AA"):
            assert parse("message.ack", {"id": form, "fromMe": True, "ack": 2}).message_id == "3EB0AA"

    def test_waiting_is_no_receipt(self) -> None:
        assert parse("message.ack", {"id": "true_6281@c.us_3EB0AA", "ack": 0}).name == "ack.pending"
        assert parse("message.ack", {"id": "true_6281@c.us_3EB0AA", "ack": 9}).name == "ack"

    def test_acks_of_what_others_sent(self) -> None:
        assert parse("message.ack", {"id": "false_6281@c.us_3EB0AA", "fromMe": False, "ack": 3}).name == "ack.of_theirs"

    @pytest.mark.parametrize("wrong", [{"id": None}, {"ack": "3"}, {"ack": None}, {"ack": True}])
    def test_a_bad_one_is_kept(self, wrong: dict[str, Any]) -> None:
        assert isinstance(parse("message.ack", {"id": "true_6281@c.us_3EB0AA", "ack": 3, **wrong}), BadItem)

    def test_an_ack_without_a_time(self) -> None:
        assert isinstance(parse("message.ack", {"id": "true_6281@c.us_3EB0AA", "ack": 3}, timestamp=None), BadItem)


class TestOthers:
    @pytest.mark.parametrize("status", SPEC["WASessionStatusBody"]["properties"]["status"]["enum"])
    def test_session_states(self, status: str) -> None:
        found = parse("session.status", {"name": "default", "status": status})
        assert (found.name, found.raw["state"], found.raw["ready"]) == ("session", status, status == "WORKING")

    def test_another_session_is_kept_apart(self) -> None:
        assert parse("message", SAID, session="other").name == "other_session"

    @pytest.mark.parametrize("event", ["presence.update", "message.revoked", "call.received", "x" * 500])
    def test_anything_else_is_kept_whole(self, event: str) -> None:
        found = parse(event, {"a": 1})
        assert found == OtherEvent(event[:64], found.raw)
        assert found.raw["payload"] == {"a": 1}

    @pytest.mark.parametrize(("event", "payload"), [(None, SAID), (5, SAID), ("message", None), ("session.status", {})])
    def test_what_is_no_event(self, event: Any, payload: Any) -> None:
        assert isinstance(parse(event, payload), BadItem)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = {
    "id": st.sampled_from([SAID["id"], "3EB0AA", {"id": "3EB0AA"}]),
    "from": st.sampled_from([SAID["from"], IN_GROUP["from"], "23456789012345@lid"]),
    "timestamp": st.just(MS),
    "ack": st.sampled_from([-1, 0, 3]),
    "status": st.just("WORKING"),
    "media": st.just({"mimetype": "image/png"}),
    **{key: st.nothing() for key in ("participant", "author", "body", "hasMedia", "_data", "location", "vCards")},
}
PAYLOAD = st.fixed_dictionaries({}, optional={key: good | JSON for key, good in FIELDS.items()})


@settings(max_examples=150)
@given(
    event=st.sampled_from(["message", "message.any", "message.ack", "message.reaction", "session.status"]) | JSON,
    payload=PAYLOAD | JSON,
    timestamp=st.just(MS) | JSON,
)
def test_anything_becomes_one_event(event: Any, payload: Any, timestamp: Any) -> None:
    found = parse(event, payload, timestamp=timestamp)
    repr(found).encode()
    assert (getattr(found, "at", None) or AT).tzinfo is UTC


@given(JSON)
def test_any_object_is_read(value: Any) -> None:
    if isinstance(value, dict):
        assert RECEIVER.parse(json.dumps(value).encode())
