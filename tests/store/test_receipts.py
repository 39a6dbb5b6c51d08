"""Many receipts at once do what each alone would have done, in their order."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.conftest import FrozenClock
from wa_integrasi.content import Text
from wa_integrasi.message import Receipt
from wa_integrasi.outbox import Claimed, NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, ReceiptEvent
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import chats, message_events, wa_outbox

RULES = {"default": AccountRules()}
PEOPLE = [Recipient.parse(f"+6281234{number:06}") for number in range(1000)]
FAILURES = [Failed(Action.DEAD, "131026", "undeliverable"), Failed(Action.DEAD, "131047", "silent"), None]


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, clock=clock)


def claimed(outbox: Outbox, count: int) -> list[Claimed]:
    outbox.enqueue([NewMessage(person, Text(body="x")) for person in PEOPLE[:count]])
    return outbox.claim("test", RULES, limit=count)


def seen(store: Store, names: dict[int, str]) -> dict[str, Any]:
    """All there is of messages, by names of their own."""
    columns = [c for c in wa_outbox.c if c.name not in ("id", "chat", "recipient", "attempt_id", "provider_message_id")]
    with store.reading() as connection:
        rows = {row.id: tuple(row)[1:] for row in connection.execute(select(wa_outbox.c.id, *columns))}
        told = connection.execute(select(message_events).order_by(message_events.c.id)).all()
    steps: dict[int, list[Any]] = {id_: [] for id_ in rows}
    for step in told:
        steps[step.outbox_id].append((step.status, step.at, step.error_code, step.price_category, step.billable))
    return {name: (rows[id_], steps[id_]) for id_, name in names.items()}


@pytest.mark.parametrize("seed", range(8))
def test_a_batch_does_what_its_receipts_do_one_by_one(
    outbox: Outbox, store: Store, clock: FrozenClock, seed: int
) -> None:
    chance = random.Random(seed)
    messages = claimed(outbox, 40)
    taken = [chance.random() < 0.7 for _ in range(20)] * 2
    outbox.settle([(message, Accepted(f"w{message.id}")) for message, yes in zip(messages, taken, strict=True) if yes])
    together, alone = messages[:20], messages[20:]
    batch: list[ReceiptEvent] = []
    for _ in range(60):
        which, what = chance.randrange(20), chance.choice(list(Receipt))
        at = clock() + timedelta(seconds=chance.randrange(4))
        failure = chance.choice(FAILURES) if what is Receipt.FAILED else None
        price = {"price_category": chance.choice(["utility", None]), "billable": chance.choice([True, False, None])}
        for group in (together, alone):
            message = group[which]
            receipt = ReceiptEvent(f"w{message.id}", what, at, message.attempt_id, failure, **price)
            if group is together:
                batch.append(receipt)
            else:
                assert outbox.apply([receipt]) == []
    assert outbox.apply(batch) == []
    outbox.settle([(message, Accepted(f"w{message.id}")) for message in messages])
    names = [{message.id: str(number) for number, message in enumerate(group)} for group in (together, alone)]
    both = [seen(store, each) for each in names]
    kept = [{name: row for name, (row, _) in group.items()} for group in both]
    assert kept[0] == kept[1]
    told = [{name: sorted(map(repr, steps)) for name, (_, steps) in group.items()} for group in both]
    assert told[0] == told[1]


def test_a_thousand_statuses_in_one_webhook_reach_their_messages(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    messages = claimed(outbox, 1000)
    outbox.settle([(message, Accepted(f"w{message.id}")) for message in messages])
    strangers = [ReceiptEvent(f"stranger {number}", Receipt.READ, clock()) for number in range(5)]
    receipts = [ReceiptEvent(f"w{message.id}", Receipt.READ, clock()) for message in messages]
    assert outbox.apply([*strangers, *receipts]) == strangers
    with store.reading() as connection:
        assert set(connection.execute(select(wa_outbox.c.status)).scalars()) == {"read"}


def test_a_receipt_for_an_unknown_message_gives_the_turn_to_the_next(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    [first] = claimed(outbox, 1)
    outbox.enqueue([NewMessage(PEOPLE[0], Text(body="next"))])
    clock.tick(seconds=21)
    assert outbox.claim("test", RULES) == [], "its fate is unknown"
    outbox.apply([ReceiptEvent("w1", Receipt.DELIVERED, clock(), first.attempt_id)])
    with store.reading() as connection:
        assert connection.execute(select(chats.c.held_by)).scalar_one() is None
    [second] = outbox.claim("test", RULES)
    assert second.id != first.id
