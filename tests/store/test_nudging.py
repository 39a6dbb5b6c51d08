"""Silent people are asked, once a day, to write back; what is meant for them waits until they do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from tests.conftest import FrozenClock
from wa_integrasi.content import Template, Text
from wa_integrasi.history import History
from wa_integrasi.message import Receipt
from wa_integrasi.outbox import Claimed, NewMessage, Outbox
from wa_integrasi.outbox.nudging import set_nudge
from wa_integrasi.policy.gate import GateRules
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, ReceiptEvent
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import accounts, chats, wa_outbox

SITI = Recipient.parse("+6281234567890")
NUDGE = Template(name="laporan_siap", language="id")
WINDOWED = AccountRules(gate=GateRules(windowed=True))
SILENT = Failed(Action.NEEDS_TEMPLATE, "131047", "Re-engagement message")


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, RetryPolicy(), clock, jitter=lambda low, high: high)


@pytest.fixture
def nudging(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(accounts).values(name="default"))
        assert set_nudge(connection, "default", NUDGE)


def report(outbox: Outbox, *bodies: str) -> None:
    outbox.enqueue([NewMessage(SITI, Text(body=body), f"key/{body}", report="harian") for body in bodies])


def claim(outbox: Outbox, rules: AccountRules = WINDOWED) -> list[Claimed]:
    return outbox.claim("test", {"default": rules})


def accept(outbox: Outbox, claimed: list[Claimed]) -> None:
    outbox.settle([(each, Accepted(f"w{each.id}")) for each in claimed])


def writes(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    """The person writes: the inbound side notes the time and opens the window, in one transaction."""
    with store.writing() as connection:
        connection.execute(chats.update().values(last_inbound_at=clock()))
        outbox.open_window("default", SITI.chat, connection)


def standing(store: Store) -> list[tuple[str, str | None]]:
    return [(entry.status, entry.error_code) for entry in reversed(History(store).messages())]


@pytest.mark.usefixtures("nudging")
def test_the_person_is_asked_and_gets_everything_in_order_once_they_write(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    report(outbox, "1", "2")
    assert claim(outbox) == []
    [asked] = claim(outbox)
    assert asked.content == NUDGE
    accept(outbox, [asked])
    assert claim(outbox) == []
    assert standing(store)[0] == ("pending", "window_closed")
    writes(outbox, store, clock)
    for body in ("1", "2"):
        [sent] = claim(outbox)
        assert sent.content == Text(body=body)
        accept(outbox, [sent])


@pytest.mark.usefixtures("nudging")
def test_they_are_asked_once_a_day_and_not_for_what_is_three_days_old(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    report(outbox, "1")
    asked = 0
    for _ in range(5 * 24):
        claimed = claim(outbox)
        assert all(each.content == NUDGE for each in claimed)
        asked += len(claimed)
        accept(outbox, claimed)
        clock.tick(hours=1)
    assert asked in (3, 4)
    assert standing(store)[0] == ("refused", "window_closed")


@pytest.mark.usefixtures("nudging")
def test_when_the_channel_knows_better_than_we_the_message_waits_and_loses_no_try(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    report(outbox, "1")
    with store.writing() as connection:
        connection.execute(chats.update().values(last_inbound_at=clock() - timedelta(hours=1)))
    outbox.settle([(each, SILENT) for each in claim(outbox)])
    [entry] = [e for e in History(store).messages() if e.report]
    assert (entry.status, entry.error_code, entry.attempts) == ("pending", "window_closed", 0)
    assert [each.content for each in claim(outbox)] == [NUDGE]


@pytest.mark.usefixtures("nudging")
def test_a_receipt_that_says_so_later_sends_the_message_as_a_new_one(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    report(outbox, "1")
    accept(outbox, claim(outbox, AccountRules()))
    failed = ReceiptEvent("w1", Receipt.FAILED, clock(), failure=SILENT)
    for _ in range(2):
        assert outbox.apply([failed]) == []
    accept(outbox, [nudge := claim(outbox)[0]])
    assert nudge.content == NUDGE
    writes(outbox, store, clock)
    [again] = claim(outbox)
    assert again.content == Text(body="1")
    accept(outbox, [again])
    assert [status for status, _ in standing(store)] == ["dead", "sent", "sent"]
    with store.reading() as connection:
        noticed = connection.execute(select(wa_outbox.c.noticed_at).where(wa_outbox.c.id == 1)).scalar_one()
    assert noticed is not None, "nobody is told of it: it is sent after all"


def test_without_such_a_template_it_is_refused_with_the_reason(outbox: Outbox, store: Store) -> None:
    report(outbox, "1")
    assert claim(outbox) == []
    assert standing(store) == [("refused", "window_closed")]


def test_who_asks_for_no_more_by_a_receipt_gets_no_more(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    report(outbox, "1", "2")
    accept(outbox, claim(outbox, AccountRules()))
    stop = Failed(Action.OPTED_OUT, "131050", "User has stopped messages")
    outbox.apply([ReceiptEvent("w1", Receipt.FAILED, clock(), failure=stop)])
    assert claim(outbox, AccountRules()) == []
    assert standing(store) == [("dead", "131050"), ("refused", "opted_out")]
