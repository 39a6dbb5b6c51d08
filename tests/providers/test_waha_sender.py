"""WAHA's requests, and what to do about each of its answers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jsonschema
import pytest

from wa_integrasi.content import Buttons, Document, Image, Reaction, Text
from wa_integrasi.providers.base import Accepted, Action, Failed, Missing, Outbound, SessionState, Unanswered
from wa_integrasi.providers.waha import WahaConfig
from wa_integrasi.recipient import Recipient

SPEC = json.loads((Path(__file__).parent / "specs/waha.json").read_text())
PERSON = Recipient.parse("+6281234567890")
GROUP = Recipient.parse("120363041234567890@g.us")
LID = Recipient.parse("23456789012345@lid")
SINCE = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
SECONDS = int(SINCE.timestamp())
QUOTED_IN_GROUP = "false_120363041234567890@g.us_3EB0AA_6281234567890@c.us"


def outbound(content: Any = None, recipient: Recipient = PERSON, attempt: str = "f00d.17", **others: Any) -> Outbound:
    return Outbound(recipient, content or Text(body="*Rekap* 🙂"), attempt, **others)


async def send(waha: Any, server: Any, message: Outbound | None = None) -> Any:
    async with waha.sender(server.url, 5, 5) as sender:
        return await sender.send(message or outbound())


def check(schema: str, value: Any) -> None:
    """Valid by WAHA's OpenAPI description, and with no field that it does not know."""
    known = {**SPEC["schemas"][schema], "components": {"schemas": SPEC["schemas"]}}
    jsonschema.validate(value, known, cls=jsonschema.Draft202012Validator)
    assert value.keys() <= known["properties"].keys()


class TestRequest:
    async def test_text(self, waha: Any, waha_server: Any) -> None:
        await send(waha, waha_server)
        (request,) = waha_server.requests
        assert request.line == "POST /api/sendText HTTP/1.1"
        assert request.headers["x-api-key"] == waha.secrets[0]
        assert request.headers["content-type"] == "application/json"
        check("MessageTextRequest", request.json)
        made = request.json.pop("id")
        assert re.fullmatch(r"3EB0[0-9A-F]{18}", made)
        assert {key: value for key, value in request.json.items() if key != "id"} == {
            "session": "default",
            "chatId": "6281234567890@c.us",
            "text": "*Rekap* 🙂",
            "linkPreview": False,
        }

    @pytest.mark.parametrize("recipient", [PERSON, GROUP, LID])
    async def test_chats(self, waha: Any, waha_server: Any, recipient: Recipient) -> None:
        await send(waha, waha_server, outbound(recipient=recipient))
        names = {PERSON: "6281234567890@c.us", GROUP: "120363041234567890@g.us", LID: "23456789012345@lid"}
        assert waha_server.requests[0].json["chatId"] == names[recipient]

    async def test_a_row_that_is_sent_again_has_the_same_id(self, waha: Any, waha_server: Any) -> None:
        for attempt in ("aaaa.17", "bbbb.17", "bbbb.18"):
            await send(waha, waha_server, outbound(attempt=attempt))
        first, again, other = [request.json["id"] for request in waha_server.requests]
        assert first == again != other

    @pytest.mark.parametrize("changed", [{"content": Text(body="other")}, {"recipient": GROUP}])
    async def test_a_row_of_a_new_database_is_not_taken_for_an_old_one(
        self, waha: Any, waha_server: Any, changed: Any
    ) -> None:
        await send(waha, waha_server)
        await send(waha, waha_server, outbound(**changed))
        first, other = [request.json["id"] for request in waha_server.requests]
        assert first != other

    async def test_image(self, waha: Any, waha_server: Any) -> None:
        await send(waha, waha_server, outbound(Image(link="https://x.id/a/b.png?x=1.gif", caption="grafik")))
        (request,) = waha_server.requests
        assert request.line == "POST /api/sendImage HTTP/1.1"
        check("MessageImageRequest", request.json)
        assert request.json["file"] == {"mimetype": "image/png", "url": "https://x.id/a/b.png?x=1.gif"}
        assert request.json["caption"] == "grafik"

    @pytest.mark.parametrize(
        ("filename", "mime_type"),
        [
            ("rekap.PDF", "application/pdf"),
            ("rekap.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ("rekap", "application/octet-stream"),
        ],
    )
    async def test_document(self, waha: Any, waha_server: Any, filename: str, mime_type: str) -> None:
        await send(waha, waha_server, outbound(Document(link="https://x.id/f", filename=filename)))
        (request,) = waha_server.requests
        assert request.line == "POST /api/sendFile HTTP/1.1"
        check("MessageFileRequest", request.json)
        assert request.json["file"] == {"mimetype": mime_type, "filename": filename, "url": "https://x.id/f"}

    @pytest.mark.parametrize(
        ("recipient", "reply_to", "quoted"),
        [
            (PERSON, "3EB0AA", "false_6281234567890@c.us_3EB0AA"),
            (LID, "3EB0AA", "false_23456789012345@lid_3EB0AA"),
            (GROUP, QUOTED_IN_GROUP, QUOTED_IN_GROUP),
            (GROUP, "3EB0AA", "3EB0AA"),
        ],
    )
    async def test_quotes(self, waha: Any, waha_server: Any, recipient: Recipient, reply_to: str, quoted: str) -> None:
        await send(waha, waha_server, outbound(recipient=recipient, reply_to=reply_to))
        assert waha_server.requests[0].json["reply_to"] == quoted

    @pytest.mark.parametrize("emoji", ["👍", ""])
    async def test_reaction(self, waha: Any, waha_server: Any, answer: Any, emoji: str) -> None:
        waha_server.then(answer(200, b""))
        outcome = await send(waha, waha_server, outbound(Reaction(message_id="3EB0AA", emoji=emoji)))
        assert isinstance(outcome, Accepted)  # WEBJS answers nothing at all
        (request,) = waha_server.requests
        assert request.line == "PUT /api/reaction HTTP/1.1"
        check("MessageReactionRequest", request.json)
        assert request.json["messageId"] == "false_6281234567890@c.us_3EB0AA"
        assert request.json["reaction"] == emoji

    @pytest.mark.parametrize(
        ("message", "code"),
        [
            (outbound(Image(media_id="7")), "media_id"),
            (outbound(Buttons(body="b", buttons=({"id": "1", "title": "Ya"},))), "content"),  # type: ignore[arg-type]
            (outbound(Reaction(message_id="3EB0AA", emoji="👍"), GROUP), "message_id"),
        ],
    )
    async def test_what_it_cannot_send_is_refused_unsent(
        self, waha: Any, waha_server: Any, message: Outbound, code: str
    ) -> None:
        outcome = await send(waha, waha_server, message)
        assert (outcome.action, outcome.code) == (Action.DEAD, code)
        assert not waha_server.requests

    @pytest.mark.parametrize(
        "wrong",
        [{"api_url": "waha:3000"}, {"api_key": ""}, {"api_key": "a b"}, {"session": "../keys"}, {"session": ""}],
    )
    def test_wrong_configuration_says_what_is_right(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(wrong))) as error:
            WahaConfig(**{"api_url": "http://waha", "api_key": "s3cret", **wrong})
        assert "s3cret" not in str(error.value)

    def test_the_key_is_not_shown(self) -> None:
        assert "s3cret" not in repr(WahaConfig("http://waha", "s3cret"))


