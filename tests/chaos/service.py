"""A real `wa serve` that is killed under load, and what became of what it had acknowledged."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from sqlalchemy import func, select

from benchmarks.load import NUMBER_ID, SECRET, webhook
from deployments.children import Child, Children, children
from tests.ports import free_port
from wa_integrasi.providers.meta import signature
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import complaint_queue, conversations, inbound_events, inbound_messages

PROVIDERS = 20
COMPLAINT = "Pesan Komplain\nNama: Siti\nKeluhan: mesin {number} berhenti"
_A_COMPLAINT = 5
"""One message in so many is a complaint."""


def body_of(number: int) -> bytes:
    """The webhook of a number: a complaint, or what begins or goes on with a conversation."""
    return webhook(number, text="" if number % _A_COMPLAINT else COMPLAINT.format(number=number))


def signed(body: bytes) -> dict[str, str]:
    """The headers that Meta sends with it."""
    return {"X-Hub-Signature-256": signature(SECRET.encode(), body)}


class Provider:
    """Sends webhooks, some of them twice, and each again until it is acknowledged, as Meta does."""

    def __init__(self, url: str) -> None:
        self.acknowledged: Counter[int] = Counter()
        self.stopped = asyncio.Event()
        self._url = url
        self._next = 0

    async def send(self, http: aiohttp.ClientSession) -> None:
        """Send until stopped."""
        while not self.stopped.is_set():
            number = self._next
            self._next += 1
            for _ in range(1 + (number % 3 == 0)):
                await self._until_acknowledged(http, number)

    async def grown(self, child: Child, by: int) -> None:
        """Wait until so many more were acknowledged."""
        wanted = self.acknowledged.total() + by
        while self.acknowledged.total() < wanted:
            assert child.process.returncode is None, child.error()
            await asyncio.sleep(0.005)

    async def _until_acknowledged(self, http: aiohttp.ClientSession, number: int) -> None:
        body = body_of(number)
        while not self.stopped.is_set():
            try:
                async with http.post(self._url, data=body, headers=signed(body)) as answer:
                    if answer.status == 200:
                        self.acknowledged[number] += 1
                        return
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(0.02)


@dataclass
class Outcome:
    """What was acknowledged, and what the store says of it."""

    kills: int
    acknowledged: set[int]
    routes: dict[str, str | None]
    """Of each message that is stored."""
    messages: int
    filed: list[int]
    """The messages that were filed as complaints."""
    complaints: set[int]
    """Those whose route says so."""
    talks: Mapping[int, int]
    """Messages of each conversation, as it counts them."""
    talked: Mapping[int, int] = field(default_factory=dict)
    """As the messages say."""
    seconds: float = 0.0

    def broken(self) -> list[str]:
        """What does not hold, in words."""
        lost = [number for number in self.acknowledged if f"wamid.{number:024}" not in self.routes]
        wrong = [
            number
            for number in self.acknowledged
            if self.routes.get(f"wamid.{number:024}") != ("conversation" if number % _A_COMPLAINT else "complaint")
        ]
        goals = {
            f"{len(lost)} acknowledged and not stored": not lost,
            f"{self.messages} rows of {len(self.routes)} messages": self.messages == len(self.routes),
            f"{len(wrong)} not where they belong": not wrong,
            f"{len(self.filed)} complaints of {len(self.complaints)}": len(self.filed) == len(set(self.filed)),
            "complaints that are none, or are not filed": set(self.filed) == self.complaints,
            "conversations that count wrongly": self.talks == self.talked,
        }
        return [what for what, holds in goals.items() if not holds]


@asynccontextmanager
async def service(url: str, folder: Path) -> AsyncIterator[tuple[Children, list[str], str]]:
    """A place to start `wa serve` in: its processes, its arguments, and the address of its webhooks."""
    port = free_port()
    arguments = ["deployments.cli", "serve", "--port", str(port)]
    async with children(_environment(url), folder, folder / "logs") as started:
        yield started, arguments, f"http://127.0.0.1:{port}/webhooks/meta/default"


async def kill_service(store: Store, url: str, folder: Path, kills: int) -> Outcome:
    """Post to it from all sides and kill it `kills` times; then let it come to rest, and count."""
    began, chance = time.monotonic(), random.Random(kills)
    async with (
        service(url, folder) as (started, arguments, hook),
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http,
    ):
        provider = Provider(hook)
        sending: list[asyncio.Task[None]] = []
        for _ in range(kills):
            child = await started.start("wa serve", arguments)
            sending = sending or [asyncio.create_task(provider.send(http)) for _ in range(PROVIDERS)]
            await provider.grown(child, chance.randrange(50, 600))
            child.process.kill()
            await child.process.wait()
        child = await started.start("wa serve", arguments)
        await provider.grown(child, 200)
        provider.stopped.set()
        await asyncio.gather(*sending)
        await rested(store, child)
    found = outcome(store, kills, set(provider.acknowledged))
    found.seconds = time.monotonic() - began
    return found


async def rested(store: Store, child: Child) -> None:
    """Wait until every event is read and every message routed."""
    while _waiting(store):
        assert child.process.returncode is None, child.error()
        await asyncio.sleep(0.1)


def outcome(store: Store, kills: int, acknowledged: set[int]) -> Outcome:
    """What the store says."""
    c = inbound_messages.c
    with store.reading() as connection:
        rows = connection.execute(select(c.id, c.message_id, c.route, c.conversation_id)).all()
        filed = list(connection.execute(select(complaint_queue.c.message_id)).scalars())
        talks = dict(connection.execute(select(conversations.c.id, conversations.c.messages)).tuples().all())
    return Outcome(
        kills,
        acknowledged,
        {row.message_id: row.route for row in rows},
        len(rows),
        filed,
        {row.id for row in rows if row.route == "complaint"},
        talks,
        Counter(row.conversation_id for row in rows if row.conversation_id is not None),
    )


def _waiting(store: Store) -> int:
    unread = select(func.count(inbound_events.c.due_at))
    unrouted = select(func.count(inbound_messages.c.due_at))
    with store.reading() as connection:
        return int(connection.execute(unread).scalar_one() + connection.execute(unrouted).scalar_one())


def _environment(url: str) -> dict[str, str]:
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
