"""A phone, a business and the way between them over real HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from wa_integrasi.content import Content, Text
from wa_integrasi.providers.base import Outbound
from wa_integrasi.providers.meta import MetaCloudReceiver, MetaCloudSender, MetaConfig
from wa_integrasi.recipient import Recipient
from wa_integrasi.simulator import Delays, Faults, Phone, PhoneConfig, simulator_app

NUMBER_ID = "106540352242922"
TOKEN = "EAAGsimulator"
SECRET = "app-secret"
IDENTITY: dict[str, Any] = {"phone_number_id": NUMBER_ID, "access_token": TOKEN, "app_secret": SECRET}
WABA = "100000000000001"
OPERATOR = Recipient.parse("+6281234567890")
FAST = Delays(sent=0.02, delivered=0.04, read=0.06)


@contextmanager
def listener() -> Iterator[tuple[socket.socket, str]]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound, f"http://127.0.0.1:{bound.getsockname()[1]}"


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    with listener() as (socket_, url):
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
        task = asyncio.create_task(server.serve(sockets=[socket_]))
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
                await asyncio.sleep(0.01)
        yield url
        server.should_exit = True
        await task


@dataclass
class Business:
    """The webhook of the business: verifies and reads everything with the real receiver."""

    events: list[Any] = field(default_factory=list)
    envelopes: list[Any] = field(default_factory=list)
    refuse: int = 0
    tries: int = 0
    receiver: MetaCloudReceiver = field(default_factory=lambda: MetaCloudReceiver(SECRET, "token", NUMBER_ID))

    async def hook(self, request: Request) -> Response:
        body = await request.body()
        self.receiver.verify(request.headers, body)
        self.tries += 1
        if self.refuse > 0:
            self.refuse -= 1
            return Response(status_code=503)
        self.events += self.receiver.parse(body)
        self.envelopes.append(json.loads(body))
        return Response()

    async def heard(self, count: int) -> list[Any]:
        async with asyncio.timeout(10):
            while len(self.events) < count:  # noqa: ASYNC110 (another task's list)
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        return self.events


@dataclass
class World:
    phone: Phone
    business: Business
    url: str
    sender: MetaCloudSender
    http: aiohttp.ClientSession

    async def send(
        self, said: str | Content = "Rekap", to: Recipient = OPERATOR, attempt: str = "attempt-1", **more: Any
    ) -> Any:
        content = Text(body=said) if isinstance(said, str) else said
        return await self.sender.send(Outbound(to, content, attempt, **more))

    async def post(self, payload: Any) -> tuple[int, Any]:
        path = f"{self.url}/v23.0/{NUMBER_ID}/messages"
        async with self.http.post(path, json=payload, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
            return answer.status, await answer.json()


Start = Callable[..., Awaitable[World]]


@asynccontextmanager
async def worlds(tmp_path: Path) -> AsyncIterator[Start]:
    """Begins worlds, whose phone keeps one file, and ends them all."""
    async with AsyncExitStack() as stack:

        async def begin(webhook: str | None = "", timeout_s: float = 10, **config: Any) -> World:
            business = Business()
            if webhook == "":
                hook = Starlette(routes=[Route("/hook", business.hook, methods=["POST"])])
                webhook = f"{await stack.enter_async_context(serve(hook))}/hook"
            wanted: dict[str, Any] = {"path": tmp_path / "deep" / "phone.db", "delays": FAST, "first_retry_s": 0.05}
            phone = Phone(PhoneConfig(**{**wanted, **config}, **IDENTITY, webhook_url=webhook), Faults())
            url = await stack.enter_async_context(serve(simulator_app(phone)))
            meta = MetaConfig(NUMBER_ID, TOKEN, api_url=url, timeout_s=timeout_s, waba_id=WABA)
            sender = await stack.enter_async_context(MetaCloudSender(meta))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            return World(phone, business, url, sender, http)

        yield begin
