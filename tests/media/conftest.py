"""A channel that has files, a vault in a folder, and a worker between them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from sqlalchemy import select

from tests.conftest import FrozenClock
from wa_integrasi.inbox import Media
from wa_integrasi.intake.media import MediaWork, NewMedia, note_media, read_media
from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.privacy.scan import ClamAv, ScanningOff, Verdict
from wa_integrasi.privacy.shelves import FolderShelf
from wa_integrasi.privacy.vault import Vault
from wa_integrasi.providers.base import Fetched, FileSource, Lack, Take, Unfetched
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import media

SECRET = "k" * 32


@dataclass
class FakeChannel:
    """What a channel has by id: bytes, or why it cannot be had."""

    files: dict[str, bytes | Unfetched] = field(default_factory=dict)
    told: dict[str, Fetched] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    most_at_once: int = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def fetch(self, source: FileSource, take: Take, at_most: int) -> Fetched | Unfetched:
        name = str(source.id)
        self.asked[name] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            file = self.files.get(name, Unfetched(Lack.MISSING, "the channel does not have it"))
            if isinstance(file, Unfetched):
                return file
            if len(file) > at_most:
                return Unfetched(Lack.REFUSED, "larger than WhatsApp takes of its kind")
            for start in range(0, len(file), 100_000):
                await take(file[start : start + 100_000])
            return self.told.get(name, Fetched())
        finally:
            self.at_once -= 1


class Scanner(ClamAv):
    """A clamd that says what it is told to."""

    def __init__(self, verdict: Callable[[bytes], Verdict]) -> None:
        super().__init__("/nowhere")
        self.verdict = verdict
        self.scanned = 0

    async def scan(self, content: Any) -> Verdict:
        self.scanned += 1
        return self.verdict(b"".join([piece async for piece in content]))


@dataclass
class Bench:
    """All of it together."""

    store: Store
    clock: FrozenClock
    folder: Path
    channel: FakeChannel = field(default_factory=FakeChannel)
    scanner: ClamAv | ScanningOff | None = None

    @property
    def vault(self) -> Vault:
        return Vault(FolderShelf(self.folder), MediaKeys(SECRET))

    def worker(self, vault: Vault | None = None, scanner: ClamAv | ScanningOff | None = None) -> MediaWork:
        @asynccontextmanager
        async def fetchers(account: str) -> AsyncIterator[FakeChannel]:
            if account != "default":
                raise LookupError("no block for +6281234567890")
            yield self.channel

        return MediaWork(self.store, vault or self.vault, scanner or self.scanner, fetchers, self.clock)

    def note(self, content: bytes | Unfetched, kind: str = "document", mime: str = "text/plain", **source: Any) -> int:
        """Note one file of a new message; its id."""
        with self.store.writing() as connection:
            number = connection.execute(select(media.c.id)).fetchall()
            message = len(number) + 1
            told = Media(id=str(message), mime_type=mime, **source)
            account = "default"
            assert note_media(connection, [self.new(message, 0, told, kind, account)], self.clock()) == 1
            self.channel.files[str(message)] = content
            found = connection.execute(select(media.c.id).where(media.c.message_id == message)).scalar_one()
            return int(found)

    def new(
        self, message: int, position: int, source: Media, kind: str = "document", account: str = "default"
    ) -> NewMedia:
        return NewMedia(message, position, "meta", account, kind, source, self.clock())

    async def work(self, worker: MediaWork | None = None) -> int:
        return await (worker or self.worker()).work()

    async def settle(self, rounds: int = 40, worker: MediaWork | None = None) -> int:
        """Work, and let time pass, until nothing is left to be done; how many rounds there were."""
        worker = worker or self.worker()
        for number in range(rounds):
            await worker.work()
            wait = worker.due_in()
            if wait is None:
                return number
            self.clock.now += max(wait, timedelta(seconds=1))
        return rounds

    def row(self, media_id: int) -> Any:
        with self.store.reading() as connection:
            return connection.execute(select(media).where(media.c.id == media_id)).one()

    def rows(self) -> Sequence[Any]:
        with self.store.reading() as connection:
            return connection.execute(select(media).order_by(media.c.id)).all()

    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows())

    def stored(self) -> list[str]:
        """The names of the files in the vault; parts of dead writers begin with a dot."""
        return sorted(
            f"{'.' if file.parent.name == '.partial' else ''}{file.name}"
            for file in self.folder.rglob("*")
            if file.is_file()
        )

    async def read(self, media_id: int) -> bytes:
        async with aclosing(read_media(self.store, self.vault, media_id)) as pieces:  # type: ignore[type-var]
            return b"".join([piece async for piece in pieces])

    def everything(self) -> str:
        """All that the rows hold, as text."""
        return json.dumps([[str(value) for value in row] for row in self.rows()])


@pytest.fixture
def bench(store: Store, clock: FrozenClock, tmp_path: Path) -> Bench:
    return Bench(store, clock, tmp_path / "media")