class TestAnswers:
    @pytest.mark.parametrize(
        "message",
        [
            {"id": "true_6281234567890@c.us_3EB0FF"},
            {"id": "true_120363041234567890@g.us_3EB0FF_6281100000001@c.us"},
            {"id": {"fromMe": True, "remote": "6281@c.us", "id": "3EB0FF", "_serialized": "true_6281@c.us_3EB0FF"}},
            {"id": {"_serialized": "true_6281@lid_3EB0FF"}},
            {"key": {"remoteJid": "6281@s.whatsapp.net", "fromMe": True, "id": "3EB0FF"}, "status": 1},
            {"_data": {"id": {"id": "3EB0FF"}}},
        ],
    )
    async def test_the_inner_id_of_every_engine(
        self, waha: Any, waha_server: Any, answer: Any, message: dict[str, Any]
    ) -> None:
        waha_server.then(answer(201, message))
        assert await send(waha, waha_server) == Accepted("3EB0FF")

    @pytest.mark.parametrize("body", [b"", b"OK", b"{}", b"[]", b'{"id": 5}', b'{"id": ""}', b'{"id": {"id": {}}}'])
    async def test_success_that_names_no_message(self, waha: Any, waha_server: Any, answer: Any, body: bytes) -> None:
        waha_server.then(answer(201, body))
        assert isinstance(await send(waha, waha_server), Unanswered)

    @pytest.mark.parametrize("status", ["STOPPED", "STARTING", "SCAN_QR_CODE", "FAILED", "PASSKEY_REQUIRED"])
    async def test_a_session_that_does_not_work_holds_the_account(
        self, waha: Any, waha_server: Any, answer: Any, status: str
    ) -> None:
        words = "Session status is not as expected. Try again later or restart the session"
        told = {"error": words, "session": "default", "status": status, "expected": ["WORKING"]}
        waha_server.then(answer(422, told))
        assert await send(waha, waha_server) == Failed(
            Action.HOLD_ACCOUNT, "session_status", f"the session is {status}"
        )

    @pytest.mark.parametrize(
        ("status", "words", "action"),
        [
            (401, "Unauthorized", Action.HOLD_ACCOUNT),
            (403, "Forbidden resource", Action.HOLD_ACCOUNT),
            (404, "Session not found", Action.HOLD_ACCOUNT),
            (422, 'Session "default" does not exist', Action.HOLD_ACCOUNT),
            (422, "The feature is available only in Plus version for 'WEBJS' engine", Action.DEAD),
            (400, ["chatId must be a string", "text should not be empty"], Action.DEAD),
            (413, "request entity too large", Action.DEAD),
            (429, "Too many requests", Action.RETRY),
            (501, "The method is not implemented by the engine", Action.DEAD),
        ],
    )
    async def test_errors(
        self, waha: Any, waha_server: Any, answer: Any, status: int, words: Any, action: Action
    ) -> None:
        waha_server.then(answer(status, {"statusCode": status, "message": words, "error": "Name"}))
        outcome = await send(waha, waha_server)
        told = words if isinstance(words, str) else "; ".join(words)
        assert (outcome.action, outcome.code, outcome.text) == (action, f"http_{status}", told)

    async def test_what_was_thrown_may_have_been_thrown_after_the_sending(
        self, waha: Any, waha_server: Any, answer: Any
    ) -> None:
        thrown = {"statusCode": 500, "exception": {"message": "x"}, "error": f"timed out at {waha.secrets[0]}"}
        waha_server.then(answer(500, thrown))
        assert await send(waha, waha_server) == Unanswered("HTTP 500: timed out at …")


