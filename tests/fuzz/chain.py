"""The way of a webhook from its commit to its routes, over a real store, and what must hold of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, event, select

from tests.fuzz.channels import Channel
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.inbox import PARKED_FOR, Inbox
from wa_integrasi.intake.routing import Asked, Router
from wa_integrasi.outbox import Outbox
from wa_integrasi.providers.base import BadItem, MessageEvent
from wa_integrasi.providers.wire import is_json
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate
from wa_integrasi.store.tables import (
    commands,
    complaint_queue,
    conversations,
    inbound_events,
    inbound_messages,
    metadata,
    unread_items,
)

_MOST_TURNS = 1_000
_ROUTED_TO = {"command": commands, "complaint": complaint_queue}


class Said(logging.Handler):
    """Keeps what is said in the log: an error that is caught there is found nowhere else."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def asks(asked: Asked, _: Catalog) -> bool:
    """Whether a message is a command."""
    return "suhu" in (asked.message.text or "")


class Chain:
    """Takes webhooks in and works until nothing is left of them."""

    def __init__(self, store: Store, channels: Mapping[str, Channel]) -> None:
        self._now = datetime(2040, 11, 20, tzinfo=UTC)
        outbox = Outbox(store, clock=self._clock)
        self._store = store
        self._inbox = Inbox(store, outbox, self._clock)
        self._router = Router(store, outbox, asks, self._clock)
        self._receivers = {(channel.name, "default"): channel.receiver for channel in channels.values()}
        self._said = Said()
        logging.getLogger("wa_integrasi").addHandler(self._said)

    def take(self, channel: Channel, body: bytes) -> None:
        """One webhook, all the way; nothing of it is in the store afterwards. Raises `AssertionError`."""
        kept = channel.kept(body)
        if kept is None:
            return
        assert self._inbox.keep(channel.name, "default", kept)
        self._work()
        self._now += PARKED_FOR + timedelta(minutes=1)
        self._work()
        assert self._said.lines == []
        self._hold(channel, kept)
        self._forget()

    def close(self) -> None:
        """Listen to the log no more."""
        logging.getLogger("wa_integrasi").removeHandler(self._said)

    def _clock(self) -> datetime:
        return self._now

    def _work(self) -> None:
        for _ in range(_MOST_TURNS):
            if not self._inbox.work(self._receivers) + self._router.work().total():
                return
        raise AssertionError("the work does not end")

    def _hold(self, channel: Channel, kept: bytes) -> None:
        with self._store.reading() as connection:
            [ended] = connection.execute(select(inbound_events)).all()
            messages = connection.execute(select(inbound_messages)).all()
            unread = connection.execute(select(unread_items)).all()
            places = {
                route: set(connection.execute(select(table.c.message_id)).scalars())
                for route, table in _ROUTED_TO.items()
            }
            talks = dict(connection.execute(select(conversations.c.id, conversations.c.messages)).tuples().all())
        assert ended.due_at is None, ended.note
        assert ended.note
        readable = not channel.receiver.sends_json or is_json(kept)
        assert readable or ended.note == "unreadable: not JSON"
        items = [] if ended.note.startswith("unreadable: ") else channel.receiver.parse(kept)
        told = {item.message_id for item in items if isinstance(item, MessageEvent)}
        assert {message.message_id for message in messages} == told
        assert len(unread) == min(1_000, sum(isinstance(item, BadItem) for item in items))
        assert all(item.reason for item in unread)
        assert {(message.state, message.due_at) for message in messages} <= {("done", None)}
        for route, found in places.items():
            assert found == {message.id for message in messages if message.route == route}
        talked = [message.conversation_id for message in messages if message.route == "conversation"]
        assert {talk: talked.count(talk) for talk in talked} == talks

    def _forget(self) -> None:
        with self._store.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))


@contextmanager
def chain(folder: Path, channels: Mapping[str, Channel]) -> Iterator[Chain]:
    """A chain over a new store in `folder`, which is as fast as it can be since no power fails here."""
    with Store.open(f"sqlite+pysqlite:///{folder}/wa.db") as store:
        event.listen(store.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
        migrate(store)
        made = Chain(store, channels)
        try:
            yield made
        finally:
            made.close()
