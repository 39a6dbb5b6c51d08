"""What a worker does with one batch: everything is tried, in order, at once, and one bad message stops no other."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest

from tests.conftest import FrozenClock
from tests.store.channel import BUDI, SITI, RecordingSender, accept, enqueue, message, statuses
from wa_integrasi.delivery import Delivery, Tally
from wa_integrasi.history import History
from wa_integrasi.message import Receipt, Status
from wa_integrasi.outbox import Outbox
from wa_integrasi.providers.base import Action, Failed, Outbound, Outcome, ReceiptEvent, Unanswered
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store

GROUP = Recipient.parse("120363012345678901@g.us")
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


async def test_a_batch_sends_all_that_is_due(
    delivery: Delivery, outbox: Outbox, sender: RecordingSender, store: Store
) -> None:
    enqueue(outbox, *(message(str(number), person) for number, person in enumerate(PEOPLE)))
    tally = await delivery.batch()
    assert sorted(map(int, sender.bodies())) == list(range(20))
    assert statuses(store) == ["sent"] * 20
    assert (tally.total, str(tally)) == (20, "20 sent")


async def test_a_batch_of_nothing_says_so(delivery: Delivery, sender: RecordingSender) -> None:
    assert str(await delivery.batch()) == "nothing to send"
    assert sender.sent == []


async def test_the_channel_gets_the_attempt_id_by_which_a_receipt_finds_the_message(
    delivery: Delivery, outbox: Outbox, sender: RecordingSender, store: Store, clock: FrozenClock
) -> None:
    enqueue(outbox, message())
    await delivery.batch()
    receipt = ReceiptEvent("wamid.unheard-of", Receipt.READ, clock(), sender.sent[0].attempt_id)
    assert outbox.apply([receipt]) == []
    assert statuses(store) == ["read"]


async def test_a_chat_gets_its_parts_in_order_over_many_batches_and_two_workers(
    outbox: Outbox, sender: RecordingSender
) -> None:
    chats = PEOPLE[:4]
    enqueue(outbox, *(message(str(part), person) for part in range(5) for person in chats))
    workers = [Delivery(outbox, {"default": sender}, name) for name in ("one", "two")]
    await asyncio.gather(*(worker.follow(range(1, 21), 30) for worker in workers))
    received = defaultdict(list)
    for outbound in sender.sent:
        received[outbound.recipient].append(outbound.content.body)
    assert received == {person: ["0", "1", "2", "3", "4"] for person in chats}


async def test_all_of_a_batch_is_on_its_way_at_once(outbox: Outbox, store: Store) -> None:
    together = asyncio.Barrier(len(PEOPLE))

    async def when_all_are_there(outbound: Outbound) -> Outcome:
        async with asyncio.timeout(10):
            await together.wait()
        return await accept(outbound)

    enqueue(outbox, *(message(to=person) for person in PEOPLE))
    await Delivery(outbox, {"default": RecordingSender(when_all_are_there)}, "test").batch()
    assert statuses(store) == ["sent"] * 20


async def test_a_batch_takes_no_more_than_its_limit(
    delivery: Delivery, outbox: Outbox, sender: RecordingSender
) -> None:
    enqueue(outbox, *(message(to=person) for person in PEOPLE))
    assert (await delivery.batch(limit=7)).total == len(sender.sent) == 7


async def test_each_account_sends_by_its_own_channel_and_a_strange_one_waits(outbox: Outbox, store: Store) -> None:
    ours, theirs = RecordingSender(), RecordingSender()
    enqueue(outbox, message("a"), message("b", BUDI, "tenant"), message("c", PEOPLE[9], "stranger"))
    await Delivery(outbox, {"default": ours, "tenant": theirs}, "test").drain(10)
    assert (ours.bodies(), theirs.bodies()) == (["a"], ["b"])
    assert statuses(store) == ["sent", "sent", "pending"]


async def test_a_recipient_that_the_channel_does_not_reach_is_refused_with_the_reason(
    delivery: Delivery, outbox: Outbox, sender: RecordingSender, store: Store
) -> None:
    enqueue(outbox, message("rekap", GROUP), message("jawaban"))
    tally = await delivery.batch()
    assert sender.bodies() == ["jawaban"]
    assert tally.statuses == {Status.REFUSED: 1, Status.SENT: 1}
    [refused] = History(store).messages(status=Status.REFUSED)
    assert (refused.error_code, refused.error_text) == (
        "refused",
        "recording: this channel does not reach existing groups; use a WhatsApp-Web channel (WAHA, wwebjs or Watzap)",
    )


async def test_a_channel_that_breaks_leaves_an_unknown_message_and_stops_no_other(outbox: Outbox, store: Store) -> None:
    async def break_for_siti(outbound: Outbound) -> Outcome:
        if outbound.recipient == SITI:
            raise RuntimeError("token EAAG, +6281234567890")
        return await accept(outbound)

    enqueue(outbox, message(), message(to=BUDI))
    tally = await Delivery(outbox, {"default": RecordingSender(break_for_siti)}, "test").batch()
    assert str(tally) == "1 sent, 1 unknown"
    assert statuses(store) == ["unknown", "sent"]
    [unknown] = History(store).messages(status=Status.UNKNOWN)
    assert unknown.error_text == "the channel broke: RuntimeError", "and nothing that the exception said"


async def test_an_unanswered_message_waits_for_evidence_and_holds_its_chat(outbox: Outbox, store: Store) -> None:
    async def silent(outbound: Outbound) -> Outcome:
        return Unanswered("timed out")

    sender = RecordingSender(silent)
    enqueue(outbox, message("1"), message("2"))
    tally = await Delivery(outbox, {"default": sender}, "test").drain(10)
    assert (str(tally), sender.bodies()) == ("1 unknown", ["1"])
    assert statuses(store) == ["unknown", "pending"]


@pytest.mark.parametrize(
    ("action", "status"),
    [(Action.RETRY, "pending"), (Action.HOLD_ACCOUNT, "pending"), (Action.OPTED_OUT, "refused"), (Action.DEAD, "dead")],
)
async def test_a_failure_becomes_what_the_policy_says_with_the_channels_words(
    outbox: Outbox, store: Store, action: Action, status: str
) -> None:
    async def fail(outbound: Outbound) -> Outcome:
        return Failed(action, "131000", "Something went wrong")

    enqueue(outbox, message())
    tally = await Delivery(outbox, {"default": RecordingSender(fail)}, "test").drain(10)
    [entry] = History(store).messages()
    assert (entry.status, entry.error_code, entry.error_text) == (status, "131000", "Something went wrong")
    assert str(tally) == f"1 {status}"


def test_tallies_add_up_and_read_in_a_fixed_order() -> None:
    tally = Tally()
    for status in (Status.SENT, Status.DEAD, Status.SENT):
        tally += Tally()
        tally.statuses[status] += 1
    assert (tally.total, str(tally)) == (3, "1 dead, 2 sent")
