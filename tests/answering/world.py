"""People who write to the bot, the plant that it reads, and the phone that gets its answers; no Prefect."""

from __future__ import annotations

import asyncio
import itertools
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from tests.conftest import FrozenClock
from tests.store.told import KEY, ToldReceiver, keep
from wa_integrasi.answering.desk import Desk, Ticket
from wa_integrasi.answering.fetching import Kitchen
from wa_integrasi.answering.leaves import in_sequence, leaves_of
from wa_integrasi.answering.subscribing.trial import answer_to
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.catalog.storing import apply_catalog, load_catalog
from wa_integrasi.inbox import Inbox
from wa_integrasi.intake.asking import CommandReader
from wa_integrasi.intake.routing import Router
from wa_integrasi.outbox import Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.privacy.names import Names
from wa_integrasi.providers.base import Accepted, MessageEvent
from wa_integrasi.sources.ai import ChatMessage
from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.http_query import HttpQuery
from wa_integrasi.sources.pi import Read
from wa_integrasi.sources.sql import SqlDatabase
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import audit_log, commands, wa_outbox

ZONE = "Asia/Jakarta"
PEOPLE = {
    "budi": "+6281200000001",
    "siti": "+6281200000002",
    "john": "+6281200000003",
    "dewi": "+6281200000004",
    "tamu": "+6281200000005",
    "orang": "+6281299999999",
    # As a channel names them that tells no number.
    "budiid": "ID.13491208655302741918",
    "sitilid": "998877665544332@lid",
    "oranglid": "998877665544339@lid",
}
GROUPS = {
    "ruang-kendali": "120363000000000001@g.us",
    "kantin": "120363000000000002@g.us",
    "lain": "120363000000000009@g.us",
}
CATALOG = read_catalog((Path(__file__).parent / "catalog.yaml").read_text(encoding="utf-8"), "catalog.yaml")


