"""A provider's server that records and misbehaves, and a description of every channel for the conformance suite."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.providers.channels import twilio, watzap
from wa_integrasi.content import TYPES
from wa_integrasi.providers.base import Receiver, Sender
from wa_integrasi.providers.meta import MetaCloudReceiver, MetaCloudSender, MetaConfig, signature
from wa_integrasi.providers.waha import WahaConfig, WahaReceiver, WahaSender
from wa_integrasi.providers.waha import signature as waha_signature
from wa_integrasi.providers.wwebjs import WwebjsConfig, WwebjsReceiver, WwebjsSender
from wa_integrasi.recipient import Recipient

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Recorded:
    line: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ProviderServer:
    """Speaks HTTP byte by byte. `script` says what the next connections or requests get; then `otherwise`."""

    otherwise: Behaviour
    script: deque[Behaviour] = field(default_factory=deque)
    requests: list[Recorded] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def then(self, *behaviours: str | Behaviour) -> None:
        self.script.extend(getattr(self, each) if isinstance(each, str) else each for each in behaviours)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if self.script and self.script[0] == self.close_unread:
                self.script.popleft()
                return
            while (recorded := await self._read(reader)) is not None:
                self.requests.append(recorded)
                self.asked.set()
                await (self.script.popleft() if self.script else self.otherwise)(reader, writer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> Recorded | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        line, *fields = head.decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)}
        return Recorded(line, headers, await reader.readexactly(int(headers.get("content-length", "0"))))

    async def close_unread(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None: ...

    async def close(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def reset(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def hang(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def garbage(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\xffSMTP ready\r\n\r\n" * 20)

    async def half_head(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
        await writer.drain()
        writer.transport.abort()

    async def half_body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{"messages": [{"id":')
        await writer.drain()
        writer.close()

    async def stall_in_body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{")
        await reader.read()

    async def endless(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
            await writer.drain()


def answer(status: int, body: bytes | Mapping[str, Any], **headers: str) -> Behaviour:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(raw)}\r\n{head}\r\n".encode() + raw)

    return behave


@pytest.fixture(name="answer")
def _answer() -> Callable[..., Behaviour]:
    return answer


@dataclass(frozen=True)
class Channel:
    """What the conformance suite must know of a channel. A new channel adds one of these to `CHANNELS`."""

    sender: Callable[[str, float, int], Sender]
    """From the server's address, a time-out and a number of requests at a time."""
    secrets: tuple[str, ...]
    reachable: Recipient
    unreachable: Recipient
    accepted: Behaviour
    accepted_id: str
    without_id: Behaviour
    """An answer that says neither yes nor no, or not to which message."""
    refusal: Callable[[str], Behaviour]
    """A refusal that quotes a text."""
    receiver: Receiver
    sign: Callable[[bytes], Mapping[str, str]]
    """The headers that say who sent a body; empty where only the query does."""
    samples: tuple[bytes, ...]
    """Webhooks that hold together: the receipt of `wamid.1`, where there are receipts, and the message `wamid.2`."""
    receipts: bool = True
    query: str = ""
    """The query string of its webhooks; where there is one, it is signed or is itself the secret."""
    binds_body: bool = True
    """Whether the signature is over the body."""
    handshake: Mapping[str, str] = field(default_factory=dict)
    """Empty where the channel asks nothing before it sends webhooks."""
    handshake_answer: str = ""
    handshake_secret: str = ""
    """The key in `handshake` that nobody else can know."""


META_TOKEN = "EAAGm0PX4ZCpsBAKZCa1b2c3d4e5f6g7h8"
_META_SECRET = "app-secret"
_META_SAMPLE = {
    "object": "whatsapp_business_account",
    "entry": [
        {
            "id": "1",
            "changes": [
                {
                    "field": "messages",
                    "value": {
                        "metadata": {"display_phone_number": "622150001234", "phone_number_id": "106540352242922"},
                        "messages": [
                            {
                                "from": "6281234567890",
                                "id": "wamid.2",
                                "timestamp": "1795132801",
                                "type": "text",
                                "text": {"body": "rekap"},
                            }
                        ],
                        "statuses": [{"id": "wamid.1", "status": "read", "timestamp": "1795132800"}],
                    },
                }
            ],
        }
    ],
}