def listed(message_id: str, body: str = "*Rekap* 🙂", at: int = SECONDS + 2, **others: Any) -> dict[str, Any]:
    return {"id": message_id, "fromMe": True, "body": body, "timestamp": at, "hasMedia": False, **others}


class TestLookUp:
    @staticmethod
    async def look_up(waha: Any, server: Any, message: Outbound | None = None) -> Any:
        async with waha.sender(server.url, 5, 5) as sender:
            assert sender.capabilities.looks_up
            return await sender.look_up(message or outbound(), SINCE)

    async def own_id(self, waha: Any, server: Any) -> str:
        await send(waha, server)
        made: str = server.requests.pop().json["id"]
        return made

    async def test_the_question(self, waha: Any, waha_server: Any, answer: Any) -> None:
        waha_server.then(answer(200, b"[]"))
        assert await self.look_up(waha, waha_server) == Missing()
        (request,) = waha_server.requests
        method, target, _ = request.line.split()
        assert (method, unquote(urlsplit(target).path)) == ("GET", "/api/default/chats/6281234567890@c.us/messages")
        query = parse_qs(urlsplit(target).query)
        known = {each["name"]: each for each in SPEC["chat_messages_parameters"]}
        assert query.keys() <= known.keys()
        assert query["filter.timestamp.gte"] == [str(SECONDS - 60)]
        assert query["downloadMedia"] == ["false"]

    @pytest.mark.parametrize("form", ["true_6281234567890@c.us_{}", "true_23456789012345@lid_{}"])
    async def test_our_own_id_decides_whatever_else_is_there(
        self, waha: Any, waha_server: Any, answer: Any, form: str
    ) -> None:
        own = await self.own_id(waha, waha_server)
        ours = listed(form.format(own), at=SECONDS - 30)
        waha_server.then(answer(200, json.dumps([listed("true_x@c.us_3EB0AA"), 5, ours]).encode()))
        assert await self.look_up(waha, waha_server) == Accepted(own)

    async def test_the_one_message_that_says_the_same(self, waha: Any, waha_server: Any, answer: Any) -> None:
        found = [listed("true_x@c.us_3EB0AA"), listed("true_x@c.us_3EB0BB", "other")]
        waha_server.then(answer(200, json.dumps(found).encode()))
        assert await self.look_up(waha, waha_server) == Accepted("3EB0AA")

    @pytest.mark.parametrize(
        "found",
        [
            [listed("true_x@c.us_3EB0AA"), listed("true_x@c.us_3EB0BB")],
            [listed("true_x@c.us_3EB0AA", at=SECONDS - 1)],
            [listed("true_x@c.us_3EB0AA", body="other")] * 100,
            [listed("", at=SECONDS + 1)],
        ],
        ids=["two", "before", "too many", "no id"],
    )
    async def test_what_proves_nothing(self, waha: Any, waha_server: Any, answer: Any, found: list[Any]) -> None:
        waha_server.then(answer(200, json.dumps(found).encode()))
        assert isinstance(await self.look_up(waha, waha_server), Unanswered)

    @pytest.mark.parametrize(
        "found", [listed("false_x@c.us_3EB0AA", fromMe=False), listed("true_x@c.us_3EB0AA", hasMedia=True)]
    )
    async def test_what_is_another_message(self, waha: Any, waha_server: Any, answer: Any, found: Any) -> None:
        waha_server.then(answer(200, json.dumps([found]).encode()))
        assert await self.look_up(waha, waha_server) == Missing()

    async def test_a_file_is_found_by_its_caption(self, waha: Any, waha_server: Any, answer: Any) -> None:
        found = listed("true_x@c.us_3EB0AA", "grafik", hasMedia=True)
        waha_server.then(answer(200, json.dumps([found]).encode()))
        image = outbound(Image(link="https://x.id/b.png", caption="grafik"))
        assert await self.look_up(waha, waha_server, image) == Accepted("3EB0AA")

    async def test_a_reaction_may_just_be_repeated(self, waha: Any, waha_server: Any) -> None:
        reaction = outbound(Reaction(message_id="3EB0AA", emoji="👍"))
        assert await self.look_up(waha, waha_server, reaction) == Missing()

    @pytest.mark.parametrize(
        "behaviour",
        [(400, b'{"message": "Enable NOWEB store"}'), (404, b""), (200, b"{}"), (200, b"<html>"), (500, b"")],
    )
    async def test_no_answer_is_no_proof(self, waha: Any, waha_server: Any, answer: Any, behaviour: Any) -> None:
        waha_server.then(answer(*behaviour))
        assert isinstance(await self.look_up(waha, waha_server), Unanswered)

    async def test_a_lost_answer_is_no_proof(self, waha: Any, waha_server: Any) -> None:
        waha_server.then("close")
        assert isinstance(await self.look_up(waha, waha_server), Unanswered)


