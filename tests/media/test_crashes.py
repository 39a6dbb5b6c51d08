"""A worker that dies at any point loses no file, and leaves none twice in the vault for good."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncGenerator, AsyncIterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import FrozenClock
from tests.media.conftest import SECRET, Bench, Scanner
from wa_integrasi.intake.media import LEASE, MediaWork, sweep_media
from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.privacy.scan import Clean
from wa_integrasi.privacy.shelves import FolderShelf
from wa_integrasi.privacy.vault import Stored, Vault
from wa_integrasi.providers.base import Fetched, FileSource, Take, Unfetched
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.migrating import migrate

CONTENT = random.Random(1).randbytes(400_000).hex().encode()
LATER = datetime(2100, 1, 1, tzinfo=FrozenClock().now.tzinfo)
POINTS = ["fetching", "fetched", "before the vault", "in the vault", "behind the vault", "scanning", "scanned"]


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.scanner = Scanner(lambda _: Clean())
    return bench


class DiedError(Exception):
    """What a worker meets at a point where it dies."""


class Dies:
    """Raises once at one point; or waits there, to be cancelled."""

    def __init__(self, point: str, *, cancelled: bool) -> None:
        self._point = point
        self._cancelled = cancelled
        self.reached = asyncio.Event()

    async def at(self, point: str) -> None:
        if point == self._point and not self.reached.is_set():
            self.reached.set()
            if self._cancelled:
                await asyncio.Event().wait()
            raise DiedError


class DyingVault(Vault):
    def __init__(self, folder: Path, dies: Dies) -> None:
        super().__init__(FolderShelf(folder), MediaKeys(SECRET))
        self._dies = dies

    async def put(self, content: AsyncIterable[bytes], name: str | None = None) -> Stored:
        async def pieces() -> AsyncGenerator[bytes]:
            async for number, piece in _numbered(content):
                if number == 1:
                    await self._dies.at("in the vault")
                yield piece

        await self._dies.at("before the vault")
        stored = await super().put(pieces(), name)
        await self._dies.at("behind the vault")
        return stored


async def _numbered(content: AsyncIterable[bytes]) -> AsyncGenerator[tuple[int, bytes]]:
    number = 0
    async for piece in content:
        yield number, piece
        number += 1


class DyingScanner(Scanner):
    def __init__(self, dies: Dies) -> None:
        super().__init__(lambda _: Clean())
        self._dies = dies

    async def scan(self, content: object) -> Clean:
        await self._dies.at("scanning")
        await super().scan(content)
        await self._dies.at("scanned")
        return Clean()


class DyingChannel:
    def __init__(self, bench: Bench, dies: Dies) -> None:
        self._channel = bench.channel
        self._dies = dies

    async def __aenter__(self) -> DyingChannel:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def fetch(self, source: FileSource, take: Take, at_most: int) -> Fetched | Unfetched:
        await self._dies.at("fetching")
        fetched = await self._channel.fetch(source, take, at_most)
        await self._dies.at("fetched")
        return fetched


def dying(bench: Bench, dies: Dies) -> MediaWork:
    vault = DyingVault(bench.folder, dies)
    return MediaWork(bench.store, vault, DyingScanner(dies), lambda _: DyingChannel(bench, dies), bench.clock)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("cancelled", [False, True], ids=["error", "cancelled"])
async def test_a_worker_that_dies_at_a_point(bench: Bench, point: str, cancelled: bool) -> None:
    media_id, dies = bench.note(CONTENT), Dies(point, cancelled=cancelled)
    task = asyncio.create_task(dying(bench, dies).work())
    await asyncio.wait_for(dies.reached.wait(), 30)
    if cancelled:
        assert await bench.work() == 0  # it is held still
        task.cancel()
        await asyncio.wait({task})
        bench.clock.now += LEASE
    else:
        assert await task == 1
    await bench.settle()
    row = bench.row(media_id)
    assert row.state == "kept"
    assert await bench.read(media_id) == CONTENT
    assert bench.stored() == [row.vault_id]
    stored_before = POINTS.index(point) >= POINTS.index("behind the vault")
    assert bench.channel.asked["1"] == (1 if stored_before or point == "fetching" else 2)


async def test_a_worker_that_was_only_slow_cleans_up_after_itself(bench: Bench) -> None:
    media_id, dies = bench.note(CONTENT), Dies("before the vault", cancelled=True)
    vault = DyingVault(bench.folder, dies)
    go_on = asyncio.Event()

    async def held(point: str) -> None:
        if point == "before the vault" and not dies.reached.is_set():
            dies.reached.set()
            await go_on.wait()

    dies.at = held  # type: ignore[method-assign]
    slow = asyncio.create_task(bench.worker(vault).work())
    await asyncio.wait_for(dies.reached.wait(), 30)
    bench.clock.now += LEASE
    await bench.settle()
    assert bench.row(media_id).state == "kept"
    go_on.set()
    await slow
    assert bench.stored() == [bench.row(media_id).vault_id]
    assert await bench.read(media_id) == CONTENT


async def test_what_is_worked_on_for_long_stays_held(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wa_integrasi.intake.media.work.LEASE", timedelta(seconds=0.06))
    bench.note(CONTENT)
    dies = Dies("fetched", cancelled=True)
    task = asyncio.create_task(dying(bench, dies).work())
    await asyncio.wait_for(dies.reached.wait(), 30)
    first = bench.rows()[0].due_at
    bench.clock.now += timedelta(seconds=50)
    for _ in range(200):
        await asyncio.sleep(0.02)
        if bench.rows()[0].due_at > first:
            break
    assert bench.rows()[0].due_at == bench.clock() + LEASE
    task.cancel()
    await asyncio.wait({task})


async def test_the_store_away_in_between_loses_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    media_id, worker = bench.note(CONTENT), bench.worker()

    def away(*_: object) -> bool:
        raise StoreError("cannot open the store")

    with monkeypatch.context() as patched:
        patched.setattr("wa_integrasi.intake.media.work.change", away)
        assert await worker.work() == 1
    assert bench.row(media_id).state == "fetch"
    bench.clock.now += LEASE
    await bench.settle()
    assert await bench.read(media_id) == CONTENT


async def test_no_plain_text_is_left_on_the_disk(bench: Bench, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    bench.note(CONTENT)
    seen: list[list[Path]] = []

    async def look(point: str) -> None:
        seen.append(list(spool.iterdir()))

    dies = Dies("never", cancelled=False)
    dies.at = look  # type: ignore[method-assign]
    vault = DyingVault(bench.folder, dies)
    worker = MediaWork(
        bench.store, vault, DyingScanner(dies), lambda _: DyingChannel(bench, dies), bench.clock, spool=spool
    )
    await worker.work()
    assert len(seen) >= len(POINTS)
    assert not any(seen)
    assert bench.states() == {"kept": 1}


WORKER = """
import asyncio, sys
from pathlib import Path
from contextlib import asynccontextmanager
from wa_integrasi.intake.media import MediaWork
from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.privacy.scan import ScanningOff
from wa_integrasi.privacy.shelves import FolderShelf
from wa_integrasi.privacy.vault import Vault
from wa_integrasi.providers.base import Fetched
from wa_integrasi.store.engine import Store, StoreError
from datetime import datetime, UTC

