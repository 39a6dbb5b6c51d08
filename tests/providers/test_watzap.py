"""Watzap's requests, its answers, its session and its unsigned webhooks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.channels import WATZAP_KEYS, WATZAP_MESSAGE, WATZAP_TOKEN
from wa_integrasi.content import Content, Document, Image, Template, Text
from wa_integrasi.providers.base import (
    Accepted,
    Action,
    BadItem,
    Failed,
    MessageEvent,
    OtherEvent,
    Outbound,
    SessionState,
    SignatureError,
    Unanswered,
)
from wa_integrasi.providers.watzap import WatzapConfig, WatzapSender
from wa_integrasi.providers.watzap_webhook import WatzapReceiver
from wa_integrasi.recipient import Recipient

SITI = Recipient.parse("+6281234567890")
GROUP = Recipient.parse("120363041234567890@g.us")
RECEIVER = WatzapReceiver(WATZAP_TOKEN)
KEYS = {"api_key": WATZAP_KEYS[0], "number_key": WATZAP_KEYS[1]}


def config(**changes: Any) -> WatzapConfig:
    return WatzapConfig(**{**KEYS, **changes})


async def ask(start: Any, answered: Any, recipient: Recipient = SITI, content: Content | None = None) -> Any:
    """The outcome of a message, and the requests."""
    server = await start(answered)
    async with WatzapSender(config(api_url=f"{server.url}/v1")) as sender:
        outcome = await sender.send(Outbound(recipient, content or Text(body="Halo"), "attempt-1"))
    return outcome, server.requests


class TestRequest:
    @pytest.mark.parametrize(
        ("recipient", "content", "path", "fields"),
        [
            (SITI, Text(body="Halo 🙂"), "send_message", {"phone_no": "6281234567890", "message": "Halo 🙂"}),
            (GROUP, Text(body="x"), "send_message_group", {"group_id": "120363041234567890@g.us", "message": "x"}),
            (
                SITI,
                Image(link="https://x/a.png", caption="c"),
                "send_image_url",
                {"phone_no": "6281234567890", "url": "https://x/a.png", "message": "c", "separate_caption": "0"},
            ),
            (
                GROUP,
                Image(link="https://x/a.png"),
                "send_image_group",
                {
                    "group_id": "120363041234567890@g.us",
                    "url": "https://x/a.png",
                    "message": "",
                    "separate_caption": "0",
                },
            ),
            (
                SITI,
                Document(link="https://x/a.pdf", filename="a.pdf"),
                "send_file_url",
                {"phone_no": "6281234567890", "url": "https://x/a.pdf"},
            ),
            (
                GROUP,
                Document(link="https://x/a.pdf", filename="a.pdf", caption="c"),
                "send_file_group",
                {"group_id": "120363041234567890@g.us", "url": "https://x/a.pdf", "message": "c"},
            ),
        ],
    )
    async def test_path_and_fields(
        self, start: Any, answer: Any, recipient: Recipient, content: Content, path: str, fields: dict[str, str]
    ) -> None:
        outcome, (request,) = await ask(start, answer(200, {"status": "200"}), recipient, content)
        assert outcome == Accepted("watzap:attempt-1")
        assert request.line == f"POST /v1/{path} HTTP/1.1"
        assert request.json == {**KEYS, **fields, "wait_until_send": "1"}

    async def test_it_need_not_wait_for_the_phone(self, start: Any, answer: Any) -> None:
        server = await start(answer(200, {"status": "200"}))
        async with WatzapSender(config(api_url=server.url, wait_until_send=False)) as sender:
            await sender.send(Outbound(SITI, Text(body="x"), "a"))
        assert "wait_until_send" not in server.requests[0].json

    @pytest.mark.parametrize("content", [Image(media_id="1"), Template(name="rekap", language="id")])
    async def test_what_it_cannot_send_is_refused_unsent(self, start: Any, answer: Any, content: Content) -> None:
        outcome, requests = await ask(start, answer(200, {"status": "200"}), content=content)
        assert (outcome.action, outcome.code) == (Action.DEAD, "content")
        assert not requests

    @pytest.mark.parametrize("wrong", [{"api_key": ""}, {"number_key": "two words"}, {"api_url": "api.watzap.id"}])
    def test_wrong_configuration_says_what_is_right(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(wrong))):
            config(**wrong)

    def test_the_keys_are_not_shown(self) -> None:
        assert not [key for key in WATZAP_KEYS if key in repr(config())]


class TestAnswers:
    @pytest.mark.parametrize(
        ("status", "action"),
        [
            *(("1002", Action.HOLD_ACCOUNT), ("1003", Action.HOLD_ACCOUNT), ("1004", Action.HOLD_ACCOUNT)),
            *(("1005", Action.DEAD), ("1006", Action.RETRY), ("1099", Action.RETRY), (1002, Action.HOLD_ACCOUNT)),
        ],
    )
    async def test_refusals(self, start: Any, answer: Any, status: Any, action: Action) -> None:
        refusal = {"status": status, "message": "Invalid", "ack": "error"}
        outcome, _ = await ask(start, answer(200, refusal))
        assert outcome == Failed(action, str(status), "Invalid")

    async def test_the_status_in_the_body_counts_whatever_http_says(self, start: Any, answer: Any) -> None:
        outcome, _ = await ask(start, answer(500, {"status": "1004", "message": "Pairing failed"}))
        assert outcome == Failed(Action.HOLD_ACCOUNT, "1004", "Pairing failed")
        outcome, _ = await ask(start, answer(404, {"status": "200"}))
        assert outcome.action is Action.HOLD_ACCOUNT

    async def test_a_number_is_a_status_too(self, start: Any, answer: Any) -> None:
        assert (await ask(start, answer(200, {"status": 200})))[0] == Accepted("watzap:attempt-1")

    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"OK", b"{}", b"[]", b'{"status": null}', b'{"status": true}', b'{"status": "sent"}'),
            *(b'{"status": "202"}', b'{"status": "500"}', b'{"status": "200", "ack": "fatal_error"}'),
        ],
    )
    async def test_what_says_neither_yes_nor_no(self, start: Any, answer: Any, body: bytes) -> None:
        outcome, _ = await ask(start, answer(200, body))
        assert isinstance(outcome, Unanswered)


def licence(**changes: Any) -> dict[str, Any]:
    return {"id": "1", "key": WATZAP_KEYS[1], "wa_number": "62215", "is_connected": True, **changes}


class TestSession:
    async def session(self, start: Any, answered: Any) -> Any:
        server = await start(answered)
        async with WatzapSender(config(api_url=f"{server.url}/v1")) as sender:
            state = await sender.session()
        (request,) = server.requests
        assert request.line == "POST /v1/checking_key HTTP/1.1"
        assert request.json == {"api_key": WATZAP_KEYS[0]}
        return state

    @pytest.mark.parametrize(
        ("licences", "state"),
        [
            ([licence(key="other"), licence()], SessionState(True, "CONNECTED")),
            ([licence(is_connected=False)], SessionState(False, "DISCONNECTED")),
            ([licence(is_connected="true")], SessionState(False, "DISCONNECTED")),
        ],
    )
    async def test_the_state_of_its_own_number(self, start: Any, answer: Any, licences: Any, state: Any) -> None:
        said = {"data": {"licenses_key": licences}, "status": True, "message": "Successfully"}
        assert await self.session(start, answer(200, said)) == state

    async def test_a_number_of_somebody_else_holds_the_account(self, start: Any, answer: Any) -> None:
        for licences in ([], [licence(key="other")], [5, {"key": None}]):
            state = await self.session(start, answer(200, {"data": {"licenses_key": licences}}))
            assert (state.action, state.code) == (Action.HOLD_ACCOUNT, "1003")

    async def test_a_wrong_key_holds_the_account(self, start: Any, answer: Any) -> None:
        state = await self.session(start, answer(200, {"status": "1002", "message": "Invalid API key"}))
        assert state == Failed(Action.HOLD_ACCOUNT, "1002", "Invalid API key")

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b'{"data": []}', b'{"data": {}, "status": true}', b'{"status":"200"}']
    )
    async def test_nothing_said(self, start: Any, answer: Any, body: bytes) -> None:
        assert isinstance(await self.session(start, answer(200, body)), Unanswered)

    async def test_pairing_is_done_elsewhere(self) -> None:
        assert isinstance(await WatzapSender(config()).restart(), Failed)


def read(envelope: Any = WATZAP_MESSAGE, **changes: Any) -> Any:
    changed = {**envelope, "data": {**envelope["data"], **changes}}
    (event,) = RECEIVER.parse(json.dumps(changed).encode())
    return event


class TestWebhook:
    def test_message(self) -> None:
        event = read()
        assert event == MessageEvent(
            "wamid.2",
            "+6281234567890",
            datetime(2026, 11, 20, 0, 0, 1, tzinfo=UTC),
            "text",
            "rekap",
            WATZAP_MESSAGE["data"],  # type: ignore[arg-type]
        )

    @pytest.mark.parametrize(
        ("chat", "sender"),
        [
            ("6281234567890", "+6281234567890"),
            ("14155238886", "+14155238886"),
            ("081234567890", "+6281234567890"),
            ("6281234567890@s.whatsapp.net", "+6281234567890"),
            ("120363041234567890@g.us", "120363041234567890@g.us"),
        ],
    )
    def test_chats(self, chat: str, sender: str) -> None:
        assert read(chat_id=chat).sender == sender

    @pytest.mark.parametrize(
        ("changes", "kind"),
        [
            ({"has_media": True, "media_mime": "image/jpeg"}, "image"),
            ({"has_media": True, "media_mime": "application/pdf"}, "document"),
            ({"has_media": True, "media_mime": None}, "document"),
            ({"location_attached": {"lat": -6.2, "lng": 106.8}}, "location"),
        ],
    )
    def test_kinds(self, changes: dict[str, Any], kind: str) -> None:
        assert read(**changes).kind == kind

    def test_milliseconds_are_understood(self) -> None:
        assert read(timestamp=1795132801000).at == read(timestamp="1795132801").at

    def test_what_we_wrote_ourselves_is_no_message(self) -> None:
        assert isinstance(read(is_from_me=True), OtherEvent)

    def test_other_webhooks_are_kept(self) -> None:
        assert RECEIVER.parse(b'{"type": "status_change", "x": 1}')[0].name == "status_change"  # type: ignore[union-attr]

    @pytest.mark.parametrize(
        "changes",
        [{"message_id": None}, {"message_id": ""}, {"chat_id": "XXX"}, {"chat_id": 5}, {"timestamp": "now"}],
    )
    def test_one_that_makes_no_sense(self, changes: dict[str, Any]) -> None:
        assert isinstance(read(**changes), BadItem)

    @pytest.mark.parametrize("body", [b"{}", b'{"type": 5}', b'{"type": "incoming_chat", "data": []}'])
    def test_no_data(self, body: bytes) -> None:
        assert isinstance(RECEIVER.parse(body)[0], BadItem)

    @pytest.mark.parametrize(
        "query",
        [
            *("", "token=", "token", f"Token={WATZAP_TOKEN}", f"x={WATZAP_TOKEN}", f"token={WATZAP_TOKEN}%00"),
            *(f"token=guess&token={WATZAP_TOKEN}", "&" * 1000 + f"token={WATZAP_TOKEN}", "a=1&" * 100),
        ],
    )
    def test_only_the_token_opens(self, query: str) -> None:
        with pytest.raises(SignatureError) as refused:
            RECEIVER.verify({}, b"{}", query)
        assert WATZAP_TOKEN not in str(refused.value)

    @pytest.mark.parametrize("token", ["", "short", "with spaces in it and long", "ü" * 20])
    def test_a_token_that_could_be_guessed_is_refused(self, token: str) -> None:
        with pytest.raises(ValueError, match="token must be"):
            WatzapReceiver(token)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
DATA = st.dictionaries(st.sampled_from(sorted(WATZAP_MESSAGE["data"])), SCALARS)  # type: ignore[call-overload]


@given(st.one_of(SCALARS, DATA, st.lists(SCALARS)))
def test_anything_is_read(data: Any) -> None:
    (event,) = RECEIVER.parse(json.dumps({"type": "incoming_chat", "data": data}).encode())
    assert isinstance(event, MessageEvent | OtherEvent | BadItem)