class TestSession:
    @pytest.mark.parametrize("status", SPEC["schemas"]["SessionInfo"]["properties"]["status"]["enum"])
    async def test_states(self, waha: Any, waha_server: Any, answer: Any, status: str) -> None:
        told = {"name": "default", "status": status}
        check("SessionInfo", told)
        code = {"value": "2@abc,def"}
        check("QRCodeValue", code)
        waha_server.then(answer(200, told), answer(200, code))
        async with waha.sender(waha_server.url, 5, 5) as sender:
            found = await sender.session()
        lines = [request.line for request in waha_server.requests]
        assert lines[0] == "GET /api/sessions/default HTTP/1.1"
        if status == "SCAN_QR_CODE":
            assert found == SessionState(False, status, "2@abc,def")
            assert lines[1:] == ["GET /api/default/auth/qr?format=raw HTTP/1.1"]
        else:
            assert found == SessionState(status == "WORKING", status)
            assert not lines[1:]

    @pytest.mark.parametrize("behaviour", [(422, b"{}"), (200, b"{}"), (200, b"\x89PNG")])
    async def test_a_code_that_is_gone_already(self, waha: Any, waha_server: Any, answer: Any, behaviour: Any) -> None:
        waha_server.then(answer(200, {"status": "SCAN_QR_CODE"}), answer(*behaviour))
        async with waha.sender(waha_server.url, 5, 5) as sender:
            assert await sender.session() == SessionState(False, "SCAN_QR_CODE")

    async def test_restart(self, waha: Any, waha_server: Any, answer: Any) -> None:
        told = {"name": "default", "status": "STARTING"}
        check("SessionDTO", told)
        waha_server.then(answer(201, told))
        async with waha.sender(waha_server.url, 5, 5) as sender:
            assert await sender.restart() == SessionState(False, "STARTING")
        assert waha_server.requests[0].line == "POST /api/sessions/default/restart HTTP/1.1"

    @pytest.mark.parametrize(
        ("behaviour", "outcome"),
        [
            ((404, {"message": "Session not found"}), Failed(Action.HOLD_ACCOUNT, "http_404", "Session not found")),
            ((401, {"message": "Unauthorized"}), Failed(Action.HOLD_ACCOUNT, "http_401", "Unauthorized")),
            ((200, {"name": "default"}), Unanswered("HTTP 200 without a status")),
        ],
    )
    @pytest.mark.parametrize("what", ["session", "restart"])
    async def test_no_state(
        self, waha: Any, waha_server: Any, answer: Any, behaviour: Any, outcome: Any, what: str
    ) -> None:
        waha_server.then(answer(*behaviour))
        async with waha.sender(waha_server.url, 5, 5) as sender:
            assert await getattr(sender, what)() == outcome

    async def test_other_sessions(self, waha_server: Any, answer: Any) -> None:
        from wa_integrasi.providers.waha import WahaSender

        waha_server.then(answer(200, {"status": "WORKING"}))
        config = replace(WahaConfig("http://waha", "key", "pabrik-1"), api_url=f"{waha_server.url}/")
        async with WahaSender(config) as sender:
            assert await sender.session() == SessionState(True, "WORKING")
            await sender.send(outbound())
        assert waha_server.requests[0].line == "GET /api/sessions/pabrik-1 HTTP/1.1"
        assert waha_server.requests[1].json["session"] == "pabrik-1"
