"""Messages of unknown fate on a channel that can be asked: it is asked before anything is sent again."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pytest

from tests.conftest import FrozenClock
from tests.store.channel import RecordingSender, enqueue, message
from wa_integrasi.delivery import Delivery
from wa_integrasi.history import History
from wa_integrasi.outbox import Outbox
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.providers.base import Accepted, Capabilities, Missing, Outbound, Outcome, Unanswered
from wa_integrasi.recipient import Kind
from wa_integrasi.store.engine import Store

Answer = Accepted | Missing | Unanswered


class AskableSender(RecordingSender):
    """Answers no message the first time, and says what it is told when it is asked."""

    capabilities: ClassVar[Capabilities] = Capabilities(frozenset({Kind.PHONE}), frozenset({"text"}), looks_up=True)

    def __init__(self, said: Answer | Exception) -> None:
        super().__init__(self._first_in_silence)
        self.said = said
        self.asked: list[tuple[Outbound, datetime]] = []

    async def _first_in_silence(self, outbound: Outbound) -> Outcome:
        return Unanswered("timed out") if len(self.sent) == 1 else Accepted(f"wamid.{outbound.attempt_id}")

    async def look_up(self, outbound: Outbound, since: datetime) -> Answer:
        self.asked.append((outbound, since))
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, RetryPolicy(), clock)


async def after_the_wait(outbox: Outbox, clock: FrozenClock, sender: AskableSender, *waits: float) -> None:
    """Send one message into silence, and go on after each of the waits."""
    delivery = Delivery(outbox, {"default": sender}, "test")
    enqueue(outbox, message())
    await delivery.batch()
    for seconds in waits:
        clock.tick(seconds=seconds)
        await delivery.batch()


def record(store: Store) -> list[tuple[str, str | None]]:
    return [(step.status, step.error_code) for step in History(store).steps(1)]


async def test_a_message_that_the_channel_has_is_not_sent_again(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    sender, began = AskableSender(Accepted("SM1")), clock()
    await after_the_wait(outbox, clock, sender, 46, 3600)
    assert len(sender.sent) == 1
    assert [(outbound.attempt_id, since) for outbound, since in sender.asked] == [(sender.sent[0].attempt_id, began)]
    assert record(store) == [("sending", None), ("unknown", "no_answer"), ("sent", None)]


async def test_a_message_that_it_never_had_is_sent_again_at_once(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    sender = AskableSender(Missing())
    await after_the_wait(outbox, clock, sender, 46)
    assert len(sender.sent) == 2
    assert record(store)[1:] == [("unknown", "no_answer"), ("pending", "missing"), ("sending", None), ("sent", None)]


@pytest.mark.parametrize("said", [Unanswered("too many"), RuntimeError("broken")])
async def test_while_it_cannot_say_it_is_asked_again_and_in_the_end_a_person_decides(
    outbox: Outbox, store: Store, clock: FrozenClock, said: Answer | Exception
) -> None:
    sender = AskableSender(said)
    await after_the_wait(outbox, clock, sender, 46, 20, 46, 3600)
    assert (len(sender.sent), len(sender.asked)) == (1, 2)
    assert record(store)[-1] == ("dead", "no_answer")


async def test_two_workers_do_not_ask_about_the_same_message(outbox: Outbox, clock: FrozenClock) -> None:
    await after_the_wait(outbox, clock, AskableSender(Unanswered("x")))
    clock.tick(seconds=46)
    assert [len(outbox.to_ask_about(["default"])) for _ in range(2)] == [1, 0]


async def test_the_chat_waits_until_its_first_message_is_known(outbox: Outbox, clock: FrozenClock) -> None:
    sender = AskableSender(Accepted("SM1"))
    enqueue(outbox, message("1"), message("2"))
    delivery = Delivery(outbox, {"default": sender}, "test")
    for seconds in (0, 10, 46):
        clock.tick(seconds=seconds)
        await delivery.batch()
    assert sender.bodies() == ["1", "2"]
