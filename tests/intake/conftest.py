"""A server that speaks the chat completions API as strictly as OpenAI's, and misbehaves as it is told."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from wa_integrasi.sources.ai import AiClient, AiConfig

KEY = "sk-rahasia-7f3a9c2e"
MODEL = "kecil"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def says(content: str | None, **choice: Any) -> Answer:
    """A completion with this text."""
    message = {"role": "assistant", "content": content}

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}]})

    return answer


def gives(value: Any) -> Answer:
    """A completion with this as JSON."""
    return says(json.dumps(value))


def status(code: int, body: Any = None, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(body or {"error": {"message": "no"}}, status=code, headers=named)

    return answer


def refuses(*fields: str) -> Answer:
    """A 400 which names a field, as OpenAI has it."""

    async def answer(_: web.Request) -> web.StreamResponse:
        text = f"Unsupported parameter: '{fields[0]}' is not supported with this model."
        return web.json_response({"error": {"message": text, "param": fields[0]}}, status=400)

    return answer


def raw(body: bytes) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    return answer


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def cut(request: web.Request) -> web.StreamResponse:
    """Half of an answer, and the connection closed."""
    response = web.StreamResponse(headers={"Content-Length": "4000"})
    await response.prepare(request)
    await response.write(b'{"choices": [{"message": {"content": "')
    assert request.transport is not None
    request.transport.abort()
    return response


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(1000):
        await response.write(b" " * 10_000)
    return response


@dataclass
class AiServer:
    """`script` says what the next requests get; then `otherwise`."""

    otherwise: Answer
    script: deque[Answer] = field(default_factory=deque)
    bodies: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    url: str = ""
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def then(self, *answers: Answer) -> None:
        self.script.extend(answers)

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    def all_said(self) -> str:
        """Everything that was ever sent to it, with and without JSON's escapes."""
        said = [message["content"] for request in self.requests for message in request["messages"]]
        return "\n".join([*self.bodies, *said])

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.text())
        self.keys.append(request.headers.get("Authorization"))
        self.asked.set()
        body = self.requests[-1]
        assert body["model"] == MODEL
        assert set(body) <= {
            "model",
            "messages",
            "temperature",
            "max_tokens",
            "max_completion_tokens",
            "response_format",
        }
        if "response_format" in body:
            _check_strict(body["response_format"])
        return await (self.script.popleft() if self.script else self.otherwise)(request)


def _check_strict(asked: dict[str, Any]) -> None:
    """What OpenAI asks of a strict schema."""
    assert asked["type"] == "json_schema"
    assert asked["json_schema"]["strict"] is True
    schema = asked["json_schema"]["schema"]
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])


@pytest.fixture
async def server() -> AsyncIterator[AiServer]:
    made = AiServer(gives({"intent": "question", "urgency": "normal", "summary": "Stok solar ditanyakan"}))
    application = web.Application()
    application.router.add_post("/v1/chat/completions", made.serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}/v1"
    yield made
    await runner.cleanup()


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Clock:
    return Clock()


@pytest.fixture
async def ai(server: AiServer, seconds: Clock) -> AsyncIterator[AiClient]:
    async with AiClient(AiConfig(server.url, MODEL, KEY, timeout_s=10), clock=seconds) as client:
        yield client
