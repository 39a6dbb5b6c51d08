"""How long a worker goes on, and what it leaves behind when it is slow, stopped or dead."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tests.conftest import FrozenClock
from tests.store.channel import BUDI, RecordingSender, accept, enqueue, message, statuses
from tests.waiting import until
from wa_integrasi.delivery import Delivery, stream, worker
from wa_integrasi.history import History
from wa_integrasi.outbox import LEASE, Claimed, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, Outbound, Outcome
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import leases

PEOPLE = [Recipient.parse(f"+62812345678{number:02}") for number in range(20)]


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, clock=clock, jitter=lambda low, high: high)


@pytest.fixture
def sender() -> RecordingSender:
    return RecordingSender()


@pytest.fixture
def delivery(outbox: Outbox, sender: RecordingSender) -> Delivery:
    return Delivery(outbox, {"default": sender}, "test")


def lease_until(store: Store) -> object:
    with store.reading() as connection:
        return connection.execute(select(leases.c.until)).scalar_one()


async def test_a_slow_send_keeps_its_lease(
    outbox: Outbox, store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_BEAT_S", 0.01)
    rival = RecordingSender()

    async def slowly(outbound: Outbound) -> Outcome:
        for _ in range(3):
            clock.tick(seconds=LEASE.total_seconds() - 1)
            await until(lambda: lease_until(store) >= clock() + LEASE)
            await Delivery(outbox, {"default": rival}, "rival").batch()
        return await accept(outbound)

    enqueue(outbox, message())
    await Delivery(outbox, {"default": RecordingSender(slowly)}, "test").batch()
    assert rival.sent == []
    assert [step.status for step in History(store).steps(1)] == ["sending", "sent"]


async def test_a_lease_is_renewed_again_after_the_store_was_away_for_a_moment(
    store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StoreAwayOnce(Outbox):
        renewals = 0

        def renew(self, claimed: Sequence[Claimed], lease: timedelta = LEASE) -> dict[str, datetime]:
            self.renewals += 1
            if self.renewals == 1:
                raise OperationalError("UPDATE", {}, Exception("the server closed the connection"))
            return super().renew(claimed, lease)

    monkeypatch.setattr(worker, "_BEAT_S", 0.01)
    outbox = StoreAwayOnce(store, clock=clock)

    async def slowly(outbound: Outbound) -> Outcome:
        clock.tick(seconds=LEASE.total_seconds() - 1)
        await until(lambda: lease_until(store) >= clock() + LEASE)
        return await accept(outbound)

    enqueue(outbox, message())
    await Delivery(outbox, {"default": RecordingSender(slowly)}, "test").batch()
    assert statuses(store) == ["sent"]


async def test_following_ends_when_the_messages_have_left(
    delivery: Delivery, outbox: Outbox, sender: RecordingSender
) -> None:
    ids = enqueue(outbox, *(message(str(part)) for part in range(3)))
    await delivery.follow(ids, 30)
    assert sender.bodies() == ["0", "1", "2"]
    assert outbox.moves_in(ids) is None


async def test_following_ends_when_another_worker_has_sent_them(
    outbox: Outbox, sender: RecordingSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_LOOK_AGAIN_S", 0.01)
    ids = enqueue(outbox, message())
    [taken] = outbox.claim("rival", {"default": AccountRules()})

    async def rival() -> None:
        await asyncio.sleep(0.05)
        await asyncio.to_thread(outbox.settle, [(taken, Accepted("wamid.1"))])

    async with asyncio.timeout(10):
        await asyncio.gather(Delivery(outbox, {"default": sender}, "test").follow(ids, 60), rival())
    assert sender.sent == []


async def test_following_ends_with_its_budget_and_leaves_what_waits_to_the_poll(
    outbox: Outbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def later(outbound: Outbound) -> Outcome:
        return Failed(Action.RETRY, "131000", "later")

    monkeypatch.setattr(stream, "_LOOK_AGAIN_S", 0.01)
    ids = enqueue(outbox, message())
    sender = RecordingSender(later)
    await Delivery(outbox, {"default": sender}, "test").follow(ids, 0.2)
    assert (statuses(store), len(sender.sent)) == (["pending"], 1)


async def test_draining_goes_on_until_nothing_is_due(
    delivery: Delivery, outbox: Outbox, sender: RecordingSender
) -> None:
    enqueue(outbox, *(message(str(part), person) for part in range(3) for person in PEOPLE))
    tally = await delivery.drain(30)
    assert tally.total == len(sender.sent) == 60


async def test_draining_ends_with_its_budget_however_much_comes_in(outbox: Outbox, store: Store) -> None:
    async def beget_another(outbound: Outbound) -> Outcome:
        await asyncio.to_thread(enqueue, outbox, message())
        return await accept(outbound)

    enqueue(outbox, message())
    tally = await Delivery(outbox, {"default": RecordingSender(beget_another)}, "test").drain(0.2)
    assert tally.total >= 1
    assert statuses(store)[-1] == "pending"


async def test_a_worker_stopped_in_mid_send_leaves_messages_that_wait_for_evidence(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    never = asyncio.Event()

    async def hang(outbound: Outbound) -> Outcome:
        await never.wait()
        return await accept(outbound)

    sender = RecordingSender(hang)
    enqueue(outbox, message(), message(to=BUDI))
    lost = asyncio.create_task(Delivery(outbox, {"default": sender}, "lost").batch())
    await until(lambda: len(sender.sent) == 2)
    lost.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lost
    assert statuses(store) == ["sending", "sending"]
    clock.tick(seconds=LEASE.total_seconds() + 1)
    successor = RecordingSender()
    await Delivery(outbox, {"default": successor}, "successor").batch()
    assert (statuses(store), successor.sent) == (["unknown", "unknown"], [])


async def test_what_was_accepted_late_is_not_sent_again(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    async def while_the_lease_ends(outbound: Outbound) -> Outcome:
        clock.tick(seconds=LEASE.total_seconds() + 1)
        await Delivery(outbox, {"default": rival}, "rival").batch()
        return await accept(outbound)

    rival = RecordingSender()
    enqueue(outbox, message())
    await Delivery(outbox, {"default": RecordingSender(while_the_lease_ends)}, "slow").batch()
    clock.tick(hours=1)
    await Delivery(outbox, {"default": rival}, "rival").drain(10)
    assert (statuses(store), rival.sent) == (["sent"], [])
    assert [step.status for step in History(store).steps(1)] == ["sending", "unknown", "sent"]
