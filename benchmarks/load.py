"""Posts signed webhooks to an address, as fast as they are answered or at a steady rate; says how long each took.

Runs as a process of its own: reads what to do as one line of JSON, writes the figures as another, until its input ends.
"""

import asyncio
import json
import statistics
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, cast

import uvloop

from wa_integrasi.providers.meta import signature

SECRET = "bench-app-secret"
NUMBER_ID = "106540352242922"

_AGREED = b"HTTP/1.1 200"


def webhook(number: int, senders: int = 2_000, text: str = "") -> bytes:
    """A text message as the Cloud API tells it, about 1 KB unless its text is told."""
    sender = f"62812{number % senders:08}"
    message = {
        "from": sender,
        "id": f"wamid.{number:024}",
        "timestamp": str(1_795_000_000 + number // 1_000),
        "type": "text",
        "text": {"body": text or f"Mesin {number} berhenti sejak pagi. " + "Mohon dicek ya, terima kasih. " * 12},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "628110000001", "phone_number_id": NUMBER_ID},
        "contacts": [{"profile": {"name": "Siti Aminah"}, "wa_id": sender}],
        "messages": [message],
    }
    entry = {"id": "100000000000001", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def request(path: str, body: bytes) -> bytes:
    """The whole request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: {signature(SECRET.encode(), body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Poster(asyncio.Protocol):
    """One connection, which is kept."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._began = 0.0
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def post(self, whole: bytes, began: float) -> None:
        self._began = began
        self._transport.write(whole)

    def data_received(self, data: bytes) -> None:
        if not data.endswith(b"\r\n\r\n"):
            raise RuntimeError(f"not an answer without a body: {data[:200]!r}")
        self._load.answered(self, time.perf_counter() - self._began, good=data.startswith(_AGREED))

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(self)

    def close(self) -> None:
        self._transport.close()


class Load:
    """What is posted, by whom, and how long each answer took."""

    def __init__(self, waiting: Iterator[bytes], count: int, *, steady: bool) -> None:
        self.took: list[float] = []
        self.bad = 0
        self.all_answered = asyncio.Event()
        self.ended = asyncio.Event()
        self._count = count
        self._waiting = waiting
        self._steady = steady
        self._idle: deque[Poster] = deque()
        self._due: deque[tuple[bytes, float]] = deque()
        self.open = 0

    def begin(self, poster: Poster) -> None:
        """The first post of a connection, or all it does is wait."""
        self.open += 1
        if self._steady:
            self._idle.append(poster)
        else:
            self._next(poster)

    def due(self, whole: bytes, at: float) -> None:
        """A post of a steady rate: it counts from its moment, also when no connection is free."""
        if self._idle:
            self._idle.popleft().post(whole, at)
        else:
            self._due.append((whole, at))

    def answered(self, poster: Poster, took: float, *, good: bool) -> None:
        self.took.append(took)
        self.bad += not good
        if len(self.took) == self._count:
            self.all_answered.set()
        if not self._steady:
            self._next(poster)
        elif self._due:
            poster.post(*self._due.popleft())
        else:
            self._idle.append(poster)

    def lost(self, poster: Poster) -> None:
        self.open -= 1
        if self.open == 0:
            self.ended.set()

    def _next(self, poster: Poster) -> None:
        whole = next(self._waiting, None)
        if whole is None:
            poster.close()
        else:
            poster.post(whole, time.perf_counter())


async def run(port: int, path: str, connections: int, first: int, count: int, rate: float = 0) -> dict[str, Any]:
    """Post `count` webhooks, numbered from `first` on; with a `rate` so many a second."""
    whole = [request(path, webhook(number)) for number in range(first, first + count)]
    load = Load(iter(whole), count, steady=bool(rate))
    loop = asyncio.get_running_loop()
    posters = [(await loop.create_connection(lambda: Poster(load), "127.0.0.1", port))[1] for _ in range(connections)]
    start = time.perf_counter()
    for poster in posters:
        load.begin(poster)
    if rate:
        for number, each in enumerate(whole):
            at = start + number / rate
            if (wait := at - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            load.due(each, at)
        async with asyncio.timeout(60):
            await load.all_answered.wait()
        for poster in posters:
            poster.close()
    async with asyncio.timeout(120):
        await load.ended.wait()
    took = time.perf_counter() - start
    cuts = statistics.quantiles(load.took, n=1000)
    return {
        "requests/s": len(load.took) / took,
        "p50 ms": cuts[499] * 1000,
        "p99 ms": cuts[989] * 1000,
        "bad": load.bad,
        "answered": len(load.took),
    }


def main() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            print(json.dumps(runner.run(run(**json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
