"""wwebjs-api's webhooks: every one that was recorded, and those that were not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.message import Receipt
from wa_integrasi.providers.base import BadItem, MessageEvent, OtherEvent, ReceiptEvent, SignatureError
from wa_integrasi.providers.wwebjs import WwebjsReceiver

RECORDED = json.loads((Path(__file__).parent / "recorded/wwebjs.json").read_text())["webhooks"]
NOW = datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)
AT = datetime.fromtimestamp(1795195181, UTC)
RECEIVER = WwebjsReceiver("testkey", "abc", lambda: NOW)
PERSON, GROUP = "6289900000001@c.us", "120363000000000000@g.us"


def parse(kind: Any, data: Any, session: Any = "abc") -> Any:
    (found,) = RECEIVER.parse(json.dumps({"dataType": kind, "data": data, "sessionId": session}).encode())
    return found


def recorded(kind: str) -> list[Any]:
    bodies = [json.loads(each["body"]) for each in RECORDED]
    return [parse(body["dataType"], body.get("data")) for body in bodies if body["dataType"] == kind]


def said(**changes: Any) -> dict[str, Any]:
    key = {"fromMe": False, "remote": PERSON, "id": "3EB0AA", "_serialized": f"false_{PERSON}_3EB0AA"}
    message = {"id": key, "type": "chat", "body": "rekap", "timestamp": 1795195181, "from": PERSON, "fromMe": False}
    return {"message": {**message, **changes}}


class TestRecorded:
    def test_every_webhook_is_verified_and_read(self) -> None:
        for each in RECORDED:
            body = each["body"].encode()
            (found,) = RECEIVER.parse(RECEIVER.verify(each["headers"], body))
            assert not isinstance(found, BadItem)

    @pytest.mark.parametrize("kind", ["message", "message_create"])
    def test_messages(self, kind: str) -> None:
        found = [each for each in recorded(kind) if isinstance(each, MessageEvent)]
        assert [(each.message_id, each.sender, each.chat, each.text) for each in found] == [
            ("3EB0STUB1003", "+6289900000001", "+6289900000001", "rekap hari ini"),
            ("3EB0STUB1004", "+6289900000001", GROUP, "!status mill1"),
        ]
        assert {(each.kind, each.at) for each in found} == {("text", AT)}
        assert [each.quote_id for each in found] == [
            f"false_{PERSON}_3EB0STUB1003",
            f"false_{GROUP}_3EB0STUB1004_{PERSON}",
        ]

    @pytest.mark.parametrize(
        ("changes", "mentions_us"),
        [
            ({"mentionedIds": ["6281100000001@c.us"]}, True),
            ({"mentionedIds": [{"server": "c.us", "user": "62811", "_serialized": "6281100000001@c.us"}]}, True),
            ({"to": "99887766554:3@lid", "mentionedIds": ["99887766554@lid"]}, True),
            ({"mentionedIds": ["6289900000001@c.us", "99887766554@lid"]}, False),
            ({"mentionedIds": {}}, False),
            ({}, False),
        ],
    )
    def test_a_mention_in_a_recorded_group_message(self, changes: dict[str, Any], mentions_us: bool) -> None:
        bodies = [json.loads(each["body"]) for each in RECORDED]
        messages = [body["data"]["message"] for body in bodies if body["dataType"] == "message"]
        [message] = [message for message in messages if message["from"] == GROUP]
        assert parse("message", {"message": message | changes}).mentions_us is mentions_us

    def test_our_own_are_no_messages(self) -> None:
        own = [each for each in recorded("message_create") if not isinstance(each, MessageEvent)]
        assert [each.name for each in own] == ["own_message"] * 2

    def test_receipts_by_the_ids_of_the_answers(self) -> None:
        steps = [Receipt.SENT, Receipt.DELIVERED, Receipt.READ]
        assert recorded("message_ack") == [
            ReceiptEvent(message_id, receipt, NOW)
            for message_id in ("3EB0STUB1001", "3EB0STUB1002")
            for receipt in steps
        ]

    def test_the_session(self) -> None:
        kinds = ("qr", "code", "authenticated", "ready", "change_state", "disconnected")
        found = [each for kind in kinds for each in recorded(kind)]
        assert {each.name for each in found} == {"session"}
        assert [(each.raw["state"], each.raw["ready"]) for each in found] == [
            ("QR", False),
            ("PAIRING_CODE", False),
            ("AUTHENTICATED", False),
            ("CONNECTED", True),
            ("UNPAIRED", False),
            ("UNPAIRED", False),
        ]


class TestOthers:
    @pytest.mark.parametrize(
        ("kind", "data", "state", "ready"),
        [
            ("change_state", {"state": "CONNECTED"}, "CONNECTED", True),
            ("disconnected", {"reason": "LOGOUT"}, "LOGOUT", False),
            ("disconnected", {"reason": "CONNECTED"}, "CONNECTED", False),
            ("disconnected", None, "DISCONNECTED", False),
            ("status", {"msg": "bad session"}, "AUTH_FAILURE", False),
        ],
    )
    def test_session_states(self, kind: str, data: Any, state: str, ready: bool) -> None:
        found = parse(kind, data)
        assert (found.name, found.raw["state"], found.raw["ready"]) == ("session", state, ready)

    def test_reaction(self) -> None:
        reaction = {
            "id": {"fromMe": False, "remote": GROUP, "id": "3EB0CC", "_serialized": f"false_{GROUP}_3EB0CC_{PERSON}"},
            "timestamp": 1795195181,
            "reaction": "👍",
            "senderId": PERSON,
            "msgId": {"fromMe": True, "remote": GROUP, "id": "3EB0STUB1002"},
        }
        found = parse("message_reaction", {"reaction": reaction})
        assert (found.kind, found.message_id, found.sender, found.chat) == (
            "reaction",
            "3EB0CC",
            "+6289900000001",
            GROUP,
        )
        own = {**reaction, "id": {**reaction["id"], "fromMe": True}}
        assert parse("message_reaction", {"reaction": own}).name == "own_message"

    @pytest.mark.parametrize(
        ("web_type", "kind", "text"),
        [
            *(("image", "image", "rekap"), ("document", "document", "rekap"), ("ptt", "audio", None)),
            *(("vcard", "contacts", None), ("location", "location", None), ("sticker", "sticker", None)),
        ],
    )
    def test_kinds(self, web_type: str, kind: str, text: str | None) -> None:
        found = parse("message", said(type=web_type))
        assert (found.kind, found.text) == (kind, text)

    @pytest.mark.parametrize("web_type", ["e2e_notification", "call_log", "ciphertext", "revoked", "gp2", "new"])
    def test_notices_are_no_messages(self, web_type: str) -> None:
        assert parse("message", said(type=web_type)).name == f"message.{web_type}"

    def test_an_id_without_its_serialized_form(self) -> None:
        found = parse("message", said(id={"fromMe": False, "remote": PERSON, "id": "3EB0AA"}))
        assert (found.message_id, found.quote_id) == ("3EB0AA", None)

    def test_broadcasts_are_for_nobody_to_answer(self) -> None:
        assert parse("message", said(**{"from": "status@broadcast"})).name == "message.broadcast"

    def test_an_error_is_a_failure(self) -> None:
        found = parse("message_ack", {**said(fromMe=True), "ack": -1})
        assert found.receipt is Receipt.FAILED
        assert found.failure.code == "ack_error"

    def test_the_number_beside_the_message_counts(self) -> None:
        assert parse("message_ack", {**said(fromMe=True, ack=1), "ack": 3}).receipt is Receipt.READ
        assert parse("message_ack", said(fromMe=True, ack=1)).receipt is Receipt.SENT
        assert parse("message_ack", {**said(fromMe=True), "ack": 0}).name == "ack.pending"
        assert parse("message_ack", {**said(), "ack": 3}).name == "ack.of_theirs"

    def test_another_session_is_kept_apart(self) -> None:
        assert parse("message", said(), "other").name == "other_session"

    @pytest.mark.parametrize("kind", ["media", "group_join", "message_revoke_everyone", "x" * 500])
    def test_anything_else_is_kept_whole(self, kind: str) -> None:
        found = parse(kind, {"a": 1})
        assert isinstance(found, OtherEvent)
        assert (found.name, found.raw["data"]) == (kind[:64], {"a": 1})

    @pytest.mark.parametrize(
        ("kind", "data"),
        [
            *((None, {}), (5, {}), ("message", None), ("message", {"message": []}), ("message_ack", {"ack": 3})),
            *(("message", said(id=None)), ("message", said(type=None)), ("message", said(timestamp="soon"))),
            *(("message", said(**{"from": GROUP})), ("message", said(**{"from": None}))),
            *(("message_ack", {**said(), "ack": "3"}), ("message_reaction", {"reaction": {"id": {}}})),
        ],
    )
    def test_a_bad_one_is_kept(self, kind: Any, data: Any) -> None:
        if kind == "message_ack" and data.get("message"):
            data["message"]["fromMe"] = True
        assert isinstance(parse(kind, data), BadItem)


class TestKey:
    @pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"x-api-key": "testke"}, {"x-api-key": "testkeys"}])
    def test_a_wrong_key_is_refused(self, headers: dict[str, str]) -> None:
        with pytest.raises(SignatureError) as refused:
            RECEIVER.verify(headers, b"{}")
        assert "testke" not in str(refused.value)

    @pytest.mark.parametrize("wrong", [("", "abc"), ("key", "a/b")])
    def test_it_must_have_a_key_and_a_session(self, wrong: tuple[str, str]) -> None:
        with pytest.raises(ValueError):
            WwebjsReceiver(*wrong)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = {
    "id": st.sampled_from([said()["message"]["id"], "3EB0AA"]),
    "from": st.sampled_from([PERSON, GROUP]),
    "type": st.sampled_from(["chat", "image"]),
    "timestamp": st.just(1795195181),
    **{key: st.nothing() for key in ("author", "body", "fromMe", "ack", "senderId")},
}
ITEM = st.fixed_dictionaries({}, optional={key: good | JSON for key, good in FIELDS.items()})
DATA = st.fixed_dictionaries({}, optional=dict.fromkeys(("message", "reaction", "ack", "state"), ITEM | JSON))
KINDS = ["message", "message_create", "message_ack", "message_reaction", "change_state", "disconnected", "qr"]


@settings(max_examples=150)
@given(kind=st.sampled_from(KINDS) | JSON, data=DATA | JSON)
def test_anything_becomes_one_event(kind: Any, data: Any) -> None:
    found = parse(kind, data)
    repr(found).encode()
    assert (getattr(found, "at", None) or AT).tzinfo is UTC


@given(JSON)
def test_any_object_is_read(value: Any) -> None:
    if isinstance(value, dict):
        assert RECEIVER.parse(json.dumps(value).encode())
