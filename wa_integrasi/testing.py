"""For the tests of your own reports, triggers and flows: a plant in a file, a channel that remembers, a clock to set.

    # tests/conftest.py
    pytest_plugins = ["wa_integrasi.testing"]

    # tests/test_produksi.py
    def test_the_report_says_how_much_was_made(wa):
        wa.catalog("catalog/produksi.yaml")
        wa.source("pabrik", "CREATE TABLE produksi (unit, ton); INSERT INTO produksi VALUES ('GL1', 1234)")
        wa.report("produksi", slot="2026-11-19")
        assert "1.234" in wa.received("siti")[0]

Everything is the real thing but two: messages end at `wa.sent` instead of at a phone, and it is as late as `wa.now`
says.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from wa_integrasi.answering.desk import Desk, Ticket
from wa_integrasi.answering.fetching import Kitchen
from wa_integrasi.answering.leaves import in_sequence, leaves_of
from wa_integrasi.answering.subscribing.trial import answer_to
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.reading import read_catalog, read_catalog_files
from wa_integrasi.catalog.storing import apply_catalog, load_catalog
from wa_integrasi.commands import NewCommand
from wa_integrasi.composing import compose_all
from wa_integrasi.content import Content, dump_content
from wa_integrasi.delivery import Delivery
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.history import History
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.privacy.names import Names
from wa_integrasi.providers.base import Accepted, Capabilities, Outbound, Outcome
from wa_integrasi.providers.meta import MetaCloudSender
from wa_integrasi.recipient import Kind
from wa_integrasi.reporting import (
    CADENCE,
    ReportJob,
    compose,
    due_reports,
    enclose,
    read_data,
    recipients_of,
    slot_of,
)
from wa_integrasi.slot import Cadence, Span
from wa_integrasi.sources.ai import ChatMessage
from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.pi import Read
from wa_integrasi.sources.sql import SqlDatabase
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate

ZONE = "Asia/Jakarta"
_TIMEOUT_S = 10.0
_DRAIN_S = 10.0
_HALF_AN_HOUR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as the channel was given it."""

    chat: str
    """Whom to, as `Recipient.chat`."""
    content: Content
    text: str
    """What a person reads of it."""


class RecordingSender:
    """A channel that accepts what Meta would, and groups too, and keeps it."""

    name: ClassVar[str] = "recording"
    capabilities: ClassVar[Capabilities] = replace(MetaCloudSender.capabilities, recipients=frozenset(Kind))

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def send(self, outbound: Outbound) -> Outcome:
        """Take a message."""
        self.sent.append(Sent(outbound.recipient.chat, outbound.content, dump_content(outbound.content)))
        return Accepted(f"wamid.{outbound.attempt_id}")


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime

    def __call__(self) -> datetime:
        """What it shows."""
        return self.now


@dataclass
class SampleSources:
    """Sources of SQLite files, and of values that the test says; asked through the same wall as real ones."""

    folder: Path
    files: dict[str, Path] = field(default_factory=dict)
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    said_by: dict[str, str] = field(default_factory=dict)

    def database(self, name: str, timeout_s: float = _TIMEOUT_S, max_rows: int = 10_000) -> SqlDatabase:
        """The source of a name. Raises `SourceError`."""
        if name not in self.files:
            raise SourceError(f"the test has no source {name!r}: wa.source({name!r}, ...)", transient=False)
        return SqlDatabase(f"sqlite:///{self.files[name]}", timeout_s, max_rows)

    async def rows(
        self, kind: str, source: str, statement: str, parameters: Mapping[str, Any], timeout_s: float, max_rows: int
    ) -> Rows:
        """The rows of one query, whatever kind of source the trigger names."""
        return await asyncio.to_thread(self.database(source, timeout_s, max_rows).query, statement, parameters)

    async def readings(
        self, source: str, tags: Sequence[str], read: Read, days: tuple[str, str] | None, timeout_s: float
    ) -> Rows:
        """What the test said that PI tags show."""
        if source not in self.values:
            raise SourceError(f"the test has no values of {source!r}: wa.values({source!r}, ...)", transient=False)
        shown = self.values[source]
        return Rows(("tag", "value", "quality"), tuple((tag, shown.get(tag), _quality(tag, shown)) for tag in tags))

    async def said(self, source: str, messages: Sequence[ChatMessage], timeout_s: float) -> str:
        """What the test said that an AI answers."""
        if source not in self.said_by:
            raise SourceError(f"the test has no answer of {source!r}: wa.ai({source!r}, ...)", transient=False)
        return self.said_by[source]


