"""What a hostile reader found: each of these once lost, repeated, reordered or held up something."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select, text

from tests.conftest import FrozenClock
from tests.store.channel import BUDI, SITI, RecordingSender, accept, enqueue, message, statuses
from tests.waiting import until
from wa_integrasi.content import Text
from wa_integrasi.delivery import Delivery
from wa_integrasi.history import History
from wa_integrasi.message import Priority, Receipt
from wa_integrasi.outbox import LEASE, NewMessage, Outbox, Selection, housekeeping
from wa_integrasi.outbox.nudging import set_nudge
from wa_integrasi.policy.breaker import BreakerPolicy
from wa_integrasi.policy.pace import per_second
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.policy.rules import AccountRules, OnUnknown
from wa_integrasi.providers.base import Accepted, Action, Failed, Outbound, Outcome, ReceiptEvent, Unanswered
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import accounts, wa_outbox

PEOPLE = [Recipient.parse(f"+62812345678{number:02}") for number in range(60)]
RULES = {"default": AccountRules()}


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, RetryPolicy(), clock, jitter=lambda low, high: high)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_only_one_worker_ends_a_wait_for_evidence(
    outbox: Outbox, store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(outbox, message())
    outbox.settle([(each, Unanswered("timed out")) for each in outbox.claim("first", RULES)])
    clock.tick(seconds=50)
    real, others = housekeeping._after_wait, []

    def meanwhile(*arguments: object) -> object:
        monkeypatch.setattr(housekeeping, "_after_wait", real)
        others.extend(Outbox(store, clock=clock).claim("other", RULES))
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(housekeeping, "_after_wait", meanwhile)
    [claimed] = outbox.claim("second", RULES)
    assert others == []
    assert (claimed.attempts, statuses(store)) == (2, ["sending"])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("created_at", "infinity"),
        ("created_at", "-infinity"),
        ("created_at", "99999-01-01"),
        ("created_at", "0044-03-15 BC"),
        ("sent_at", "infinity"),
        ("attempts", "2147483647"),
    ],
)
def test_a_foreign_row_that_python_cannot_read_stops_nobody(
    outbox: Outbox, store: Store, column: str, value: str
) -> None:
    with store.writing() as connection:
        connection.execute(
            text(f"INSERT INTO wa_outbox (recipient, content, {column}) VALUES ('081234567890', 'x', '{value}')")
        )
    enqueue(outbox, message(to=BUDI))
    claimed = outbox.claim("test", RULES)
    outbox.settle([(each, Accepted(f"w{each.id}")) for each in claimed])
    assert statuses(store) == ["sent", "sent"]
    assert len(History(store).messages()) == 2


async def test_a_worker_that_lost_its_leases_sends_nothing_more_of_them(store: Store, clock: FrozenClock) -> None:
    async def stall(outbound: Outbound) -> Outcome:
        if len(slow.sent) == 1:
            clock.tick(seconds=LEASE.total_seconds() + 1)
            for seconds in (0, 50):
                clock.tick(seconds=seconds)
                await Delivery(outbox, {"default": other}, "other").batch()
        return await accept(outbound)

    outbox = Outbox(store, clock=clock)
    slow, other = RecordingSender(stall), RecordingSender()
    enqueue(outbox, *(message(str(number), person) for number, person in enumerate(PEOPLE[:20])))
    await Delivery(outbox, {"default": slow}, "slow", at_once=1).batch()
    assert len(slow.sent) == 1
    assert sorted(other.bodies(), key=int) == [str(number) for number in range(20)]


async def test_after_a_stall_no_more_go_at_once_than_the_pace_allows(store: Store) -> None:
    moments: list[float] = []
    clock = asyncio.get_running_loop().time

    async def hang_first(outbound: Outbound) -> Outcome:
        moments.append(clock())
        if len(moments) <= 2:
            await asyncio.sleep(0.8)
        return await accept(outbound)

    outbox = Outbox(store)
    enqueue(outbox, *(message(str(number), person) for number, person in enumerate(PEOPLE[:14])))
    rules = {"default": AccountRules(pace=per_second(20))}
    await Delivery(outbox, {"default": RecordingSender(hang_first)}, "test", rules, at_once=2).drain(20)
    assert len(moments) == 14
    for first, fourth in zip(moments, moments[3:], strict=False):
        assert fourth - first >= 0.09, "at 20 a second three intervals are 0.15 seconds"


async def test_the_backlog_of_one_account_does_not_hold_up_another(store: Store) -> None:
    async def slowly(outbound: Outbound) -> Outcome:
        await asyncio.sleep(0.05)
        return await accept(outbound)

    outbox = Outbox(store)
    busy, idle = RecordingSender(slowly), RecordingSender()
    backlog = [NewMessage(p, Text(body="x"), account="a", priority=Priority.BULK) for p in PEOPLE]
    outbox.enqueue([each for each in backlog for _ in range(4)])
    worker = asyncio.create_task(Delivery(outbox, {"a": busy, "b": idle}, "test", at_once=2).drain(30))
    await until(lambda: len(busy.sent) >= 4)
    await asyncio.to_thread(enqueue, outbox, message("jawaban", SITI, "b"))
    await until(lambda: idle.bodies() == ["jawaban"])
    assert len(busy.sent) < 240
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


async def test_what_was_never_handed_to_the_channel_waits_again_when_a_worker_is_stopped(store: Store) -> None:
    never = asyncio.Event()

    async def hang(outbound: Outbound) -> Outcome:
        await never.wait()
        return await accept(outbound)

    outbox = Outbox(store)
    enqueue(outbox, *(message(str(number), person) for number, person in enumerate(PEOPLE[:20])))
    sender = RecordingSender(hang)
    rules = {"default": AccountRules(on_unknown=OnUnknown.REVIEW)}
    worker = asyncio.create_task(Delivery(outbox, {"default": sender}, "test", rules, at_once=1).batch())
    await until(lambda: len(sender.sent) == 1)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert sorted(statuses(store)) == ["pending"] * 19 + ["sending"]
    assert {entry.attempts for entry in History(store).messages() if entry.status == "pending"} == {0}


def test_answers_to_what_was_sent_before_a_hold_do_not_lift_it(outbox: Outbox) -> None:
    enqueue(outbox, *(message(str(number), person) for number, person in enumerate(PEOPLE[:5])))
    before = outbox.claim("test", RULES, limit=3)
    outbox.hold("default", "131042", "billing")
    outbox.settle([(each, Accepted(f"w{each.id}")) for each in before], RULES)
    assert outbox.claim("test", RULES) == []


def test_a_hold_for_another_reason_stays_when_the_session_is_back(outbox: Outbox, store: Store) -> None:
    outbox.hold("default", "131042", "billing")
    outbox.hold("default", "session_lost", "FAILED")
    assert History(store).held_by("default") == ("131042", "billing")
    outbox.release("default", "session_lost")
    assert History(store).held_by("default") is not None


def test_one_message_that_is_always_refused_lets_the_others_go_and_ends(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    rules = {"default": AccountRules(breaker=BreakerPolicy(probes=2))}
    poison, *_ = enqueue(outbox, message("racun"))
    gone = 0
    for round_ in range(600):
        if round_ % 5 == 0:
            enqueue(outbox, message(str(round_), PEOPLE[1 + round_ % 50]))
        claimed = outbox.claim("test", rules)
        outbox.settle(
            [
                (c, Failed(Action.HOLD_ACCOUNT, "http_403", "no")) if c.id == poison else (c, Accepted("w"))
                for c in claimed
            ],
            rules,
        )
        gone += sum(c.id != poison for c in claimed)
        clock.tick(seconds=30)
    assert statuses(store)[0] == "dead"
    assert gone == 120


def test_a_template_that_stays_paused_comes_to_an_end(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    enqueue(outbox, message("1"), message("2"))
    for _ in range(40):
        claimed = outbox.claim("test", RULES)
        outbox.settle([(c, Failed(Action.HOLD_TEMPLATE, "132015", "paused")) for c in claimed if c.content.body == "1"])
        outbox.settle([(c, Accepted("w")) for c in claimed if c.content.body == "2"])
        clock.tick(hours=1)
    assert statuses(store) == ["dead", "sent"]


def test_what_goes_again_as_a_copy_does_not_go_twice(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    with store.writing() as connection:
        connection.execute(accounts.insert().values(name="default"))
        set_nudge(connection, "default", None)
        connection.execute(accounts.update().values(nudge='{"name": "siap", "language": "id"}'))
    outbox.enqueue([NewMessage(SITI, Text(body="x"), "kunci", report="harian")])
    outbox.settle([(each, Accepted("w1")) for each in outbox.claim("test", RULES)])
    silent = Failed(Action.NEEDS_TEMPLATE, "131047", "Re-engagement message")
    outbox.apply([ReceiptEvent("w1", Receipt.FAILED, clock(), failure=silent)])
    assert outbox.requeue(Selection(report="harian"), "coba lagi") == 0


def test_a_late_acceptance_leaves_a_dead_letter_its_reason(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    enqueue(outbox, message())
    [claimed] = outbox.claim("test", RULES)
    failure = Failed(Action.DEAD, "131026", "Message undeliverable")
    outbox.apply([ReceiptEvent("w1", Receipt.FAILED, clock(), claimed.attempt_id, failure)])
    outbox.settle([(claimed, Accepted("w1"))])
    with store.reading() as connection:
        row = connection.execute(select(wa_outbox)).one()
    assert (row.status, row.error_code) == ("dead", "131026")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_bulk_enqueues_of_the_same_people_do_not_lose_to_each_other(store: Store) -> None:
    from concurrent.futures import ThreadPoolExecutor

    many = [Recipient.parse(f"+6281234{number:06}") for number in range(1_500)]

    def bulk(order: int) -> int:
        return len(Outbox(store).enqueue([NewMessage(person, Text(body="x")) for person in many[::order]]))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(bulk, [1, -1, 1, -1])) == [1_500] * 4


def test_enqueue_has_succeeded_when_nobody_could_be_woken(
    outbox: Outbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wa_integrasi.store.engine import StoreError

    def away(*_: object) -> None:
        raise StoreError("away")

    monkeypatch.setattr(Store, "wake", away)
    assert len(enqueue(outbox, message())) == 1


def test_a_receipt_of_one_account_moves_no_message_of_another(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    enqueue(outbox, message())
    outbox.settle([(each, Accepted("1001")) for each in outbox.claim("test", RULES)])
    failed = ReceiptEvent("1001", Receipt.FAILED, clock(), failure=Failed(Action.OPTED_OUT, "131050", "stopped"))
    assert outbox.apply([failed], account="stranger") == [failed]
    assert outbox.apply([failed], account="default") == []
    assert statuses(store) == ["dead"]


def test_an_old_failure_ends_no_newer_attempt_and_nothing_that_a_person_sends_again(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    first_id, _ = enqueue(outbox, message(), message("b", BUDI))
    first, _ = outbox.claim("test", RULES)
    outbox.settle([(first, Failed(Action.RETRY, "131000", "later"))])
    clock.tick(minutes=1)
    [again] = outbox.claim("test", RULES)
    outbox.settle([(again, Accepted("w2"))])
    failure = Failed(Action.DEAD, "131026", "Message undeliverable")
    outbox.apply([ReceiptEvent("w1", Receipt.FAILED, clock(), first.attempt_id, failure)])
    assert statuses(store)[0] == "sent"
    real = ReceiptEvent("w2", Receipt.FAILED, clock(), again.attempt_id, failure)
    outbox.apply([real])
    outbox.requeue(Selection(ids=[first_id]), "coba lagi")
    outbox.apply([real])
    assert statuses(store)[0] == "pending"


def test_a_receipt_of_a_message_that_was_archived_holds_up_no_other(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    enqueue(outbox, message(), message("b", BUDI))
    outbox.settle([(each, Accepted(f"w{each.id}")) for each in outbox.claim("test", RULES)])
    with store.writing() as connection:
        connection.execute(text("DELETE FROM wa_outbox WHERE id = 1"))
    outbox.apply([ReceiptEvent(f"w{number}", Receipt.READ, clock()) for number in (1, 2)])
    assert statuses(store) == ["read"]
