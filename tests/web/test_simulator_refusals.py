"""What the simulator's phone does not take, in Meta's words, and who may not type on it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from wa_integrasi.simulator import Phone, PhoneConfig, simulator_app

NUMBER_ID = "106540352242922"
TOKEN = "EAAGsimulator"
HOST = "http://phone.test:8080"
SENDER = "+6281234567890"
TEXT = {"messaging_product": "whatsapp", "to": SENDER, "type": "text", "text": {"body": "x"}}


@pytest.fixture
async def phone(tmp_path: Path) -> AsyncIterator[Phone]:
    phone = Phone(PhoneConfig(tmp_path / "phone.db", NUMBER_ID, TOKEN, "secret"))
    yield phone
    phone.store.close()


@pytest.fixture
async def client(phone: Phone) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(simulator_app(phone)), base_url=HOST) as client:
        yield client


async def post(
    client: httpx.AsyncClient, payload: Any, *, token: str = TOKEN, number: str = NUMBER_ID, version: str = "v23.0"
) -> tuple[int, Any]:
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await client.post(f"/{version}/{number}/messages", content=content, headers=headers)
    return answer.status_code, answer.json()


class TestSending:
    @pytest.mark.parametrize(
        ("change", "code", "said"),
        [
            ({"to": None}, 100, "to is required"),
            ({"to": "Budi"}, 131009, "no phone number"),
            ({"messaging_product": "sms"}, 100, "messaging_product"),
            ({"text": {"body": " "}}, 100, "body"),
            ({"text": {"body": "x" * 4097}}, 100, "at most 4096"),
            ({"text": None}, 100, "body"),
            ({"text": {"body": "x", "preview_url": "yes"}}, 100, "boolean"),
            ({"type": "hologram"}, 100, "type"),
            ({"type": "video"}, 131051, "video"),
            ({"recipient_type": "group"}, 100, "recipient_type"),
            ({"biz_opaque_callback_data": "x" * 513}, 100, "at most 512"),
        ],
    )
    async def test_refusals(
        self, client: httpx.AsyncClient, phone: Phone, change: dict[str, Any], code: int, said: str
    ) -> None:
        status, answer = await post(client, {**TEXT, **change})
        assert (status, answer["error"]["code"]) == (400, code)
        assert said in answer["error"]["error_data"]["details"]
        assert answer["error"]["fbtrace_id"]
        assert phone.messages() == []

    @pytest.mark.parametrize("token", ["stolen", "", f"{TOKEN}x"])
    async def test_wrong_tokens(self, client: httpx.AsyncClient, token: str) -> None:
        status, answer = await post(client, TEXT, token=token)
        assert (status, answer["error"]["code"], answer["error"]["type"]) == (401, 190, "OAuthException")

    async def test_numbers_of_others(self, client: httpx.AsyncClient) -> None:
        status, answer = await post(client, TEXT, number="1")
        assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)

    async def test_unknown_versions(self, client: httpx.AsyncClient) -> None:
        assert (await post(client, TEXT, version="v23"))[0] == 400

    @pytest.mark.parametrize("body", [b"", b"[1]", b"\xff", b'{"a":' * 30_000])
    async def test_what_is_no_object(self, client: httpx.AsyncClient, body: bytes) -> None:
        assert (await post(client, body))[0] == 400

    async def test_marking_as_read(self, client: httpx.AsyncClient) -> None:
        receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"}
        assert await post(client, {**receipt, "typing_indicator": {"type": "text"}}) == (200, {"success": True})
        assert (await post(client, {"messaging_product": "whatsapp", "status": "read"}))[0] == 400


class TestTyping:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Content-Type": "text/plain"}, 415),
            ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
        ],
    )
    async def test_other_sites_cannot_type(
        self, client: httpx.AsyncClient, phone: Phone, headers: dict[str, str], status: int
    ) -> None:
        headers = {"Content-Type": "application/json", **headers}
        body = json.dumps({"from": SENDER, "text": "x"})
        assert (await client.post("/type", content=body, headers=headers)).status_code == status
        assert phone.store.lines() == []

    async def test_the_page_itself_can(self, client: httpx.AsyncClient, phone: Phone) -> None:
        headers = {"Origin": HOST, "Sec-Fetch-Site": "same-origin"}
        answer = await client.post("/type", json={"from": "0812-3456-7890", "text": "rekap"}, headers=headers)
        assert answer.json()["chat"] == SENDER
        assert [(line.chat, line.body) for line in phone.store.lines(typed=True)] == [(SENDER, "rekap")]

    @pytest.mark.parametrize(
        ("typed", "status"),
        [
            ({"from": "Budi", "text": "x"}, 422),
            ({"text": "x"}, 422),
            ({"from": "123456789@g.us", "text": "x"}, 422),
            ({"from": "+6281234567890", "text": "  "}, 422),
            ({"from": "+6281234567890", "text": "x" * 4097}, 422),
            ({"from": "+6281234567890"}, 422),
            ([], 400),
        ],
    )
    async def test_nonsense_is_refused(self, client: httpx.AsyncClient, typed: Any, status: int) -> None:
        answer = await client.post("/type", json=typed)
        assert answer.status_code == status
        assert answer.json()["error"]

    async def test_too_much_is_refused(self, client: httpx.AsyncClient) -> None:
        assert (await client.post("/type", json={"text": "x" * 300_000})).status_code == 413
