"""A worker that stays: it sleeps while nothing is due, wakes at once, and survives its store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.store.channel import BUDI, RecordingSender, accept, enqueue, message, statuses
from tests.waiting import until
from wa_integrasi.delivery import Delivery, stream
from wa_integrasi.outbox import Claimed, Outbox
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.providers.base import Accepted, Action, Failed, Outbound, Outcome, Unanswered
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store

PEOPLE = [Recipient.parse(f"+62812345678{number:02}") for number in range(20)]


@asynccontextmanager
async def running(outbox: Outbox, sender: RecordingSender) -> AsyncIterator[None]:
    """A worker that stays, for the time of the block."""
    stop = asyncio.Event()
    worker = asyncio.create_task(Delivery(outbox, {"default": sender}, "stays").run(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await worker


@pytest.fixture
def sender() -> RecordingSender:
    return RecordingSender()


async def test_it_wakes_for_every_message_and_stops_when_it_is_told(
    store: Store, sender: RecordingSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_LOOK_ANYWAY_S", 60)
    outbox = Outbox(store)
    async with running(outbox, sender):
        for number in range(5):
            await asyncio.to_thread(enqueue, outbox, message(str(number)))
            await until(lambda number=number: len(sender.sent) == number + 1)  # type: ignore[misc]
    assert sender.bodies() == ["0", "1", "2", "3", "4"]
    assert statuses(store) == ["sent"] * 5


async def test_it_finds_what_an_old_producer_inserts_without_a_word(store: Store, sender: RecordingSender) -> None:
    async with running(Outbox(store), sender):
        await asyncio.sleep(0.1)
        with store.writing() as connection:
            connection.execute(text("INSERT INTO wa_outbox (recipient, content) VALUES ('0812-3456-7890', 'x')"))
        await until(lambda: sender.bodies() == ["x"])


async def test_it_comes_back_by_itself_for_a_message_that_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def twice(outbound: Outbound) -> Outcome:
        return Failed(Action.RETRY, "131000", "later") if len(sender.sent) == 1 else await accept(outbound)

    monkeypatch.setattr(stream, "_LOOK_ANYWAY_S", 60)
    sender = RecordingSender(twice)
    outbox = Outbox(store, RetryPolicy(base=timedelta(seconds=0.1)), jitter=lambda low, high: high)
    enqueue(outbox, message())
    async with running(outbox, sender):
        await until(lambda: statuses(store) == ["sent"])


async def test_what_it_has_begun_is_finished_when_it_is_told_to_stop(store: Store) -> None:
    going = asyncio.Event()

    async def slowly(outbound: Outbound) -> Outcome:
        going.set()
        await asyncio.sleep(0.3)
        return await accept(outbound)

    outbox = Outbox(store)
    enqueue(outbox, *(message(to=person) for person in PEOPLE))
    async with running(outbox, RecordingSender(slowly)):
        await going.wait()
    assert statuses(store) == ["sent"] * 20


async def test_a_drain_may_stay_for_what_comes_and_ends_when_nothing_has_for_a_while(
    store: Store, sender: RecordingSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_LOOK_ANYWAY_S", 60)
    outbox = Outbox(store)
    enqueue(outbox, message("0"))
    draining = asyncio.create_task(Delivery(outbox, {"default": sender}, "stays").drain(60, stay_s=1))
    for number in range(1, 4):
        await until(lambda number=number: sender.bodies()[-1:] == [str(number - 1)])  # type: ignore[misc]
        await asyncio.to_thread(enqueue, outbox, message(str(number)))
    async with asyncio.timeout(20):
        tally = await draining
    assert (tally.total, sender.bodies()) == (4, ["0", "1", "2", "3"])


async def test_a_drain_that_stays_ends_what_it_has_begun_when_it_is_told_to_stop(store: Store) -> None:
    going, stop = asyncio.Event(), asyncio.Event()

    async def slowly(outbound: Outbound) -> Outcome:
        going.set()
        await asyncio.sleep(0.3)
        return await accept(outbound)

    outbox = Outbox(store)
    enqueue(outbox, *(message(to=person) for person in PEOPLE))
    delivery = Delivery(outbox, {"default": RecordingSender(slowly)}, "stays")
    draining = asyncio.create_task(delivery.drain(600, 600, stop))
    await going.wait()
    stop.set()
    async with asyncio.timeout(20):
        await draining
    assert statuses(store) == ["sent"] * 20


class AwayAtTimes(Outbox):
    """An outbox whose store is away at the calls that are named, once each."""

    def __init__(self, store: Store, *calls: str) -> None:
        super().__init__(store)
        self.away = list(calls)

    def settle(self, *arguments: object, **options: object) -> object:  # type: ignore[override]
        self._fail("settle")
        return super().settle(*arguments, **options)  # type: ignore[arg-type]

    def claim(self, *arguments: object, **options: object) -> list[Claimed]:  # type: ignore[override]
        self._fail("claim")
        return super().claim(*arguments, **options)  # type: ignore[arg-type]

    def _fail(self, call: str) -> None:
        if call in self.away:
            self.away.remove(call)
            raise OperationalError("UPDATE", {}, Exception("server closed the connection"), connection_invalidated=True)


async def test_a_store_that_is_away_is_waited_for_and_nothing_goes_twice(
    store: Store, sender: RecordingSender, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = AwayAtTimes(store, "claim", "claim", "settle", "settle")
    enqueue(outbox, *(message(to=person) for person in PEOPLE))
    with caplog.at_level(logging.WARNING):
        tally = await Delivery(outbox, {"default": sender}, "test").drain(20)
    assert (tally.total, len(sender.sent), statuses(store)) == (20, 20, ["sent"] * 20)
    said = [record.message for record in caplog.records]
    assert "the store is back" in said
    assert "the store is away (Exception): waiting for it, nothing is lost" in said


async def test_an_error_that_waiting_does_not_mend_is_told(store: Store, sender: RecordingSender) -> None:
    outbox = Outbox(store)
    enqueue(outbox, message())
    with store.writing() as connection:
        connection.execute(text("ALTER TABLE leases RENAME TO sewa"))
    with pytest.raises(Exception, match="leases"):
        await Delivery(outbox, {"default": sender}, "test").drain(20)
    assert sender.sent == []


async def test_a_slow_account_does_not_hold_up_another(store: Store) -> None:
    never = asyncio.Event()

    async def hang(outbound: Outbound) -> Outcome:
        await never.wait()
        return Unanswered("timed out")

    slow, quick = RecordingSender(hang), RecordingSender()
    outbox = Outbox(store)
    enqueue(outbox, *(message(str(n), person, "lambat") for n, person in enumerate(PEOPLE)))
    worker = asyncio.create_task(
        Delivery(outbox, {"lambat": slow, "cepat": quick}, "test", at_once=5).drain(20),
    )
    await until(lambda: len(slow.sent) == 5)
    await asyncio.to_thread(enqueue, outbox, message("b", BUDI, "cepat"))
    await until(lambda: quick.bodies() == ["b"])
    assert len(slow.sent) == 5, "no more than its share at once"
    never.set()
    await worker


async def test_answers_are_settled_while_a_slow_one_is_still_on_its_way(store: Store) -> None:
    never = asyncio.Event()

    async def one_hangs(outbound: Outbound) -> Outcome:
        if outbound.recipient == BUDI:
            await never.wait()
        return Accepted(outbound.attempt_id)

    outbox = Outbox(store)
    enqueue(outbox, message("1"), message("2"), message("lambat", BUDI))
    worker = asyncio.create_task(Delivery(outbox, {"default": RecordingSender(one_hangs)}, "test").drain(20))
    await until(lambda: statuses(store) == ["sent", "sent", "sending"])
    never.set()
    await worker


async def test_no_moment_is_missed_however_the_clock_runs_between_two_looks(store: Store) -> None:
    """What falls due between two looks at the clock is begun: otherwise a worker would sleep on it for ever."""

    async def at_any_time(outbound: Outbound) -> Outcome:
        await asyncio.sleep(0.001 * (int(outbound.recipient.address[-2:]) % 7))
        return await accept(outbound)

    outbox = Outbox(store)
    enqueue(outbox, *(message(str(part), person) for part in range(4) for person in PEOPLE))
    delivery = Delivery(outbox, {"default": RecordingSender(at_any_time)}, "test", at_once=3)
    worker = delivery._worker()

    async def nothing_due(_: float) -> bool:
        return not await worker.patience(outbox.has_due, worker.rules)

    hurried = stream.Stream(worker, 1000, nothing_due)
    clock, looks = asyncio.get_running_loop().time, iter(range(1_000_000))
    hurried._clock = lambda: clock() + 0.005 * next(looks)
    async with asyncio.timeout(60):
        tally = await hurried.go()
    assert tally.total == 80


async def test_a_budget_that_ends_while_one_asks_whether_to_go_on_ends_the_work(store: Store) -> None:
    worker = Delivery(Outbox(store), {"default": RecordingSender()}, "test")._worker()

    async def slowly_no(_: float) -> bool:
        await asyncio.sleep(0.3)
        return False

    async with asyncio.timeout(10):
        await stream.Stream(worker, 0.2, slowly_no).go()
