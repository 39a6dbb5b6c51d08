"""Requests that share commits: all are answered, none before its commit, and what waits is bounded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.waiting import until
from wa_integrasi.inbox import Inbox, Kept, RawEvent
from wa_integrasi.outbox import Outbox
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.tables import inbound_events
from wa_integrasi.web import commits as commits_module
from wa_integrasi.web.commits import NotKeptError, SharedCommits
from wa_integrasi.web.metrics import Answer, Metrics

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def event(number: int, body: bytes = b"") -> RawEvent:
    return RawEvent("meta", "default", body or str(number).encode(), NOW)


class Slow:
    """A store that commits when the test says so."""

    def __init__(self) -> None:
        self.groups: list[list[RawEvent]] = []
        self.go = threading.Event()
        self.error: Exception | None = None

    def keep_all(self, events: Sequence[RawEvent]) -> Kept:
        self.groups.append(list(events))
        self.go.wait(10)
        if self.error:
            raise self.error
        return Kept(len(events), tuple(each for each in events if each.body == b"poison"))


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    made = Slow()
    yield made
    made.go.set()


def shared(keep_all: Callable[[Sequence[RawEvent]], Kept]) -> SharedCommits:
    return SharedCommits(keep_all, lambda: None, Metrics())


async def outcomes(tasks: Sequence[asyncio.Task[None]]) -> list[object]:
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    return [each.answer if isinstance(each, NotKeptError) else each for each in ended]


async def begin(commits: SharedCommits, events: Sequence[RawEvent]) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(commits.keep(each)) for each in events]
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_during_a_commit_shares_the_next_one(slow: Slow) -> None:
    commits = shared(slow.keep_all)
    first = await begin(commits, [event(0)])
    await until(lambda: len(slow.groups) == 1)
    others = await begin(commits, [event(number) for number in range(1, 40)])
    assert not any(task.done() for task in [*first, *others]), "nothing is answered before its commit"
    slow.go.set()
    assert await outcomes([*first, *others]) == [None] * 40
    assert [len(group) for group in slow.groups] == [1, 39]


async def test_one_that_the_store_refuses_fails_alone(slow: Slow) -> None:
    slow.go.set()
    tasks = await begin(shared(slow.keep_all), [event(1), event(2, b"poison"), event(3)])
    assert await outcomes(tasks) == [None, Answer.REFUSED_BY_STORE, None]


@pytest.mark.parametrize(
    ("error", "answer"),
    [(StoreError("away"), Answer.STORE_AWAY), (RuntimeError("a mistake"), Answer.REFUSED_BY_STORE)],
)
async def test_a_commit_that_fails_is_told_to_all_and_the_next_is_tried(
    slow: Slow, error: Exception, answer: Answer
) -> None:
    commits = shared(slow.keep_all)
    slow.go.set()
    slow.error = error
    assert await outcomes(await begin(commits, [event(1), event(2)])) == [answer] * 2
    slow.error = None
    assert await outcomes(await begin(commits, [event(3)])) == [None]


async def test_a_store_that_hangs_is_away_for_all_who_wait_and_come(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits_module, "PATIENCE_S", 0.05)
    commits = shared(slow.keep_all)
    first = await begin(commits, [event(1)])
    await until(lambda: len(slow.groups) == 1)
    waiting = await begin(commits, [event(2)])
    assert await outcomes([*first, *waiting]) == [Answer.STORE_AWAY] * 2
    assert await outcomes(await begin(commits, [event(3)])) == [Answer.STORE_AWAY]
    assert len(slow.groups) == 1, "nobody waits for it"
    slow.go.set()
    await until(lambda: commits._writer is None)
    assert await outcomes(await begin(commits, [event(4)])) == [None]


async def test_what_waits_is_bounded_by_number_and_by_bytes(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits_module, "_WAITING", 2)
    monkeypatch.setattr(commits_module, "_WAITING_BYTES", 100)
    commits = shared(slow.keep_all)
    taken = await begin(commits, [event(0)])
    await until(lambda: len(slow.groups) == 1)
    waiting = await begin(commits, [event(1, b"x" * 60), event(2, b"x" * 60), event(3), event(4)])
    slow.go.set()
    assert await outcomes([*taken, *waiting]) == [None, None, Answer.BUSY, None, Answer.BUSY]


async def test_a_client_that_goes_away_holds_nobody_up(slow: Slow) -> None:
    commits = shared(slow.keep_all)
    tasks = await begin(commits, [event(1), event(2)])
    tasks[0].cancel()
    slow.go.set()
    assert await tasks[1] is None


async def test_a_row_that_the_database_refuses_fails_alone(store: Store) -> None:
    with store.writing() as connection:
        if store.dialect == "sqlite":
            refuse = "CREATE TRIGGER no BEFORE INSERT ON inbound_events WHEN NEW.body = x'706f69736f6e' "
            connection.execute(text(refuse + "BEGIN SELECT RAISE(ABORT, 'no'); END"))
        else:
            connection.execute(text("ALTER TABLE inbound_events ADD CHECK (body <> 'poison'::bytea)"))
    inbox = Inbox(store, Outbox(store))
    events = [event(number) for number in range(20)]
    events.insert(7, event(7, b"poison"))
    kept = inbox.keep_all([*events, event(3)])
    assert (kept.new, kept.refused) == (20, (events[7],))
    with store.reading() as connection:
        bodies = set(connection.execute(select(inbound_events.c.body)).scalars())
    assert bodies == {str(number).encode() for number in range(20)}


def test_a_store_that_is_away_is_not_tried_row_by_row(store_away: Store) -> None:
    with pytest.raises((StoreError, DBAPIError)):
        Inbox(store_away, Outbox(store_away)).keep_all([event(number) for number in range(500)])
