"""`wa serve` is really killed under load: what it had acknowledged is there, and every message is one."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import func, select

from benchmarks.load import NUMBER_ID, SECRET, webhook
from deployments.children import Child, children
from tests.chaos.databases import KINDS, address_of_new, new_store
from tests.ports import free_port
from wa_integrasi.providers.meta import signature
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import inbound_events, inbound_messages

KILLS = 3
PROVIDERS = 20
ENDS_S = 90


class Provider:
    """Sends webhooks, some of them twice, and each again until it is acknowledged, as Meta does."""

    def __init__(self, url: str) -> None:
        self.acknowledged: Counter[int] = Counter()
        self.stopped = asyncio.Event()
        self._url = url
        self._next = 0

    async def send(self, http: aiohttp.ClientSession) -> None:
        while not self.stopped.is_set():
            number = self._next
            self._next += 1
            for _ in range(1 + (number % 3 == 0)):
                await self._until_acknowledged(http, number)

    async def _until_acknowledged(self, http: aiohttp.ClientSession, number: int) -> None:
        body = webhook(number)
        headers = {"X-Hub-Signature-256": signature(SECRET.encode(), body)}
        while True:
            try:
                async with http.post(self._url, data=body, headers=headers) as answer:
                    if answer.status == 200:
                        self.acknowledged[number] += 1
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            if self.stopped.is_set():
                return
            await asyncio.sleep(0.02)


def ids(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(inbound_messages.c.message_id)).scalars())


def unread(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.execute(select(func.count(inbound_events.c.due_at))).scalar_one())


def environment(url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WA_")}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *filter(None, [kept.get("PYTHONPATH")])]),
        "WA_DATABASE_URL": url.replace("+pysqlite", "").replace("+psycopg", ""),
        "WA_PROVIDER": "meta",
        "WA_API_KEY": "none",
        "WA_APP_SECRET": SECRET,
        "WA_VERIFY_TOKEN": "verify-token",
        "WA_PHONE_NUMBER_ID": NUMBER_ID,
        "WA_SECRET_KEY": "a-secret-key-of-at-least-32-characters",
    }


async def grown(provider: Provider, child: Child, by: int) -> None:
    """Wait until so many more were acknowledged."""
    wanted = provider.acknowledged.total() + by
    while provider.acknowledged.total() < wanted:
        assert child.process.returncode is None, child.ended()
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_killed_service_had_acknowledged_is_read_once(
    kind: str, postgres_url: str, tmp_path: Path
) -> None:
    port = free_port()
    provider = Provider(f"http://127.0.0.1:{port}/webhooks/meta/default")
    chance = random.Random(kind)
    serving = ["deployments.cli", "serve", "--port", str(port)]
    async with asyncio.timeout(ENDS_S):
        with address_of_new(kind, tmp_path, postgres_url) as url, new_store(url) as store:
            async with (
                children(environment(url), tmp_path, tmp_path / "logs") as started,
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http,
            ):
                sending: list[asyncio.Task[Any]] = []
                for _ in range(KILLS):
                    child = await started.start("wa serve", serving)
                    sending = sending or [asyncio.create_task(provider.send(http)) for _ in range(PROVIDERS)]
                    await grown(provider, child, chance.randrange(50, 600))
                    child.process.kill()
                    await child.process.wait()
                child = await started.start("wa serve", serving)
                await grown(provider, child, 200)
                provider.stopped.set()
                await asyncio.gather(*sending)
                while unread(store):
                    assert child.process.returncode is None, child.ended()
                    await asyncio.sleep(0.1)
            found = ids(store)
    assert len(found) == len(set(found)), "each is one message"
    assert {f"wamid.{number:024}" for number in provider.acknowledged} <= set(found)