url, folder, secret, moment = sys.argv[1:]

class Channel:
    async def __aenter__(self): return self
    async def __aexit__(self, *_): ...
    async def fetch(self, source, take, at_most):
        for _ in range(100):
            await take(b"laporan " * 5000)
        return Fetched()

async def main():
    with Store.open(url) as store:
        vault = Vault(FolderShelf(Path(folder)), MediaKeys(secret))
        work = MediaWork(store, vault, ScanningOff(), lambda _: Channel(), lambda: datetime.fromisoformat(moment))
        print("begun", flush=True)
        while await work.work(2):
            pass
        print("done", flush=True)

asyncio.run(main())
"""


def test_a_worker_that_is_killed(tmp_path: Path, clock: FrozenClock) -> None:
    url, folder = f"sqlite+pysqlite:///{tmp_path}/wa.db", tmp_path / "media"
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER))
    with Store.open(url) as store:
        migrate(store)
        bench = Bench(store, clock, folder)
        ids = [bench.note(b"", size=4_000_000) for _ in range(6)]
        for wait in (0.15, 0.3, 0.45, None):
            command = [sys.executable, str(script), url, str(folder), SECRET, clock().isoformat()]
            environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
            worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
            assert worker.stdout is not None
            assert worker.stdout.readline() == "begun\n"
            if wait is not None:
                time.sleep(wait)
                worker.send_signal(signal.SIGKILL)
            worker.communicate(timeout=60)
            clock.now += LEASE
        for media_id in ids:
            assert len(asyncio.run(bench.read(media_id))) == 4_000_000
        asyncio.run(sweep_media(store, bench.vault, LATER))
        assert bench.stored() == sorted(row.vault_id for row in bench.rows())
