"""Fifty PI tags in one call beside one call each, against the simulated PI Web API in a process of its own.

Both read the value of each tag now over kept connections, with their WebIds known. One by one is done twice: one after
the other, and eight at a time.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import httpx
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.children import Child
from benchmarks.figures import Figures, medians, options, show, verdict
from tests.ports import free_port
from wa_integrasi.simulator.pi import PLANT, PiSimulation, pi_app
from wa_integrasi.sources.pi import Basic, PiClient, PiConfig, ValueNow
from wa_integrasi.sources.pi.access import PiMemory

TAGS = [tag.name for tag in PLANT[:50]]
PASSWORD = "bench"
Way = Callable[[PiClient], Awaitable[int]]


async def in_one(client: PiClient) -> int:
    return len((await client.read(TAGS, ValueNow())).values)


async def one_by_one(client: PiClient, at_once: int) -> int:
    places = asyncio.Semaphore(at_once)

    async def one(tag: str) -> int:
        async with places:
            return len((await client.read([tag], ValueNow())).values)

    return sum(await asyncio.gather(*map(one, TAGS)))


def timed(way: Way, config: PiConfig, times: int) -> Figures:
    async def work() -> float:
        async with PiClient(config, PiMemory()) as client:
            assert await in_one(client) == await way(client) == len(TAGS)
            started = time.perf_counter()
            for _ in range(times):
                assert await way(client) == len(TAGS)
            return (time.perf_counter() - started) / times

    return {"ms": asyncio.run(work()) * 1e3}


class Counted:
    """An application, and at /count how many requests it has had."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._count = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/count":
            await PlainTextResponse(str(self._count))(scope, receive, send)
            return
        self._count += 1
        await self._app(scope, receive, send)


def requests_of_one_call(config: PiConfig, port: int) -> int:
    """HTTP requests that the values of all tags take once their WebIds are known."""

    def count() -> int:
        return int(httpx.get(f"http://127.0.0.1:{port}/count").raise_for_status().text)

    async def work() -> int:
        async with PiClient(config, PiMemory()) as client:
            await in_one(client)
            before = count()
            assert await in_one(client) == len(TAGS)
            return count() - before

    return asyncio.run(work())


def main() -> None:
    chosen = options(__doc__, rounds=5, times=20)
    with Child("benchmarks.bench_pi", "serve") as server:
        port = int(server.hear())
        config = PiConfig(f"http://127.0.0.1:{port}/piwebapi", "PABRIK", Basic("simulator", PASSWORD))
        ways: dict[str, Way] = {
            "all in one call": in_one,
            "one call each, eight at a time": partial(one_by_one, at_once=8),
            "one call each, one after the other": partial(one_by_one, at_once=1),
        }
        found = medians({name: partial(timed, way, config, chosen.times) for name, way in ways.items()}, chosen.rounds)
        requests = requests_of_one_call(config, port)
    show("50 tags, their values now", found, ",.1f")
    one, each = found["all in one call"]["ms"], found["one call each, eight at a time"]["ms"]
    verdict("HTTP requests of one call for 50 tags", requests, 1, at_most=True)
    print(f"one call is {each / one:.1f} times as fast as one each, eight at a time")


def serve() -> None:
    port = free_port()
    app = Counted(pi_app(PiSimulation(password=PASSWORD)))
    config = uvicorn.Config(app, port=port, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)

    async def run() -> None:
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
        print(port, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await task

    asyncio.run(run())


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
