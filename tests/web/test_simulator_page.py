"""The phone's page: its policy, its chats, and that nothing that was sent can run in it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from wa_integrasi.simulator import Phone, PhoneConfig, simulator_app
from wa_integrasi.simulator.contents import Shown
from wa_integrasi.simulator.graph import MessageRequest
from wa_integrasi.simulator.phone_store import Line

CHAT = "+6281234567890"


@pytest.fixture
async def phone(tmp_path: Path) -> AsyncIterator[Phone]:
    phone = Phone(PhoneConfig(tmp_path / "phone.db", "1065", "token", "secret", timezone="Asia/Jayapura"))
    yield phone
    phone.store.close()


@pytest.fixture
async def client(phone: Phone) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Mount("/simulator", simulator_app(phone))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver/simulator/") as client:
        yield client


async def receive(phone: Phone, body: str, chat: str = CHAT) -> str:
    return await phone.receive(MessageRequest(chat, chat, Shown("text", body)))


async def bubbles(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("chats.json", params={"chat": CHAT})
    return list(answer.json()["bubbles"])


class TestPage:
    async def test_only_its_own_script_and_style_may_run(self, client: httpx.AsyncClient) -> None:
        first, second = await client.get(""), await client.get("")
        policy = first.headers["content-security-policy"]
        (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert set(re.findall(r"<(?:script|style)[^>]*>", first.text)) == {
            f'<script nonce="{nonce}">',
            f'<style nonce="{nonce}">',
        }
        assert nonce not in second.text

    async def test_it_loads_nothing_from_elsewhere(self, client: httpx.AsyncClient) -> None:
        text = (await client.get("")).text
        assert "{{" not in text
        assert not re.search(r"""(src|href|url|import)\s*[=(]?\s*["']?(https?:)?//""", text)
        assert not re.search(r"""\son\w+=|\sstyle=""", text)

    async def test_it_says_that_it_waits(self, client: httpx.AsyncClient) -> None:
        assert "Belum ada pesan" in (await client.get("")).text
        assert (await client.get("chats.json")).json() == {"revision": 0, "chats": [], "bubbles": []}

    async def test_nothing_is_cached_or_sniffed(self, client: httpx.AsyncClient) -> None:
        for path in ("", "chats.json", "messages.json"):
            headers = (await client.get(path)).headers
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"


class TestChats:
    async def test_the_latest_chat_comes_first(self, client: httpx.AsyncClient, phone: Phone) -> None:
        await receive(phone, "satu")
        await receive(phone, "dua", "+6281377701234")
        await phone.type(CHAT, "*tiga*")
        chats = (await client.get("chats.json")).json()["chats"]
        assert [(chat["name"], chat["preview"], chat["typed"]) for chat in chats] == [
            ("+62 812-3456-7890", "tiga", True),
            ("+62 813-7770-1234", "dua", False),
        ]

    async def test_bubbles_show_markup_and_no_tag_of_the_sender(self, client: httpx.AsyncClient, phone: Phone) -> None:
        await receive(phone, '*tebal* <img src=x onerror=alert(1)> </script> "&')
        await receive(phone, "```\na   b\n1   2\n```")
        shown, table = [bubble["html"] for bubble in await bubbles(client)]
        assert "<img" not in shown
        assert "</script" not in shown
        assert re.search(r"<(b|strong)>tebal</", shown)
        assert "a   b\n1   2" in table

    async def test_unchanged_chats_are_not_sent_again(self, client: httpx.AsyncClient, phone: Phone) -> None:
        await receive(phone, "satu")
        revision = (await client.get("chats.json")).json()["revision"]
        assert (await client.get("chats.json", params={"after": revision})).status_code == 204
        await receive(phone, "dua")
        assert (await client.get("chats.json", params={"after": revision})).status_code == 200

    async def test_times_are_those_of_the_zone(self, client: httpx.AsyncClient, phone: Phone) -> None:
        zone = ZoneInfo("Asia/Jayapura")
        noon = datetime.now(zone).replace(hour=12, minute=5)
        for number, at in enumerate((datetime(2026, 8, 17, 7, 0, tzinfo=zone), noon - timedelta(days=1), noon)):
            phone.store.add(Line(f"wamid.{number}", CHAT, False, "x", None, None, at.timestamp()), [])
        assert [(bubble["day"], bubble["time"]) for bubble in await bubbles(client)] == [
            ("17 Agustus 2026", "07:00"),
            ("Kemarin", "12:05"),
            ("Hari ini", "12:05"),
        ]

    async def test_messages_for_programs(self, client: httpx.AsyncClient, phone: Phone) -> None:
        message_id = await receive(phone, "satu")
        await receive(phone, "dua", "+6281377701234")
        (message,) = (await client.get("messages.json", params={"chat": CHAT})).json()
        times = {"received_at", "sent_at", "delivered_at", "read_at"}
        assert set(message) == {"id", "to", "type", "body", "status", *times}
        assert (message["id"], message["body"], message["status"]) == (message_id, "satu", "accepted")
        assert len((await client.get("messages.json")).json()) == 2

    async def test_faults_are_out_of_reach(self, client: httpx.AsyncClient) -> None:
        for path in ("faults", "faults.json", "config", "reset"):
            assert (await client.post(path, json={})).status_code in (404, 405)