def _meta() -> Channel:
    return Channel(
        sender=lambda url, timeout_s, at_once: MetaCloudSender(
            MetaConfig("106540352242922", META_TOKEN, api_url=url, timeout_s=timeout_s, max_in_flight=at_once)
        ),
        secrets=(META_TOKEN,),
        reachable=Recipient.parse("+6281234567890"),
        unreachable=Recipient.parse("120363041234567890@g.us"),
        accepted=answer(200, {"messages": [{"id": "wamid.OK"}]}),
        accepted_id="wamid.OK",
        without_id=answer(200, {"messaging_product": "whatsapp", "messages": []}),
        refusal=lambda text: answer(400, {"error": {"code": 100, "message": text, "error_data": {"details": text}}}),
        receiver=MetaCloudReceiver(_META_SECRET, "verify-me", "106540352242922"),
        sign=lambda body: {"X-Hub-Signature-256": signature(_META_SECRET.encode(), body)},
        samples=(json.dumps(_META_SAMPLE).encode(),),
        handshake={"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "verify-me"},
        handshake_answer="1158201444",
        handshake_secret="hub.verify_token",
    )


WAHA_KEY = "waha-key-4f1d2b7c9e"


def waha_webhook(event: str, payload: Mapping[str, Any], **others: Any) -> bytes:
    envelope = {"id": "evt_01", "timestamp": 1795132801123, "session": "default", "engine": "GOWS", "event": event}
    return json.dumps({**envelope, "payload": payload, **others}).encode()


def _waha() -> Channel:
    message = {"id": "false_6281234567890@c.us_wamid.2", "timestamp": 1795132801, "from": "6281234567890@c.us"}
    ack = {"id": "true_6281234567890@c.us_wamid.1", "ack": 3, "ackName": "READ", "fromMe": True}
    return Channel(
        sender=lambda url, timeout_s, at_once: WahaSender(
            WahaConfig(url, WAHA_KEY, timeout_s=timeout_s, max_in_flight=at_once)
        ),
        secrets=(WAHA_KEY,),
        reachable=Recipient.parse("+6281234567890"),
        unreachable=Recipient.parse("ID.13491208655302741918"),
        accepted=answer(201, {"id": "true_6281234567890@c.us_3EB0A1", "_data": {}}),
        accepted_id="3EB0A1",
        without_id=answer(201, {"_data": {}}),
        refusal=lambda text: answer(400, {"statusCode": 400, "message": [text, text], "error": "Bad Request"}),
        receiver=WahaReceiver("hmac-key"),
        sign=lambda body: {"X-Webhook-Hmac": waha_signature(b"hmac-key", body), "X-Webhook-Hmac-Algorithm": "sha512"},
        samples=(
            waha_webhook("message.ack", ack),
            waha_webhook("message", {**message, "fromMe": False, "body": "rekap", "hasMedia": False}),
        ),
    )


WWEBJS_KEY = "wwebjs-key-81c0aa37e2"


def wwebjs_webhook(kind: str, data: Any, session: str = "default") -> bytes:
    return json.dumps({"dataType": kind, "data": data, "sessionId": session}).encode()


def _wwebjs() -> Channel:
    chat = "6281234567890@c.us"
    key = {"remote": chat, "fromMe": True, "id": "wamid.1", "_serialized": f"true_{chat}_wamid.1"}
    sent = {"id": key, "fromMe": True, "ack": 3, "timestamp": 1795132800}
    key = {"remote": chat, "fromMe": False, "id": "wamid.2", "_serialized": f"false_{chat}_wamid.2"}
    said = {"id": key, "fromMe": False, "from": chat, "type": "chat", "body": "rekap", "timestamp": 1795132801}
    return Channel(
        sender=lambda url, timeout_s, at_once: WwebjsSender(
            WwebjsConfig(url, WWEBJS_KEY, timeout_s=timeout_s, max_in_flight=at_once)
        ),
        secrets=(WWEBJS_KEY,),
        reachable=Recipient.parse("+6281234567890"),
        unreachable=Recipient.parse("ID.13491208655302741918"),
        accepted=answer(
            200, {"success": True, "message": {"id": {"id": "3EB0A1", "_serialized": "true_x@c.us_3EB0A1"}}}
        ),
        accepted_id="3EB0A1",
        without_id=answer(200, {"success": True}),
        refusal=lambda text: answer(400, {"success": False, "error": text}),
        receiver=WwebjsReceiver(WWEBJS_KEY),
        sign=lambda body: {"x-api-key": WWEBJS_KEY},
        samples=(
            wwebjs_webhook("message_ack", {"message": sent, "ack": 3}),
            wwebjs_webhook("message", {"message": said}),
        ),
        binds_body=False,
    )


CHANNELS = {
    "meta": _meta,
    "twilio": lambda: Channel(**twilio(answer)),
    "waha": _waha,
    "watzap": lambda: Channel(**watzap(answer)),
    "wwebjs": _wwebjs,
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`sendable`: how to make each channel, with each type of content it sends; `unsendable`: with each other one."""
    for wanted in {"sendable", "unsendable"} & set(metafunc.fixturenames):
        cases = [
            pytest.param((make, kind), id=f"{channel}-{kind}")
            for channel, make in CHANNELS.items()
            for kind in sorted(TYPES)
            if (kind in make().sender("http://127.0.0.1", 5, 5).capabilities.contents) is (wanted == "sendable")
        ]
        metafunc.parametrize(wanted, cases)


@pytest.fixture(params=CHANNELS)
def channel(request: pytest.FixtureRequest) -> Channel:
    return CHANNELS[request.param]()


@pytest.fixture
def meta() -> Channel:
    return _meta()


@pytest.fixture
def waha() -> Channel:
    return _waha()


@pytest.fixture
def wwebjs() -> Channel:
    return _wwebjs()


@pytest.fixture
async def start() -> AsyncIterator[Callable[[Behaviour], Awaitable[ProviderServer]]]:
    servers: list[asyncio.Server] = []

    async def begin(otherwise: Behaviour) -> ProviderServer:
        provider = ProviderServer(otherwise)
        server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
        provider.port = server.sockets[0].getsockname()[1]
        servers.append(server)
        return provider

    yield begin
    for server in servers:
        server.close()
        await server.wait_closed()
    await asyncio.sleep(0.01)  # connections end


@pytest.fixture
async def server(channel: Channel, start: Callable[[Behaviour], Awaitable[ProviderServer]]) -> ProviderServer:
    return await start(channel.accepted)


@pytest.fixture
async def meta_server(meta: Channel, start: Callable[[Behaviour], Awaitable[ProviderServer]]) -> ProviderServer:
    return await start(meta.accepted)


@pytest.fixture
async def waha_server(waha: Channel, start: Callable[[Behaviour], Awaitable[ProviderServer]]) -> ProviderServer:
    return await start(waha.accepted)


@pytest.fixture
async def wwebjs_server(wwebjs: Channel, start: Callable[[Behaviour], Awaitable[ProviderServer]]) -> ProviderServer:
    return await start(wwebjs.accepted)
