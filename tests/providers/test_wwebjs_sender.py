"""wwebjs-api's requests, every answer that was recorded of it, and its session."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from wa_integrasi.content import Document, Image, Reaction, Template, Text
from wa_integrasi.providers.base import Accepted, Action, Failed, Outbound, SessionState, Unanswered
from wa_integrasi.providers.wwebjs import WwebjsConfig, WwebjsSender
from wa_integrasi.recipient import Recipient

HERE = Path(__file__).parent
SPEC = json.loads((HERE / "specs/wwebjs.json").read_text())
RECORDED = json.loads((HERE / "recorded/wwebjs.json").read_text())["answers"]
SENDING = "/client/sendMessage/{sessionId}"
PERSON = Recipient.parse("+6281288888888")
GROUP = Recipient.parse("120363000000000000@g.us")
IMAGE = Image(link="http://127.0.0.1:9/none.png", caption="grafik")


def outbound(content: Any = None, recipient: Recipient = PERSON, **others: Any) -> Outbound:
    return Outbound(recipient, content or Text(body="hi"), "f00d.17", **others)


async def send(wwebjs: Any, server: Any, message: Outbound | None = None) -> Any:
    async with wwebjs.sender(server.url, 5, 5) as sender:
        return await sender.send(message or outbound())


def check(route: str, value: Any) -> None:
    """Valid by its OpenAPI description, but that it calls `content` an object and means a string too."""
    schema = json.loads(json.dumps(SPEC["requests"][route]["schema"]))
    schema["properties"].pop("content", None)
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)
    assert value.keys() <= {*SPEC["requests"][route]["schema"]["properties"], "mediaFromURLOptions"}


class TestRequest:
    async def test_text(self, wwebjs: Any, wwebjs_server: Any) -> None:
        await send(wwebjs, wwebjs_server)
        (request,) = wwebjs_server.requests
        assert request.line == "POST /client/sendMessage/default HTTP/1.1"
        assert request.headers["x-api-key"] == wwebjs.secrets[0]
        check(SENDING, request.json)
        assert request.json == {
            "chatId": "6281288888888@c.us",
            "contentType": "string",
            "content": "hi",
            "options": {"linkPreview": False},
        }

    @pytest.mark.parametrize("chat", ["120363000000000000@g.us", "23456789012345@lid"])
    async def test_chats(self, wwebjs: Any, wwebjs_server: Any, chat: str) -> None:
        await send(wwebjs, wwebjs_server, outbound(recipient=Recipient.parse(chat)))
        assert wwebjs_server.requests[0].json["chatId"] == chat

    async def test_image(self, wwebjs: Any, wwebjs_server: Any) -> None:
        await send(wwebjs, wwebjs_server, outbound(IMAGE))
        (request,) = wwebjs_server.requests
        check(SENDING, request.json)
        assert request.json["contentType"] == "MessageMediaFromURL"
        assert request.json["content"] == IMAGE.link
        assert request.json["options"] == {"caption": "grafik"}

    async def test_document(self, wwebjs: Any, wwebjs_server: Any) -> None:
        await send(wwebjs, wwebjs_server, outbound(Document(link="https://x.id/f", filename="rekap.pdf")))
        (request,) = wwebjs_server.requests
        check(SENDING, request.json)
        assert request.json["options"]["sendMediaAsDocument"] is True
        assert request.json["mediaFromURLOptions"] == {"filename": "rekap.pdf"}

    async def test_a_quote_that_is_gone_does_not_stop_the_message(self, wwebjs: Any, wwebjs_server: Any) -> None:
        await send(wwebjs, wwebjs_server, outbound(reply_to="3EB0AA"))
        options = wwebjs_server.requests[0].json["options"]
        assert options["quotedMessageId"] == "false_6281288888888@c.us_3EB0AA"
        assert options["ignoreQuoteErrors"] is True

    async def test_reaction(self, wwebjs: Any, wwebjs_server: Any, answer: Any) -> None:
        wwebjs_server.then(answer(200, {"success": True}))
        message_id = "false_120363000000000000@g.us_3EB0AA_6281288888888@c.us"
        outcome = await send(wwebjs, wwebjs_server, outbound(Reaction(message_id=message_id, emoji="👍"), GROUP))
        assert isinstance(outcome, Accepted)
        (request,) = wwebjs_server.requests
        assert request.line == "POST /message/react/default HTTP/1.1"
        check("/message/react/{sessionId}", request.json)
        assert request.json == {"chatId": "120363000000000000@g.us", "messageId": "3EB0AA", "reaction": "👍"}

    @pytest.mark.parametrize(
        ("content", "code"),
        [(Image(media_id="7"), "media_id"), (Template(name="rekap", language="id"), "content")],
    )
    async def test_what_it_cannot_send_is_refused_unsent(
        self, wwebjs: Any, wwebjs_server: Any, content: Any, code: str
    ) -> None:
        outcome = await send(wwebjs, wwebjs_server, outbound(content))
        assert (outcome.action, outcome.code) == (Action.DEAD, code)
        assert not wwebjs_server.requests

    async def test_it_promises_no_safe_resend(self) -> None:
        assert not WwebjsSender.capabilities.looks_up
        assert not WwebjsSender.capabilities.echoes_attempt

    def test_the_key_is_not_shown(self) -> None:
        assert "s3cret" not in repr(WwebjsConfig("http://wwebjs", "s3cret"))


OUTCOMES = [
    Failed(Action.HOLD_ACCOUNT, "session_not_connected", "session_not_connected"),
    Accepted("3EB0STUB1001"),
    Accepted("3EB0STUB1002"),
    Unanswered("HTTP 200 without a message"),
    Unanswered("HTTP 500: Evaluation stub failure"),
    Failed(Action.DEAD, "http_400", "invalid contentType"),
    Failed(Action.DEAD, "http_400", "invalid contentType"),
    Failed(Action.RETRY, "media", "wwebjs-api could not fetch the file"),
    Failed(Action.HOLD_ACCOUNT, "http_404", "browser tab closed"),
]
SENT = [each for each in RECORDED if each["path"].startswith("/client/sendMessage/")]


class TestAnswers:
    @pytest.mark.parametrize(("recorded", "outcome"), list(zip(SENT, OUTCOMES, strict=True)))
    async def test_every_recorded_answer(
        self, wwebjs: Any, wwebjs_server: Any, answer: Any, recorded: dict[str, Any], outcome: Any
    ) -> None:
        wwebjs_server.then(answer(recorded["status"], recorded["answer"].encode()))
        media = recorded["request"].get("contentType") == "MessageMediaFromURL"
        recipient = GROUP if "@g.us" in recorded["request"].get("chatId", "") else PERSON
        assert await send(wwebjs, wwebjs_server, outbound(IMAGE if media else None, recipient)) == outcome

    async def test_a_text_that_looks_like_a_fetch_is_not_taken_for_one(
        self, wwebjs: Any, wwebjs_server: Any, answer: Any
    ) -> None:
        wwebjs_server.then(answer(500, {"success": False, "error": "request to http://x failed, reason: reset"}))
        assert isinstance(await send(wwebjs, wwebjs_server), Unanswered)

    @pytest.mark.parametrize(
        ("status", "body", "action", "code"),
        [
            (403, {"success": False, "error": "Invalid API key"}, Action.HOLD_ACCOUNT, "http_403"),
            (404, {"success": False, "error": "session_not_found"}, Action.HOLD_ACCOUNT, "session_not_found"),
            (404, b"<!DOCTYPE html><pre>Cannot POST</pre>", Action.HOLD_ACCOUNT, "http_404"),
            (400, b"<!DOCTYPE html><pre>SyntaxError</pre>", Action.DEAD, "http_400"),
            (
                422,
                {"success": False, "error": "Session should be alphanumerical or -"},
                Action.HOLD_ACCOUNT,
                "http_422",
            ),
            (429, b"Too many requests", Action.RETRY, "http_429"),
        ],
    )
    async def test_errors(
        self, wwebjs: Any, wwebjs_server: Any, answer: Any, status: int, body: Any, action: Action, code: str
    ) -> None:
        wwebjs_server.then(answer(status, body))
        outcome = await send(wwebjs, wwebjs_server)
        assert (outcome.action, outcome.code) == (action, code)

    async def test_a_reaction_to_what_is_not_there(self, wwebjs: Any, wwebjs_server: Any, answer: Any) -> None:
        wwebjs_server.then(answer(500, {"success": False, "error": "Message not found"}))
        outcome = await send(wwebjs, wwebjs_server, outbound(Reaction(message_id="3EB0AA", emoji="👍")))
        assert (outcome.action, outcome.code) == (Action.DEAD, "message_not_found")

    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"{}", b"[]", b'{"success": false, "error": "x"}', b'{"success": true, "message": null}'),
            *(b'{"success": true, "message": {"id": null}}', b'{"success": true, "message": {"id": {"id": 5}}}'),
        ],
    )
    async def test_success_that_names_no_message(
        self, wwebjs: Any, wwebjs_server: Any, answer: Any, body: bytes
    ) -> None:
        wwebjs_server.then(answer(200, body))
        assert isinstance(await send(wwebjs, wwebjs_server), Unanswered)


def recorded_answer(path: str, nth: int = 0) -> tuple[int, bytes]:
    found = [each for each in RECORDED if each["path"] == path]
    return found[nth]["status"], found[nth]["answer"].encode()


STATUS, QR = "/session/status/abc", "/session/qr/abc"
UNKNOWN = (200, b'{"success":false,"state":null,"message":"session_not_found"}')
STARTED = recorded_answer("/session/start/abc")
CONNECTED = recorded_answer(STATUS, 1)
CODE = json.loads(recorded_answer(QR)[1])["qr"]


class TestSession:
    @staticmethod
    async def ask(wwebjs: Any, server: Any, what: str) -> tuple[Any, list[str]]:
        async with wwebjs.sender(server.url, 5, 5) as sender:
            outcome = await getattr(sender, what)()
        asked = [request.line.split()[1] for request in server.requests]
        assert {path.replace("/default", "/{sessionId}") for path in asked} <= set(SPEC["session_routes"])
        return outcome, [path.split("/")[2] for path in asked]

    @pytest.mark.parametrize(
        ("answers", "state"),
        [
            ([CONNECTED], SessionState(True, "CONNECTED")),
            ([recorded_answer(STATUS), recorded_answer(QR)], SessionState(False, "UNPAIRED", CODE)),
            ([recorded_answer(STATUS), recorded_answer(QR, 1)], SessionState(False, "UNPAIRED")),
            ([recorded_answer(STATUS, 2)], SessionState(False, "browser tab closed")),
            ([UNKNOWN], SessionState(False, "session_not_found")),
            ([(200, b'{"success":true,"state":"OPENING"}')], SessionState(False, "OPENING")),
        ],
    )
    async def test_states(
        self, wwebjs: Any, wwebjs_server: Any, answer: Any, answers: list[Any], state: SessionState
    ) -> None:
        wwebjs_server.then(*(answer(*each) for each in answers))
        outcome, asked = await self.ask(wwebjs, wwebjs_server, "session")
        assert outcome == state
        assert asked == ["status", "qr"][: len(answers)]

    @pytest.mark.parametrize(
        ("answers", "asked"),
        [
            ([CONNECTED, (200, b'{"success":true}'), CONNECTED], ["status", "restart", "status"]),
            ([UNKNOWN, STARTED, CONNECTED], ["status", "start", "status"]),
        ],
    )
    async def test_restart_starts_a_session_that_is_not_there(
        self, wwebjs: Any, wwebjs_server: Any, answer: Any, answers: list[Any], asked: list[str]
    ) -> None:
        wwebjs_server.then(*(answer(*each) for each in answers))
        assert await self.ask(wwebjs, wwebjs_server, "restart") == (SessionState(True, "CONNECTED"), asked)

    async def test_a_start_that_fails(self, wwebjs: Any, wwebjs_server: Any, answer: Any) -> None:
        wwebjs_server.then(answer(*UNKNOWN), answer(*recorded_answer("/session/start/abc", 1)))
        outcome, _ = await self.ask(wwebjs, wwebjs_server, "restart")
        assert outcome == Failed(Action.HOLD_ACCOUNT, "http_422", "Session already exists for: abc")

    @pytest.mark.parametrize("what", ["session", "restart"])
    async def test_no_state(self, wwebjs: Any, wwebjs_server: Any, answer: Any, what: str) -> None:
        wwebjs_server.then(answer(403, {"success": False, "error": "Invalid API key"}), answer(200, b"{}"), "close")
        for kind in (Failed, Unanswered, Unanswered):
            outcome, _ = await self.ask(wwebjs, wwebjs_server, what)
            assert isinstance(outcome, kind)