def build_plant(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE produksi (unit TEXT, hari TEXT, ton REAL)")
        connection.execute("CREATE TABLE boiler (nomor INTEGER, suhu REAL)")
        tons = {"Crusher": 1500, "GL1": 1234, "GL2": 800}
        days = ("2040-11-18", "2040-11-19", "2040-11-20")
        rows = [(unit, day, ton + number) for unit, ton in tons.items() for number, day in enumerate(days)]
        connection.executemany("INSERT INTO produksi VALUES (?, ?, ?)", rows)
        connection.executemany(
            "INSERT INTO boiler VALUES (?, ?)", [(number, 500 + number * 10.5) for number in (1, 2, 3)]
        )


class Plant:
    """The sources of these tests: a real SQLite file read through the real wall, and an AI that repeats."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.asked: list[Mapping[str, Any]] = []
        self.ai_heard: list[str] = []
        self.read: list[tuple[tuple[str, ...], str, tuple[str, str] | None]] = []
        self.web: list[tuple[str, str, Mapping[str, Any]]] = []
        """What web services were asked: kind of source, query, values."""
        self.away = 0
        """So many next questions find the source away."""
        self.raises: SourceError | None = None
        self.away_for = ""
        """Statements with this in them find it away for good."""

    async def rows(
        self, kind: str, source: str, statement: str, parameters: Mapping[str, Any], timeout_s: float, max_rows: int
    ) -> Rows:
        if source == "cuaca":
            self.web.append((kind, statement, parameters))
            return HttpQuery.parse(statement).rows_of({"data": [{"main": {"temp": 31.5}}]})
        self.asked.append(parameters)
        if self.raises:
            raise self.raises
        if self.away:
            self.away -= 1
            raise SourceError("sqlite: the server cannot be reached", transient=True)
        if self.away_for and self.away_for in statement:
            raise SourceError("sqlite: the server cannot be reached", transient=True)
        if (kind, source) != ("sql", "pabrik"):
            raise SourceError(f"no source block is called {source}", transient=False)
        database = SqlDatabase(f"sqlite:///{self.file}", timeout_s, max_rows)
        return await asyncio.to_thread(database.query, statement, parameters)

    async def readings(
        self, source: str, tags: Sequence[str], read: Read, days: tuple[str, str] | None, timeout_s: float
    ) -> Rows:
        if source != "pi-pabrik":
            raise SourceError(f"no PI source block is called {source}", transient=False)
        self.read.append((tuple(tags), read, days))
        return Rows(("tag", "value", "quality"), tuple((tag, 12.5, "good") for tag in tags))

    async def said(self, source: str, messages: Sequence[ChatMessage], timeout_s: float) -> str:
        self.ai_heard.append("\n".join(message.content for message in messages))
        return f"Anda bertanya: {messages[-1].content}"


class World:
    """One store with its people."""

    def __init__(self, store: Store, clock: FrozenClock, plant: Plant) -> None:
        self.store, self.clock, self.plant = store, clock, plant
        clock.tick(hours=3)
        self.outbox = Outbox(store, clock=clock)
        self.inbox = Inbox(store, self.outbox, clock)
        self.router = Router(store, self.outbox, CommandReader(ZONE, clock=clock), clock)
        self.desk = Desk(store, ZONE, clock=clock)
        self.kitchen = Kitchen(plant, clock, pauses_s=(0, 0))
        self._receiver = ToldReceiver()
        self._numbers = itertools.count(1)
        self._seen = 0
        if not load_catalog(store).triggers:
            apply_catalog(store, CATALOG, clock=clock)

    def write(
        self,
        who: str,
        text: str,
        group: str | None = None,
        *,
        quoting: bool = False,
        mentioning: bool = False,
        at: datetime | None = None,
    ) -> str:
        """Somebody writes; it is routed, not answered. Returns the id of the message."""
        number = next(self._numbers)
        message_id = f"wamid.in{number}"
        chat = GROUPS[group] if group else None
        context = {"context": {"id": self.last_sent_to(chat or PEOPLE[who])}} if quoting else {}
        item = MessageEvent(
            message_id, PEOPLE[who], at or self.clock(), "text", text, context, chat, mentions_us=mentioning
        )
        keep(self.inbox, self._receiver, f"said {number}".encode(), lambda: [item])
        assert self.inbox.work({KEY: self._receiver}) == 1
        while self.router.work():
            pass
        return message_id

    def react(self, who: str, emoji: str) -> list[str]:
        """What somebody is answered who puts an emoji on the last message that they got."""
        number = next(self._numbers)
        raw = {"reaction": {"message_id": self.last_sent_to(PEOPLE[who]), "emoji": emoji}}
        item = MessageEvent(f"wamid.in{number}", PEOPLE[who], self.clock(), "reaction", None, raw)
        keep(self.inbox, self._receiver, f"reacted {number}".encode(), lambda: [item])
        self.inbox.work({KEY: self._receiver})
        self.router.work()
        self.answer()
        return [row.content for row in self.news()]

    def answer(self, desk: Desk | None = None) -> None:
        """Answer all that is due, and send it."""
        desk = desk or self.desk
        while (opened := desk.open()).taken:
            self.serve(opened.tickets, desk)
        self.send()

    def serve(self, tickets: Sequence[Ticket], desk: Desk | None = None) -> list[bool]:
        """What a run does."""
        return asyncio.run(self.serve_soon(tickets, desk or self.desk))

    async def serve_soon(self, tickets: Sequence[Ticket], desk: Desk) -> list[bool]:
        leaves, wanted = [], []
        for ticket in tickets:
            catalog, order = ticket.decider.catalog, ticket.order
            leaves.append(leaves_of(order.trigger, order.arguments, catalog, ZONE, ticket.now))
            wanted.append((leaves[-1], in_sequence(catalog.triggers[order.trigger])))
        fetched = await self.kitchen.fetch(wanted, Names(["Siti Aminah", "Budi Santoso"]))
        return [
            desk.settle(ticket, answer_to(ticket, mine, found))
            for ticket, mine, found in zip(tickets, leaves, fetched, strict=True)
        ]

    def send(self) -> None:
        claimed = self.outbox.claim("test", {"default": AccountRules()}, limit=500)
        while claimed:
            self.outbox.settle([(each, Accepted(f"wamid.out{each.id}")) for each in claimed])
            claimed = self.outbox.claim("test", {"default": AccountRules()}, limit=500)

    def said(self, who: str, text: str, group: str | None = None, **more: Any) -> list[str]:
        """What somebody is answered, wherever that goes."""
        self.write(who, text, group, **more)
        self.answer()
        return [row.content for row in self.news()]

    def news(self) -> list[Any]:
        """The messages since the last look."""
        rows = [row for row in self.rows(wa_outbox) if row.id > self._seen]
        self._seen = max([self._seen, *(row.id for row in rows)])
        return rows

    def rows(self, table: Table) -> list[Any]:
        with self.store.reading() as connection:
            return list(connection.execute(select(table).order_by(table.c.id)).all())

    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows(commands))

    def audited(self) -> list[tuple[str, str, str | None]]:
        return [(row.actor, row.outcome, (row.details or {}).get("reason")) for row in self.rows(audit_log)]

    def last_sent_to(self, chat: str) -> str:
        rows = [row for row in self.rows(wa_outbox) if row.chat == chat]
        return f"wamid.out{rows[-1].id}"

    def code_for(self, who: str) -> str:
        """The newest code that somebody was told."""
        texts = [row.content for row in self.rows(wa_outbox) if row.chat == PEOPLE[who]]
        return next(found[-1] for text in reversed(texts) if (found := re.findall(r"\b[0-9]{6}\b", text)))
