"""A provider in a process of its own: it remembers every message it was handed, and may echo our attempt ids."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection

import aiohttp
from aiohttp import web

_TELL_EVERY_S = 0.05
_TELL_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that the provider accepted, in the order of acceptance."""

    chat: str
    text: str
    attempt: str
    owner: str
    at: float


@dataclass(frozen=True, slots=True)
class Habits:
    """How the provider behaves. Times are the wall's, in seconds."""

    slowest_s: float
    """A request takes anything up to this; the message is accepted at some moment within."""
    receipts_to: str | None = None
    """Where receipts that name our attempt are posted; None for a provider that tells nothing."""
    receipts_within_s: float = 0


class Provider:
    """Accepts everything."""

    def __init__(self, habits: Habits) -> None:
        self._habits = habits
        self._arrivals: list[Arrival] = []
        self._untold: list[tuple[float, Arrival]] = []

    def app(self) -> web.Application:
        """Its HTTP face."""
        app = web.Application()
        app.add_routes(
            [web.post("/messages", self._accept), web.get("/arrivals", self._show), web.get("/count", self._count)]
        )
        if self._habits.receipts_to:
            app.cleanup_ctx.append(self._telling)
        return app

    async def _accept(self, request: web.Request) -> web.Response:
        said = await request.json()
        before, after = random.uniform(0, self._habits.slowest_s), random.uniform(0, self._habits.slowest_s)
        await asyncio.sleep(before / 2)
        arrival = Arrival(said["to"], said["text"], said["attempt"], said["owner"], time.time())
        self._arrivals.append(arrival)
        self._untold.append((time.time() + random.uniform(0, self._habits.receipts_within_s), arrival))
        await asyncio.sleep(after / 2)
        return web.json_response({"id": f"m.{arrival.attempt}"})

    async def _show(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(arrival) for arrival in self._arrivals])

    async def _count(self, _: web.Request) -> web.Response:
        return web.json_response(len({(arrival.chat, arrival.text) for arrival in self._arrivals}))

    async def _telling(self, _: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_TELL_WITHIN_S)) as session:
            telling = asyncio.create_task(self._tell(session))
            yield
            telling.cancel()

    async def _tell(self, session: aiohttp.ClientSession) -> None:
        """Post receipts, and repeat what was not taken, as a webhook does."""
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            now = time.time()
            due = [entry for entry in self._untold if entry[0] <= now]
            if due and await self._told(session, [(arrival.attempt, at) for at, arrival in due]):
                self._untold = [entry for entry in self._untold if entry not in due]

    async def _told(self, session: aiohttp.ClientSession, receipts: list[tuple[str, float]]) -> bool:
        try:
            async with session.post(str(self._habits.receipts_to), json=receipts) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


def serve(habits: Habits, tell_port: Connection) -> None:
    """Serve on a free port of the loopback, which goes through `tell_port`, until killed."""
    asyncio.run(_serve(habits, tell_port))


async def _serve(habits: Habits, tell_port: Connection) -> None:
    runner = web.AppRunner(Provider(habits).app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    tell_port.send(runner.addresses[0][1])
    await asyncio.Event().wait()
