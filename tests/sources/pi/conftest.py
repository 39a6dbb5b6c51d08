"""The simulated PI Web API over real HTTP; everything that goes over the wire is checked against the swagger file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.ports import free_port
from tests.sources.pi.swagger import check_answer, check_request
from wa_integrasi.simulator.pi import PiFaults, PiSimulation, pi_app
from wa_integrasi.sources.pi import Basic, PiClient, PiConfig
from wa_integrasi.sources.pi.access import PiMemory

NOW = datetime(2026, 11, 20, 3, 0, 30, tzinfo=UTC)
PASSWORD = "kata-sandi-7f3a9c2e"


@dataclass
class Seen:
    """One request and its answer."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""
    status: int = 0
    answer: bytes = b""

    @property
    def batch(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def is_token(self) -> bool:
        return self.url.endswith("/token")


@dataclass
class Recorder:
    """What goes through an app."""

    app: ASGIApp
    seen: list[Seen] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        seen = Seen(scope["method"], scope["path"] + (f"?{query}" if query else ""), headers)
        self.seen.append(seen)

        more = True
        while more:
            message = await receive()
            seen.body += message.get("body", b"")
            more = message.get("more_body", False)
        given = iter([{"type": "http.request", "body": seen.body}])

        async def received() -> Message:
            return next(given, None) or await receive()

        async def sent(message: Message) -> None:
            seen.status = message.get("status", seen.status)
            seen.answer += message.get("body", b"")
            await send(message)

        await self.app(scope, received, sent)

    def check(self) -> None:
        """Every request and answer against the swagger file."""
        for seen in (each for each in self.seen if not each.is_token):
            asked = check_request(seen.method, seen.url, seen.body, seen.headers)
            batch = seen.batch if seen.method == "POST" else None
            check_answer(asked, seen.status, json.loads(seen.answer), batch)


@asynccontextmanager
async def listening(app: ASGIApp, **options: Any) -> AsyncIterator[int]:
    """The app on a port of this machine."""
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", lifespan="off", **options)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
                await asyncio.sleep(0.01)
        yield port
    finally:
        server.should_exit = True
        await task


@dataclass
class Pi:
    """A simulated server and a client of it; one that never really waits."""

    config: PiConfig
    faults: PiFaults
    recorder: Recorder
    memory: PiMemory = field(default_factory=PiMemory)
    waits: list[float] = field(default_factory=list)
    clock: Callable[[], float] = lambda: 0.0

    def client(self, **changes: Any) -> PiClient:
        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        config = replace(self.config, **changes)
        return PiClient(config, self.memory, clock=lambda: self.clock(), now=lambda: NOW, sleep=sleep)

    async def read(self, tags: Any, ask: Any, **changes: Any) -> Any:
        async with self.client(**changes) as client:
            return await client.read([tags] if isinstance(tags, str) else tags, ask)

    @property
    def seen(self) -> list[Seen]:
        return self.recorder.seen


Start = Callable[..., AbstractAsyncContextManager[Pi]]


@asynccontextmanager
async def simulated(login: Any = None, **changes: Any) -> AsyncIterator[Pi]:
    simulation = PiSimulation(**{"password": PASSWORD, "now": lambda: NOW, **changes})
    recorder = Recorder(pi_app(simulation))
    async with listening(recorder) as port:
        given = login(port) if login else Basic(simulation.username, PASSWORD)
        config = PiConfig(f"http://127.0.0.1:{port}/piwebapi", simulation.server, given, timeout_s=20)
        yield Pi(config, simulation.faults, recorder)
    recorder.check()


@pytest.fixture
def start() -> Start:
    """Starts a simulation of one's own."""
    return simulated


@pytest.fixture
async def pi() -> AsyncIterator[Pi]:
    async with simulated() as running:
        yield running
