"""Our outbox and its peers, each at its best: how a queue is made, filled and drained.

Everybody gets uvloop, durable tables, and messages that were built before the clock starts. The peers' settings are
the fastest found in a sweep; they are given no dedupe keys, and keep no order.
"""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import asyncpg
import uvloop
from pgqueuer import Job, Queries, QueueManager
from pgqueuer.types import QueueExecutionMode
from procrastinate import App, PsycopgConnector
from procrastinate.types import JSONDict
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql import insert

from benchmarks.messages import Nowhere, messages
from wa_integrasi.clock import utc_now
from wa_integrasi.content import Content, Template, Text
from wa_integrasi.delivery import Delivery
from wa_integrasi.outbox import Outbox
from wa_integrasi.policy.gate import GateRules
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate
from wa_integrasi.store.tables import chats

T = TypeVar("T")
_LONGEST_S = 600


class Contender(Protocol):
    """A queue in the PostgreSQL database at `url`."""

    @property
    def waiting(self) -> str:
        """SQL that says whether any job is not done."""

    def install(self, url: str) -> None:
        """Make its tables."""

    def enqueue(self, url: str, count: int, at_once: int) -> float:
        """Enqueue `count` jobs, `at_once` in each call; returns the seconds it took, without connecting."""

    def drain(self, url: str, ready: Callable[[], None]) -> None:
        """Connect, call `ready`, and do all jobs."""


def on_uvloop(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


@dataclass(frozen=True)
class Ours:
    """Outbox and Delivery as they are used: dedupe keys, order per chat, leases, breaker, every change on record."""

    chats: int
    rules: AccountRules = field(default_factory=AccountRules)
    content: Content = field(default_factory=lambda: Text(body="halo"))
    waiting: str = "SELECT EXISTS (SELECT FROM wa_outbox WHERE status IN ('pending', 'sending', 'unknown'))"

    def install(self, url: str) -> None:
        with _store(url) as store:
            migrate(store)

    def enqueue(self, url: str, count: int, at_once: int) -> float:
        with _store(url) as store:
            outbox = Outbox(store)
            calls = list(_in_parts(messages(count, self.chats, self.content), at_once))
            start = time.perf_counter()
            for call in calls:
                outbox.enqueue(call)
            return time.perf_counter() - start

    def drain(self, url: str, ready: Callable[[], None]) -> None:
        with _store(url) as store:
            if self.rules.gate.consent_required:
                self._agree(store)
            delivery = Delivery(Outbox(store), {"default": Nowhere()}, f"bench-{os.getpid()}", {"default": self.rules})
            ready()
            on_uvloop(delivery.drain(_LONGEST_S))

    def _agree(self, store: Store) -> None:
        """Record an opt-in of everybody."""
        people = {message.recipient.chat for message in messages(self.chats, self.chats)}
        rows = [{"account": "default", "chat": chat, "opted_in_at": utc_now()} for chat in sorted(people)]
        agree = insert(chats)
        agree = agree.on_conflict_do_update(
            index_elements=["account", "chat"], set_={"opted_in_at": agree.excluded.opted_in_at}
        )
        with store.writing() as connection:
            connection.execute(agree, rows)


class PgQueuer:
    """PgQueuer over asyncpg, its fastest driver."""

    waiting = "SELECT EXISTS (SELECT FROM pgqueuer)"

    def install(self, url: str) -> None:
        async def install() -> None:
            connection = await asyncpg.connect(url)
            await Queries.from_asyncpg_connection(connection).install()
            await connection.close()

        on_uvloop(install())

    def enqueue(self, url: str, count: int, at_once: int) -> float:
        async def enqueue() -> float:
            connection = await asyncpg.connect(url)
            queries = Queries.from_asyncpg_connection(connection)
            payloads: list[bytes | None] = [b"halo"] * count
            calls = list(_in_parts(payloads, at_once))
            start = time.perf_counter()
            for call in calls:
                await queries.enqueue(["send"] * len(call), call, [0] * len(call))
            took = time.perf_counter() - start
            await connection.close()
            return took

        return on_uvloop(enqueue())

    def drain(self, url: str, ready: Callable[[], None]) -> None:
        async def drain() -> None:
            connection = await asyncpg.connect(url)
            manager = QueueManager(Queries.from_asyncpg_connection(connection))

            @manager.entrypoint("send")
            async def send(_: Job) -> None:
                return

            ready()
            # 500 is its best here (50: 13,300/s, 100: 15,900, 1,000: 18,100); more managers in a process do not help.
            await manager.run(batch_size=500, mode=QueueExecutionMode.drain, log_aggregation_interval=timedelta(0))
            await connection.close()

        on_uvloop(drain())


class Procrastinate:
    """procrastinate over its own psycopg pool."""

    waiting = "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing'))"

    def install(self, url: str) -> None:
        async def install() -> None:
            async with _app(url).open_async() as app:
                await app.schema_manager.apply_schema_async()

        on_uvloop(install())

    def enqueue(self, url: str, count: int, at_once: int) -> float:
        async def enqueue() -> float:
            async with _app(url).open_async() as app:
                send = app.tasks["send"]
                arguments: list[JSONDict] = [{"text": "halo"}] * count
                calls = list(_in_parts(arguments, at_once))
                start = time.perf_counter()
                for call in calls:
                    await send.batch_defer_async(*call)
                return time.perf_counter() - start

        return on_uvloop(enqueue())

    def drain(self, url: str, ready: Callable[[], None]) -> None:
        async def drain() -> None:
            async with _app(url).open_async() as app:
                ready()
                # It fetches jobs one at a time: 10, 20 and 30 at once are alike. Deleting them is its fastest ending.
                await app.run_worker_async(
                    concurrency=20,
                    delete_jobs="always",
                    wait=False,
                    listen_notify=False,
                    install_signal_handlers=False,
                )

        on_uvloop(drain())


def _app(url: str) -> App:
    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=20))

    @app.task(name="send")
    async def send(text: str) -> None:
        return

    return app


def _store(url: str) -> Store:
    return Store.open(make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False))


def _in_parts(items: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


_TEMPLATE = Template(name="rekap_harian", language="id", body=["halo"])

CONTENDERS: Mapping[str, Contender] = {
    "ours, 2,000 chats": Ours(2_000),
    "ours, 20,000 chats": Ours(20_000),
    "ours, window, consent, tier": Ours(
        2_000, AccountRules(gate=GateRules(windowed=True, consent_required=True, tier=1_000_000)), _TEMPLATE
    ),
    "PgQueuer": PgQueuer(),
    "procrastinate": Procrastinate(),
}
