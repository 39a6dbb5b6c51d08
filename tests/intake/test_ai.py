"""An AI service that answers, refuses, repeats itself, breaks off or is not there."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.intake.conftest import (
    KEY,
    MODEL,
    AiServer,
    Answer,
    Clock,
    cut,
    endless,
    gives,
    hangs,
    raw,
    refuses,
    says,
    status,
)
from wa_integrasi.sources.ai import AiClient, AiConfig, ChatMessage
from wa_integrasi.sources.ai_answers import AiError, failure

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"urgency": {"type": "string", "enum": ["low", "high"]}, "count": {"type": "integer"}},
    "required": ["urgency", "count"],
    "additionalProperties": False,
}
GOOD = {"urgency": "high", "count": 2}
ASKED = [ChatMessage("system", "Sort."), ChatMessage("user", "pompa-bocor-xyz")]


async def fails(client: AiClient, code: str) -> AiError:
    with pytest.raises(AiError) as caught:
        await client.structured(ASKED, SCHEMA, "sorted")
    error = caught.value
    assert error.code == code
    told = "".join(traceback.format_exception(error))
    assert not [word for word in (KEY, "http://", "/chat", "pompa-bocor-xyz", "jawaban-salah") if word in told]
    return error


class TestAnswers:
    async def test_a_text_is_answered_with_a_text(self, ai: AiClient, server: AiServer) -> None:
        server.then(says("Halo"))
        assert await ai.chat([ChatMessage("user", "Halo?")]) == "Halo"
        [request] = server.requests
        assert "response_format" not in request
        assert request["messages"] == [{"role": "user", "content": "Halo?"}]
        assert server.keys == [f"Bearer {KEY}"]

    async def test_a_service_without_keys_gets_none(self, server: AiServer) -> None:
        async with AiClient(AiConfig(f"{server.url}/", MODEL)) as client:
            await client.chat(ASKED)
        assert server.keys == [None]

    async def test_an_answer_fits_its_schema(self, ai: AiClient, server: AiServer) -> None:
        server.then(gives(GOOD))
        assert await ai.structured(ASKED, SCHEMA, "sorted") == GOOD
        assert server.requests[0]["response_format"]["json_schema"] == {
            "name": "sorted",
            "strict": True,
            "schema": SCHEMA,
        }

    @pytest.mark.parametrize(
        "text",
        [
            "```json\n{}\n```",
            "<think>{maybe} low?</think>\n{}",
            "Here it is:\n\n{}\n\nAnything else?",
        ],
    )
    async def test_what_models_write_around_their_json_is_no_fault(
        self, ai: AiClient, server: AiServer, text: str
    ) -> None:
        server.then(says(text.replace("{}", json.dumps(GOOD))))
        assert await ai.structured(ASKED, SCHEMA, "sorted") == GOOD
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        ("wrong", "why"),
        [
            (says("jawaban-salah"), "it is not JSON"),
            (says('{"urgency": "high", "count": 2'), "it is not JSON"),
            (says('["jawaban-salah"]'), "it is no JSON object"),
            (says("9" * 5000), "it is not JSON"),
            (says("[" * 100_000), "it is not JSON"),
            (gives({**GOOD, "urgency": "jawaban-salah"}), "$.urgency: 'jawaban-salah' is not one of"),
            (gives({"urgency": "low"}), "'count' is a required property"),
            (gives({**GOOD, "execute": "rm"}), "'execute' was unexpected"),
            (gives({**GOOD, "count": "2"}), "$.count: '2' is not of type 'integer'"),
        ],
    )
    async def test_a_wrong_answer_is_sent_back_once_with_what_is_wrong(
        self, ai: AiClient, server: AiServer, wrong: Answer, why: str
    ) -> None:
        server.then(wrong, gives(GOOD))
        assert await ai.structured(ASKED, SCHEMA, "sorted") == GOOD
        _, again = server.requests
        assert [turn["role"] for turn in again["messages"]] == ["system", "user", "assistant", "user"]
        assert why in again["messages"][-1]["content"]

    async def test_what_is_wrong_twice_is_an_error(self, ai: AiClient, server: AiServer) -> None:
        server.otherwise = gives({**GOOD, "urgency": "jawaban-salah"})
        error = await fails(ai, "invalid")
        assert not error.transient
        assert len(server.requests) == 2

    async def test_a_long_wrong_answer_is_not_sent_back_whole(self, ai: AiClient, server: AiServer) -> None:
        server.then(says("x" * 100_000), gives(GOOD))
        await ai.structured(ASKED, SCHEMA, "sorted")
        assert len(server.bodies[1]) < 8_000


class TestCompatibility:
    async def test_a_service_that_knows_no_schema_is_asked_in_words_from_then_on(
        self, ai: AiClient, server: AiServer
    ) -> None:
        server.then(refuses("response_format"), gives(GOOD), gives(GOOD))
        for _ in range(2):
            assert await ai.structured(ASKED, SCHEMA, "sorted") == GOOD
        strict, plain, later = server.requests
        assert "response_format" in strict
        for request in (plain, later):
            assert "response_format" not in request
            assert [turn["role"] for turn in request["messages"]] == ["system", "user"]
            assert json.dumps(SCHEMA) in request["messages"][0]["content"]

    async def test_a_refusal_that_names_nothing_is_tried_in_words_for_this_question_only(
        self, ai: AiClient, server: AiServer
    ) -> None:
        server.then(status(400), gives(GOOD), gives(GOOD))
        for _ in range(2):
            assert await ai.structured([ASKED[1]], SCHEMA, "sorted") == GOOD
        assert ["response_format" in request for request in server.requests] == [True, False, True]
        assert server.requests[1]["messages"][0]["role"] == "system"

    async def test_a_model_that_reasons_gets_its_own_fields(self, ai: AiClient, server: AiServer) -> None:
        server.then(refuses("max_tokens"), refuses("temperature"), gives(GOOD), gives(GOOD))
        for _ in range(2):
            assert await ai.structured(ASKED, SCHEMA, "sorted") == GOOD
        for request in server.requests[2:]:
            assert request["max_completion_tokens"] == 500
            assert not {"max_tokens", "temperature"} & set(request)

    async def test_a_service_that_refuses_everything_is_not_asked_for_ever(
        self, ai: AiClient, server: AiServer
    ) -> None:
        server.otherwise = status(422, {"error": "temperature max_tokens response_format json_schema"})
        assert not (await fails(ai, "http_422")).transient
        assert len(server.requests) == 4


class TestTrouble:
    @pytest.mark.parametrize("code", [401, 403, 404, 302, 413])
    async def test_what_stays_refused_is_not_asked_again(self, ai: AiClient, server: AiServer, code: int) -> None:
        server.otherwise = status(code, Location="http://127.0.0.1:1/pompa-bocor-xyz")
        assert not (await fails(ai, f"http_{code}")).transient
        assert len(server.requests) == 1

    @pytest.mark.parametrize("trouble", [status(429, Retry_After="0"), status(500), status(503), cut])
    async def test_trouble_that_passes_is_waited_for(self, ai: AiClient, server: AiServer, trouble: Answer) -> None:
        server.then(trouble, gives(GOOD))
        assert await ai.structured(ASKED, SCHEMA, "sorted") == GOOD
        assert len(server.requests) == 2

    @pytest.mark.parametrize(
        ("trouble", "code"), [(status(429), "http_429"), (status(500), "http_500"), (cut, "no_answer")]
    )
    async def test_trouble_that_stays_is_an_error_after_three_tries(
        self, ai: AiClient, server: AiServer, trouble: Answer, code: str
    ) -> None:
        server.otherwise = trouble
        assert (await fails(ai, code)).transient
        assert len(server.requests) == 3

    async def test_a_wait_beyond_the_time_limit_is_not_begun(self, ai: AiClient, server: AiServer) -> None:
        server.otherwise = status(429, Retry_After="11")
        assert (await fails(ai, "http_429")).wait_s == 11
        assert len(server.requests) == 1

    def test_a_wait_may_be_a_date(self) -> None:
        at = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
        assert failure(503, at).wait_s == 600
        assert [failure(503, header).wait_s for header in ("soon", "-1", "9" * 50, None)] == [0, 0, 0, 0]

    async def test_a_slow_service_ends_with_the_time_limit(self, server: AiServer) -> None:
        server.otherwise = hangs
        async with AiClient(AiConfig(server.url, MODEL, KEY, timeout_s=0.2)) as client:
            assert (await fails(client, "timeout")).transient
        assert len(server.requests) == 1

    async def test_no_service_is_said_as_such(self, seconds: Clock) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        async with AiClient(AiConfig(url, MODEL, KEY), clock=seconds) as client:
            assert (await fails(client, "connect")).transient

    async def test_an_answer_without_end_is_not_read_to_its_end(self, ai: AiClient, server: AiServer) -> None:
        server.otherwise = endless
        assert not (await fails(ai, "answer_too_large")).transient
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (raw(b"<html>jawaban-salah"), "no_completion"),
            (raw(b"[" * 50_000), "no_completion"),
            (raw(b"[]"), "no_completion"),
            (raw(b'{"choices": []}'), "no_completion"),
            (raw(b'{"choices": ["jawaban-salah"]}'), "no_completion"),
            (raw(b'{"choices": [{"message": "jawaban-salah"}]}'), "no_completion"),
            (says(None), "empty"),
            (says(" \n"), "empty"),
            (says("jawaban-salah", finish_reason="length"), "cut"),
            (says("jawaban-salah", finish_reason="content_filter"), "refused"),
            (says(None, message={"content": None, "refusal": "jawaban-salah"}), "refused"),
        ],
    )
    async def test_what_is_no_answer_is_an_error(
        self, ai: AiClient, server: AiServer, answer: Answer, code: str
    ) -> None:
        server.otherwise = answer
        assert not (await fails(ai, code)).transient
        assert len(server.requests) == 1

    async def test_a_question_that_is_too_long_is_not_sent(self, server: AiServer) -> None:
        async with AiClient(AiConfig(server.url, MODEL, KEY, max_prompt=10)) as client:
            await fails(client, "too_large")
        assert server.requests == []

    async def test_text_that_no_encoding_has_is_sent_all_the_same(self, ai: AiClient, server: AiServer) -> None:
        server.then(says("ok"))
        assert await ai.chat([ChatMessage("user", "a\ud800b\x00")]) == "ok"
        assert server.requests[0]["messages"][0]["content"] == "a?b\x00"

    async def test_who_waits_for_a_place_longer_than_the_limit_gives_up_and_is_no_failure(
        self, server: AiServer, seconds: Clock
    ) -> None:
        config = AiConfig(server.url, MODEL, KEY, timeout_s=0.3, max_in_flight=1)
        async with AiClient(config, clock=seconds) as client:
            server.otherwise = hangs
            first = asyncio.create_task(client.chat(ASKED))
            await server.asked.wait()
            answers = await asyncio.gather(first, *(client.chat(ASKED) for _ in range(5)), return_exceptions=True)
            codes = sorted(answer.code for answer in answers if isinstance(answer, AiError))
            assert codes.count("busy") + codes.count("timeout") == 6
            assert "busy" in codes

    async def test_a_client_that_was_not_entered_says_so(self, server: AiServer) -> None:
        with pytest.raises(RuntimeError, match="entered"):
            await AiClient(AiConfig(server.url, MODEL)).chat(ASKED)

    def test_nothing_that_shows_a_config_or_a_question_shows_what_is_in_it(self) -> None:
        config = AiConfig("https://ai.example.id/v1", MODEL, KEY)
        assert KEY not in repr(config)
        assert "pompa" not in repr(ASKED)


class TestPause:
    async def test_a_dead_service_is_left_alone_and_then_tried_with_one_question(
        self, ai: AiClient, server: AiServer, seconds: Clock
    ) -> None:
        server.otherwise = status(401)
        for _ in range(3):
            await fails(ai, "http_401")
        for _ in range(20):
            assert (await fails(ai, "paused")).transient
        assert len(server.requests) == 3

        seconds.now += 31
        await fails(ai, "http_401")
        await fails(ai, "paused")
        seconds.now += 31
        await fails(ai, "paused")  # the second pause is twice as long
        assert len(server.requests) == 4

        seconds.now += 31
        server.otherwise = gives(GOOD)
        for _ in range(5):
            assert await ai.structured(ASKED, SCHEMA, "sorted") == GOOD

    async def test_only_one_question_tries_whether_it_is_back(
        self, ai: AiClient, server: AiServer, seconds: Clock
    ) -> None:
        server.otherwise = status(404)
        for _ in range(3):
            await fails(ai, "http_404")
        seconds.now += 31
        server.otherwise, server.asked = hangs, asyncio.Event()
        probe = asyncio.create_task(ai.chat(ASKED))
        await server.asked.wait()
        await fails(ai, "paused")
        probe.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probe
        server.otherwise = gives(GOOD)
        assert await ai.structured(ASKED, SCHEMA, "sorted") == GOOD

    async def test_the_service_may_ask_for_a_longer_pause(self, ai: AiClient, server: AiServer, seconds: Clock) -> None:
        server.otherwise = status(503, Retry_After="120")
        for _ in range(3):
            await fails(ai, "http_503")
        seconds.now += 119
        await fails(ai, "paused")
        seconds.now += 2
        await fails(ai, "http_503")

    async def test_answers_that_do_not_fit_do_not_stop_the_next_question(self, ai: AiClient, server: AiServer) -> None:
        server.otherwise = says("jawaban-salah")
        for _ in range(5):
            await fails(ai, "invalid")
        server.otherwise = gives(GOOD)
        assert await ai.structured(ASKED, SCHEMA, "sorted") == GOOD


@pytest.mark.parametrize(
    "fields",
    [
        {"api_url": "ai/v1"},
        {"api_url": f"http://siti:{KEY}@ai/v1"},
        {"api_url": f"http://ai/v1?key={KEY}"},
        {"api_key": f"{KEY} x"},
        {"model": ""},
        {"timeout_s": 0},
        {"max_tokens": 0},
    ],
)
def test_a_wrong_config_is_refused_without_showing_it(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as caught:
        AiConfig(**{"api_url": "http://ai/v1", "model": MODEL, **fields})
    assert KEY not in str(caught.value)


async def test_the_name_of_a_schema_is_checked(ai: AiClient) -> None:
    with pytest.raises(ValueError, match="name of a schema"):
        await ai.structured(ASKED, SCHEMA, "a b")
