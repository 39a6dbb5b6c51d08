"""The Cloud API's requests, and what to do about each of its answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from wa_integrasi.content import Text
from wa_integrasi.providers.base import Accepted, Action, Failed, Outbound, Unanswered
from wa_integrasi.providers.meta import MetaConfig
from wa_integrasi.providers.meta_errors import ACTIONS, action_of
from wa_integrasi.providers.wire import failure_text, retry_after
from wa_integrasi.recipient import Recipient

FACTS = {
    Action.RETRY: "1 2 4 80007 130429 131000 131016 131057 133004 135000",
    Action.RETRY_RECIPIENT: "131056",
    Action.HOLD_ACCOUNT: "131048 131064 368 131031 131042 131045 133010 131037 0 3 10 190 200 250 299 131005",
    Action.NEEDS_TEMPLATE: "131047",
    Action.DEFER: "131049 130472",
    Action.HOLD_TEMPLATE: "132015 132016 132001 132005 132007",
    Action.OPTED_OUT: "131050",
    Action.DEAD: "100 33 131008 131009 131021 131026 131051 131053 132000 132012 132018 132068 132069",
}
TABLE = [(int(code), action) for action, codes in FACTS.items() for code in codes.split()]


async def send(meta: Any, server: Any, recipient: Recipient | None = None, body: str = "Halo") -> Any:
    async with meta.sender(server.url, 5, 5) as sender:
        return await sender.send(Outbound(recipient or meta.reachable, Text(body=body), "attempt-1"))


class TestRequest:
    async def test_body_and_headers(self, meta: Any, meta_server: Any) -> None:
        await send(meta, meta_server, body="*Rekap* 🙂")
        (request,) = meta_server.requests
        assert request.line == "POST /v23.0/106540352242922/messages HTTP/1.1"
        assert request.headers["authorization"] == f"Bearer {meta.secrets[0]}"
        assert request.headers["content-type"] == "application/json"
        assert request.json == {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "+6281234567890",
            "type": "text",
            "text": {"body": "*Rekap* 🙂"},
            "biz_opaque_callback_data": "attempt-1",
        }

    async def test_user_ids_go_into_their_own_field(self, meta: Any, meta_server: Any) -> None:
        await send(meta, meta_server, Recipient.parse("ID.13491208655302741918"))
        assert meta_server.requests[0].json["recipient"] == "ID.13491208655302741918"
        assert "to" not in meta_server.requests[0].json

    @pytest.mark.parametrize(
        "wrong",
        [
            {"phone_number_id": "+62812"},
            {"phone_number_id": "../1"},
            {"access_token": "two words"},
            {"access_token": "line\r\nX-Evil: 1"},
            {"access_token": ""},
            {"api_url": "graph.facebook.com"},
            {"api_url": "https://user:secret@graph.facebook.com"},
            {"api_version": "23"},
            {"timeout_s": 0},
            {"max_in_flight": 0},
        ],
    )
    def test_wrong_configuration_says_what_is_right(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(wrong))) as error:
            MetaConfig(**{"phone_number_id": "1065", "access_token": "token", **wrong})
        assert "secret" not in str(error.value)

    def test_the_token_is_not_shown(self) -> None:
        assert "s3cret" not in repr(MetaConfig("1065", "s3cret"))

    async def test_a_sender_must_be_entered(self, meta: Any, meta_server: Any) -> None:
        with pytest.raises(RuntimeError):
            await meta.sender(meta_server.url, 5, 5).send(Outbound(meta.reachable, Text(body="x"), "a"))


class TestAnswers:
    @pytest.mark.parametrize("status", ["accepted", "held_for_quality_assessment", "paused", "something_new"])
    async def test_accepted_whatever_its_status(self, meta: Any, meta_server: Any, answer: Any, status: str) -> None:
        meta_server.then(answer(200, {"messages": [{"id": "wamid.X", "message_status": status}]}))
        assert await send(meta, meta_server) == Accepted("wamid.X")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"OK",
            b"{}",
            b"[]",
            b'{"messages": {}}',
            b'{"messages": [{}]}',
            b'{"messages": [{"id": 5}]}',
            b'{"messages": [{"id": ""}]}',
            b'{"error": "odd"}',
            b'{"error": {"message": "no code"}}',
            b'{"a":' * 100_000,
        ],
    )
    async def test_success_that_names_no_message(self, meta: Any, meta_server: Any, answer: Any, body: bytes) -> None:
        meta_server.then(answer(200, body))
        assert isinstance(await send(meta, meta_server), Unanswered)

    @pytest.mark.parametrize(("code", "action"), TABLE)
    async def test_every_code(self, meta: Any, meta_server: Any, answer: Any, code: int, action: Action) -> None:
        meta_server.then(answer(400, {"error": {"code": code, "message": f"(#{code}) Meta's words"}}))
        assert await send(meta, meta_server) == Failed(action, str(code), f"(#{code}) Meta's words")

    def test_the_table_holds_no_other_code(self) -> None:
        assert set(ACTIONS) == {code for code, _ in TABLE} | set(range(200, 300))

    @pytest.mark.parametrize(
        ("status", "action"),
        [
            *((400, Action.DEAD), (404, Action.DEAD), (401, Action.HOLD_ACCOUNT), (403, Action.HOLD_ACCOUNT)),
            *((429, Action.RETRY), (500, Action.RETRY), (503, Action.RETRY)),
        ],
    )
    async def test_unknown_codes_go_by_status(
        self, meta: Any, meta_server: Any, answer: Any, status: int, action: Action
    ) -> None:
        meta_server.then(answer(status, {"error": {"code": 999_999, "message": "new"}}))
        assert await send(meta, meta_server) == Failed(action, "999999", "new")

    @pytest.mark.parametrize(
        ("status", "action"),
        [
            *((status, Action.HOLD_ACCOUNT) for status in (302, 401, 403, 404, 405, 407)),
            *((400, Action.DEAD), (413, Action.DEAD), (408, Action.RETRY), (429, Action.RETRY)),
        ],
    )
    async def test_pages_of_others_go_by_status(
        self, meta: Any, meta_server: Any, answer: Any, status: int, action: Action
    ) -> None:
        meta_server.then(answer(status, b"<html>"))
        outcome = await send(meta, meta_server)
        assert (outcome.action, outcome.code) == (action, f"http_{status}")

    async def test_a_wrong_phone_number_id_holds_the_account(self, meta: Any, meta_server: Any, answer: Any) -> None:
        meta_server.then(answer(400, {"error": {"code": 100, "error_subcode": 33, "message": "Unsupported"}}))
        assert (await send(meta, meta_server)).action is Action.HOLD_ACCOUNT

    async def test_retry_after_and_codes_as_text(self, meta: Any, meta_server: Any, answer: Any) -> None:
        meta_server.then(answer(400, {"error": {"code": "130429", "message": "Rate limit hit"}}, Retry_After="3"))
        assert await send(meta, meta_server) == Failed(Action.RETRY, "130429", "Rate limit hit", 3.0)

    async def test_details_are_preferred(self, meta: Any, meta_server: Any, answer: Any) -> None:
        error = {"code": 131009, "message": "m", "error_data": {"details": "The parameter value is not valid"}}
        meta_server.then(answer(400, {"error": error}))
        assert (await send(meta, meta_server)).text == "The parameter value is not valid"

    def test_transient_revives_dead_letters_only(self) -> None:
        assert action_of(100, status=400, transient=True) is Action.RETRY
        assert action_of(999_999, status=400, transient=True) is Action.RETRY
        assert action_of(190, status=401, transient=True) is Action.HOLD_ACCOUNT
        assert action_of(131056, status=400, transient=True) is Action.RETRY_RECIPIENT


class TestFailureText:
    @pytest.mark.parametrize(
        "private",
        [
            *("+6281234567890", "0812-3456-7890", "+62 (812) 3456 7890", "62.812.3456.7890", "1234567"),
            *("EAAGm0PX4ZCpsBAKZCa1b2c3d4e5f6g7h8", "EAAG1234567x1234567y1234567zEND"),
            *("https://graph.facebook.com/v23.0/me?access_token=x", "wamid.HBgNNjI4MTIzNDU2Nzg5MBUCABEYEjlB"),
        ],
    )
    def test_private_parts_are_masked(self, private: str) -> None:
        assert failure_text(f"Cannot use {private} here") == "Cannot use … here"

    def test_words_stay(self) -> None:
        text = "(#131031) Requires whatsapp_business_messaging since v23.0 (details: 131026)"
        assert failure_text(text) == text

    def test_short_secrets_are_known_by_name(self) -> None:
        assert failure_text("bad key demo", "demo") == "bad key …"

    def test_it_is_one_short_printable_line(self) -> None:
        text = failure_text("a\x00b\r\n\u2028c\ud800 " * 500)
        assert len(text) == 200
        assert re.fullmatch(r"[abc ]+…", text)

    def test_a_token_cut_in_two_is_not_shown(self) -> None:
        assert "EAAG" not in failure_text("12345678 " * 220 + " EAAGm0PX4ZCpsBAKZCa1b2c3d4e5f6g7h8")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("5", 5.0), (" 5 ", 5.0), ("1.5", 1.5), ("999999999", 86_400.0)),
        *(("Sat, 21 Nov 2026 00:01:00 GMT", 60.0), ("Fri, 20 Nov 2026 00:00:00 GMT", 0.0)),
        *((None, None), ("", None), ("-5", None), ("nan", None), ("1e400", None), ("soon", None), ("9" * 5000, None)),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 11, 21, tzinfo=UTC)) == seconds
