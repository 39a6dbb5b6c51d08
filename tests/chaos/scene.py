"""A store, a provider, workers that may be killed, and somebody who goes on enqueuing."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from tests.chaos import processes, provider
from tests.chaos.provider import Arrival, Habits
from tests.chaos.report import End, Key, Report, end_of, measure
from tests.chaos.timing import FastClock
from tests.chaos.worker import ENDED, POLICY, Job, work
from wa_integrasi.content import Text
from wa_integrasi.history import History
from wa_integrasi.message import OPEN, Receipt
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.pace import WEB_SESSION
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import ReceiptEvent
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store, StoreError

_RECEIPTS_WITHIN_S = 25.0
"""By the scene's clock: some while the lease of a killed worker holds, some while the message's fate is unknown.

What is left of the 65 seconds of both is what the store has to take a receipt; the faster the clock, the less.
"""


@dataclass(frozen=True)
class Channel:
    """The kind of provider, and how fast the clock of everything that sends to it runs."""

    name: str
    factor: float
    slowest_s: float
    echoes: bool = False
    rules: AccountRules = field(default_factory=AccountRules)
    chats: int = 300
    waiting: int = 300
    """How many messages are kept waiting."""


CHANNELS = {
    "echo": Channel("echo", factor=5, slowest_s=0.04, echoes=True, chats=600, waiting=600),
    "silent": Channel("silent", factor=20, slowest_s=0.04),
    "web": Channel("web", 10, slowest_s=0.1, rules=AccountRules(pace=WEB_SESSION), chats=40, waiting=40),
}

QUIET = Recipient.parse("+6281399999999")
"""Somebody to whom nobody writes but who is named."""


@dataclass
class Worker:
    """A running worker, and when it is killed at the latest."""

    process: BaseProcess
    job: Job
    ends_at: float


class Scene:
    """An async context manager: with it ends every process that it has started."""

    def __init__(self, store: Store, url: str, channel: Channel, folder: Path, name: str) -> None:
        self.store = store
        self.channel = channel
        self.folder = folder
        self.clock = FastClock(time.time(), channel.factor, folder / "shift")
        self.clock.set(0)
        self.workers: list[Worker] = []
        self.ends: list[End] = []
        self.enqueued: set[Key] = set()
        self.full = folder / "full"
        """While this file exists, the workers' SQLite cannot grow."""
        self._feeding = True
        self._latest_receipt_s = 0.0
        self._refusals: Counter[str] = Counter()
        self._name = name
        self._url = url
        self._outbox = Outbox(store, POLICY, self.clock)
        self._chats = [Recipient.parse(f"+62812{number:08}") for number in range(channel.chats)]
        self._numbers: Counter[str] = Counter()
        self._began = time.monotonic()
        self._provider: BaseProcess | None = None
        self._address = ""
        self._resources = AsyncExitStack()

    def hire(self, lives_s: float = 3_600, **details: Any) -> Worker:
        """Start a worker that is killed after `lives_s` at the latest; `details` are those of its `Job`."""
        owner = f"w{len(self.workers) + len(self.ends) + 1}"
        job = Job(owner, self._url, self._address, self.clock, self.folder, self.full, self.channel.rules, **details)
        worker = Worker(processes.start(work, job), job, time.monotonic() + lives_s)
        self.workers.append(worker)
        return worker

    def bury(self) -> list[Worker]:
        """Kill those whose time has come; returns those that have ended since, however they did."""
        for worker in self.workers:
            if time.monotonic() > worker.ends_at:
                processes.kill(worker.process)
        ended = [worker for worker in self.workers if worker.process.exitcode is not None]
        for worker in ended:
            self.workers.remove(worker)
            worker.process.join()
            killed = worker.process.exitcode == -signal.SIGKILL
            self.ends.append(end_of(worker.job.owner, killed=killed, journal=worker.job.journal, log=worker.job.log))
            worker.process.close()
        return ended

    async def feed(self) -> None:
        """Keep messages waiting, numbered within each chat, until `sated`."""
        while self._feeding:
            wanted = self.channel.waiting - (len(self.enqueued) - int(await self._ask("count")))
            await self.enqueue(max(0, wanted))
            await asyncio.sleep(0.05)

    def sated(self) -> None:
        """Let `feed` come to its end; it is not cancelled, since what it has in hand may be in the store already."""
        self._feeding = False

    async def enqueue(self, count: int, to: Recipient | None = None) -> list[Key]:
        """Enqueue `count` messages, for `to` or for anybody, however long the store is away."""
        keys = [self._next((to or random.choice(self._chats)).chat) for _ in range(count)]
        messages = [
            NewMessage(Recipient.of_chat(chat), Text(body=text), dedupe_key=f"{chat} {text}") for chat, text in keys
        ]
        while True:
            try:
                await asyncio.to_thread(self._outbox.enqueue, messages)
            except (StoreError, SQLAlchemyError) as error:
                self._refused(error)
                await asyncio.sleep(0.1)
            else:
                self.enqueued.update(keys)
                return keys

    def _next(self, chat: str) -> Key:
        self._numbers[chat] += 1
        return chat, str(self._numbers[chat])

    async def arrivals(self) -> list[Arrival]:
        """What the provider has accepted."""
        return [Arrival(**arrival) for arrival in await self._ask("arrivals")]

    async def rest(self, within_s: float = 60) -> None:
        """Wait until no message is owed to anybody, or `within_s` seconds are over; ended workers are replaced."""
        ends_at = time.monotonic() + within_s
        while time.monotonic() < ends_at:
            for _ in self.bury():
                self.hire()
            try:
                counts = await asyncio.to_thread(History(self.store).counts)
            except (StoreError, SQLAlchemyError):
                counts = {"pending": 1}
            if not OPEN & counts.keys():
                return
            await asyncio.sleep(0.2)

    async def report(self) -> Report:
        """Count, once everything has come to rest."""
        arrivals, said = await self.arrivals(), self.said()
        seconds = time.monotonic() - self._began
        found = await asyncio.to_thread(measure, self._name, self.store, self.enqueued, arrivals, self.ends)
        return replace(
            found, said=said, refusals=self._refusals, latest_receipt_s=self._latest_receipt_s, seconds=seconds
        )

    def said(self) -> list[str]:
        """What the engine logged in all workers."""
        lines = [line for file in sorted(self.folder.glob("*.log")) for line in file.read_text().splitlines()]
        return [line for line in lines if f" {ENDED}" not in line]

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as made:
            self._session = await made.enter_async_context(aiohttp.ClientSession())
            made.callback(self._kill_everybody)
            receipts_to = await made.enter_async_context(self._receipts()) if self.channel.echoes else None
            here, there = Pipe()
            with here, there:
                habits = Habits(self.channel.slowest_s, receipts_to, _RECEIPTS_WITHIN_S / self.channel.factor)
                self._provider = processes.start(provider.serve, habits, there)
                port = await asyncio.to_thread(here.recv)
            self._address = f"http://127.0.0.1:{port}"
            self._resources = made.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._resources.aclose()

    @asynccontextmanager
    async def _receipts(self) -> AsyncIterator[str]:
        """Take the provider's receipts, as the webhook does: refused while the store is away, then they come again."""
        app = web.Application()
        app.add_routes([web.post("/receipts", self._take)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/receipts"
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        now, said = self.clock(), await request.json()
        receipts = [ReceiptEvent(f"m.{attempt}", Receipt.DELIVERED, now, attempt) for attempt, _ in said]
        try:
            left = await asyncio.to_thread(self._outbox.apply, receipts)
        except (StoreError, SQLAlchemyError) as error:
            self._refused(error)
            return web.Response(status=503)
        self._latest_receipt_s = max(self._latest_receipt_s, time.time() - min(at for _, at in said))
        return web.Response(status=503 if left else 200)

    def _refused(self, error: Exception) -> None:
        self._refusals[type(getattr(error, "orig", error)).__name__] += 1

    def _kill_everybody(self) -> None:
        for process in [worker.process for worker in self.workers] + [self._provider]:
            if process is not None:
                processes.kill(process)
                process.close()

    async def _ask(self, what: str) -> Any:
        async with self._session.get(f"{self._address}/{what}") as response:
            return await response.json()
