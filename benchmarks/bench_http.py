"""The whole engine beside bare HTTP clients, all against the same local server, 50 requests in flight.

The clients post bodies that were made before the clock starts, and nothing else. The engine claims, checks, makes the
body, posts it through the Cloud API's own sender, reads the answer, and writes down what came of it.
"""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

import aiohttp
import httpx
import uvloop

from benchmarks.children import Child
from benchmarks.figures import Figures, medians, options, show, verdict
from benchmarks.messages import messages
from benchmarks.stores import store_of
from tests.postgres import postgres
from wa_integrasi.delivery import Delivery
from wa_integrasi.outbox import Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Outbound
from wa_integrasi.providers.meta import MetaCloudSender, MetaConfig
from wa_integrasi.providers.meta_request import request_body

IN_FLIGHT = 50
CHATS = 2_000
HEADERS = {"Authorization": "Bearer none", "Content-Type": "application/json", "Accept-Encoding": "identity"}
Bodies = Iterator[bytes]


def bodies(count: int) -> list[bytes]:
    """What the sender would post, one for each message."""
    outbounds = (Outbound(m.recipient, m.content, str(m.dedupe_key)[:20]) for m in messages(count, CHATS))
    return [json.dumps(request_body(outbound)).encode() for outbound in outbounds]


async def bare_aiohttp(url: str, count: int) -> float:
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS, cookie_jar=aiohttp.DummyCookieJar()) as http:

        async def post(waiting: Bodies) -> None:
            for body in waiting:
                async with http.post(url, data=body) as response:
                    assert response.status == 200
                    await response.read()

        return await _rate(post, count)


async def bare_httpx(url: str, count: int) -> float:
    limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
    async with httpx.AsyncClient(headers=HEADERS, limits=limits, timeout=60) as http:

        async def post(waiting: Bodies) -> None:
            for body in waiting:
                response = await http.post(url, content=body)
                assert response.status_code == 200

        return await _rate(post, count)


async def _rate(post: Callable[[Bodies], Coroutine[Any, Any, None]], count: int) -> float:
    """Requests a second of so many loops that post what waits."""
    await post(iter(bodies(1)))
    waiting = iter(bodies(count))
    start = time.perf_counter()
    await asyncio.gather(*(post(waiting) for _ in range(IN_FLIGHT)))
    return count / (time.perf_counter() - start)


def client(work: Callable[[str, int], Coroutine[Any, Any, float]], api: str, count: int) -> Figures:
    """One round of a bare client."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return {"requests/s": runner.run(work(MetaConfig("1", "none", api_url=api).messages_url, count))}


def engine(kind: str, server: str, api: str, count: int) -> Figures:
    """One round of the engine on one kind of store."""
    with store_of(kind, server) as store, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outbox = Outbox(store)

        async def drain() -> float:
            async with MetaCloudSender(MetaConfig("1", "none", api_url=api, max_in_flight=IN_FLIGHT)) as sender:
                delivery = Delivery(outbox, {"default": sender}, "bench", {"default": AccountRules()})
                start = time.perf_counter()
                tally = await delivery.drain(600)
                took = time.perf_counter() - start
                assert tally.total == count, tally
                return count / took

        outbox.enqueue(messages(count, CHATS))
        return {"requests/s": runner.run(drain())}


def main() -> None:
    chosen = options(__doc__, rounds=3, messages=10_000)
    count = chosen.messages
    with postgres() as server, Child("benchmarks.cloud_api") as cloud_api:
        api = cloud_api.hear()
        contenders = {
            "aiohttp": partial(client, bare_aiohttp, api, count),
            "httpx": partial(client, bare_httpx, api, max(IN_FLIGHT, count // 20)),
            "engine on PostgreSQL": partial(engine, "postgresql", server, api, count),
            "engine on SQLite": partial(engine, "sqlite", server, api, count),
        }
        figures = medians(contenders, chosen.rounds)
    show(f"{IN_FLIGHT} in flight, median of {chosen.rounds}", figures)
    rates = {name: figure["requests/s"] for name, figure in figures.items()}
    for name in ("engine on PostgreSQL", "engine on SQLite"):
        verdict(f"{name}, share of bare aiohttp", rates[name] / rates["aiohttp"], 0.70)
        verdict(f"{name}, times bare httpx", rates[name] / rates["httpx"], 15)


if __name__ == "__main__":
    main()