def _quality(tag: str, shown: Mapping[str, Any]) -> str:
    return "good" if tag in shown else "bad"


class Bench:
    """A store of its own with a catalog, sources, people who ask, and what they were sent."""

    def __init__(self, store: Store, folder: Path, zone: str = ZONE) -> None:
        self.store = store
        self.zone = zone
        self.clock = Clock(datetime(2026, 11, 20, 1, 0, tzinfo=UTC))
        self.sources = SampleSources(folder)
        self.folder = folder
        self.sender = RecordingSender()
        self._files = OutgoingFiles(folder / "files")
        self._outbox = Outbox(store, clock=self.clock)

    @classmethod
    @contextmanager
    def opened(cls, empty: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Self]:
        """A bench in `folder`, on a copy of the `empty` store, which the environment names."""
        file = folder / "wa.db"
        file.write_bytes(empty.read_bytes())
        monkeypatch.setenv("WA_DATABASE_URL", f"sqlite:///{file}")
        monkeypatch.setenv("WA_TIMEZONE", ZONE)
        with Store.open(f"sqlite+pysqlite:///{file}") as store:
            yield cls(store, folder)

    @property
    def now(self) -> datetime:
        """What time it is; 20 November 2026, 08.00 WIB, until it is set."""
        return self.clock.now

    @now.setter
    def now(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("now must have a time zone, such as datetime(2026, 11, 20, 1, tzinfo=UTC)")
        self.clock.now = now

    def later(self, **duration: float) -> None:
        """Let time pass: `wa.later(minutes=5)`."""
        self.clock.now += timedelta(**duration)

    def catalog(self, *files: str | Path) -> Catalog:
        """Apply catalog files, or folders of them; a text with line breaks is one itself. Raises `CatalogError`."""
        texts = [file for file in files if isinstance(file, str) and "\n" in file]
        paths = [Path(file) for file in files if file not in texts]
        for text in texts:
            apply_catalog(self.store, read_catalog(text, "catalog"), clock=self.clock)
        if paths:
            apply_catalog(self.store, read_catalog_files(paths), clock=self.clock)
        return load_catalog(self.store)

    def source(self, name: str, script: str) -> None:
        """A SQL source: a SQLite database made by `script`, anew each time."""
        file = self.folder / f"{name}.db"
        file.unlink(missing_ok=True)
        with closing(sqlite3.connect(file)) as database:
            database.executescript(script)
        self.sources.files[name] = file

    def values(self, name: str, shown: Mapping[str, Any]) -> None:
        """A PI source: what its tags show now; any other tag is bad."""
        self.sources.values[name] = shown

    def ai(self, name: str, says: str) -> None:
        """An AI, and its answer to everything."""
        self.sources.said_by[name] = says

    def report(self, name: str, slot: str = "") -> list[str]:
        """Make a report for the slot that a day lies in, else the last that ended, and send it; its texts.

        Raises `ReportError`, `SourceError`.
        """
        job = self.job(name, slot)
        data = read_data(job, self.sources.database(job.report.source))
        enclosed = enclose(job, data, self.now).contents(job, self._files)
        return self.send(*compose(job, data, now=self.now, group_ids={}, enclosed=enclosed))

    def ask(self, who: str, text: str) -> list[str]:
        """A contact of the catalog writes a command; what they are answered."""
        desk, chat, before = self.asked(who, text), self._chat(who), len(self.sent)
        while (opened := desk.open()).taken:
            asyncio.run(self._serve(desk, opened.tickets))
        self.deliver()
        return [sent.text for sent in self.sent[before:] if sent.chat == chat]

    def job(self, name: str, slot: str = "") -> ReportJob:
        """A report for the slot that a day lies in, else for the last that ended, to be given to tasks."""
        catalog = load_catalog(self.store)
        if name not in catalog.reports:
            raise KeyError(f"no report {name!r}; there are: {', '.join(catalog.reports) or 'none'}")
        report = catalog.reports[name]
        if report.cadence != CADENCE:
            [job] = due_reports(catalog, slot_of(Cadence(report.cadence), slot, self.zone, self.now), [name])
            return job
        span = Span(self.now - _HALF_AN_HOUR, self.now, self.zone)
        return ReportJob(name, report, catalog.chat_templates[report.template], span, catalog)

    def asked(self, who: str, text: str) -> Desk:
        """The desk where a command of a contact of the catalog waits for its answer."""
        desk = Desk(self.store, self.zone, clock=self.clock, files=self._files)
        chat = self._chat(who)
        desk.queue.ask([NewCommand("default", chat, text=text, sender=chat)])
        return desk

    @property
    def kitchen(self) -> Kitchen:
        """What asks the bench's sources, each question once."""
        return Kitchen(self.sources, self.clock, pauses_s=())

    def send(self, *messages: NewMessage) -> list[str]:
        """Enqueue messages as flows do, and deliver all that is due; the texts that went."""
        composed = compose_all(self.store, messages)
        for refused in composed.refused:
            raise refused
        self._outbox.enqueue(composed.messages)
        return self.deliver()

    def deliver(self) -> list[str]:
        """Send all that is due, as `wa-gateway` does; the texts that went."""
        before = len(self.sent)
        delivery = Delivery(self._outbox, {"default": self.sender}, "test", files=self._files)
        asyncio.run(delivery.drain(_DRAIN_S))
        return [sent.text for sent in self.sent[before:]]

    @property
    def sent(self) -> list[Sent]:
        """Everything that the channel was given, in its order."""
        return self.sender.sent

    @property
    def history(self) -> History:
        """How each message stands."""
        return History(self.store)

    def received(self, who: str) -> list[str]:
        """What a contact or group of the catalog was sent, the oldest first."""
        chat = self._chat(who)
        return [sent.text for sent in self.sent if sent.chat == chat]

    def _chat(self, who: str) -> str:
        [recipient] = recipients_of(self.store, who, {})
        return recipient.chat

    async def _serve(self, desk: Desk, tickets: Sequence[Ticket]) -> None:
        leaves, wanted = [], []
        for ticket in tickets:
            order, catalog = ticket.order, ticket.decider.catalog
            leaves.append(leaves_of(order.trigger, order.arguments, catalog, self.zone, ticket.now))
            wanted.append((leaves[-1], in_sequence(catalog.triggers[order.trigger])))
        names = Names([contact.display_name for contact in load_catalog(self.store).contacts.values()])
        fetched = await self.kitchen.fetch(wanted, names)
        for ticket, mine, found in zip(tickets, leaves, fetched, strict=True):
            desk.settle(ticket, answer_to(ticket, mine, found))


@pytest.fixture(scope="session")
def wa_store_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, to copy."""
    file = tmp_path_factory.mktemp("wa") / "wa.db"
    with Store.open(f"sqlite+pysqlite:///{file}") as store:
        migrate(store)
    return file


@pytest.fixture
def wa(wa_store_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench of this test alone. Flows find its store, too: `WA_DATABASE_URL` names it."""
    with Bench.opened(wa_store_file, tmp_path, monkeypatch) as bench:
        yield bench
