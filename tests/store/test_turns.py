"""Whose turn it is: kept right whatever happens to the messages, and found by an index however many there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from tests.conftest import FrozenClock
from wa_integrasi.content import Text
from wa_integrasi.message import Priority
from wa_integrasi.outbox import Claimed, NewMessage, Outbox, Selection
from wa_integrasi.policy.pace import Pace
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, Unanswered
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store

SITI = Recipient.parse("+6281234567890")
BUDI = Recipient.parse("+6281234567891")
PEOPLE = [Recipient.parse(f"+6281234567{number:03}") for number in range(200)]
AGAIN = Failed(Action.RETRY, "131000", "Something went wrong")


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, RetryPolicy(), clock, jitter=lambda low, high: high)


def message(body: str, to: Recipient = SITI, priority: Priority = Priority.REPORT) -> NewMessage:
    return NewMessage(to, Text(body=body), priority=priority)


def claim(outbox: Outbox, limit: int = 50, rules: AccountRules | None = None) -> list[Claimed]:
    return outbox.claim("test", {"default": rules or AccountRules()}, limit=limit)


def bodies(claimed: list[Claimed]) -> list[str]:
    return [each.content.body for each in claimed]


def accept(outbox: Outbox, claimed: list[Claimed]) -> None:
    outbox.settle([(each, Accepted(f"w{each.id}")) for each in claimed])


def test_what_is_enqueued_while_the_chat_is_taken_goes_next(outbox: Outbox) -> None:
    outbox.enqueue([message("1")])
    taken = claim(outbox)
    outbox.enqueue([message("2"), message("jawaban", priority=Priority.REPLY)])
    assert claim(outbox) == []
    accept(outbox, taken)
    assert bodies(claim(outbox)) == ["jawaban"]


def test_an_urgent_message_passes_one_that_waits_for_its_retry(outbox: Outbox) -> None:
    outbox.enqueue([message("1")])
    outbox.settle([(each, AGAIN) for each in claim(outbox)])
    outbox.enqueue([message("2")])
    assert claim(outbox) == []
    outbox.enqueue([message("jawaban", priority=Priority.REPLY)])
    assert bodies(claim(outbox)) == ["jawaban"]


def test_a_message_that_is_taken_back_gives_its_turn_to_the_next(outbox: Outbox) -> None:
    first, _ = outbox.enqueue([message("1"), message("2")])
    outbox.cancel(Selection(ids=[first.id]), "salah data")
    assert bodies(claim(outbox)) == ["2"]


def test_a_message_that_is_given_up_while_its_fate_is_unknown_frees_its_chat(outbox: Outbox) -> None:
    first, _ = outbox.enqueue([message("1"), message("2")])
    outbox.settle([(each, Unanswered("timed out")) for each in claim(outbox)])
    assert claim(outbox) == []
    outbox.discard(Selection(ids=[first.id]), "sudah ditelepon")
    assert bodies(claim(outbox)) == ["2"]


def test_a_message_sent_again_by_a_person_goes_before_later_ones(outbox: Outbox) -> None:
    first, _ = outbox.enqueue([message("1"), message("2")])
    outbox.settle([(each, Failed(Action.DEAD, "131026", "no")) for each in claim(outbox)])
    outbox.requeue(Selection(ids=[first.id]), "coba lagi")
    assert bodies(claim(outbox)) == ["1"]


def test_the_longest_waiting_go_first_and_one_held_with_its_account_keeps_its_place(
    outbox: Outbox, clock: FrozenClock
) -> None:
    for number in range(3):
        outbox.enqueue([message(str(number), PEOPLE[number])])
        clock.tick(seconds=1)
    held = claim(outbox, limit=1)
    outbox.settle([(each, Failed(Action.HOLD_ACCOUNT, "190", "expired")) for each in held])
    outbox.release("default")
    assert bodies(claim(outbox, limit=1)) == ["0"]


def test_a_row_that_another_program_ends_or_removes_stops_nobody(outbox: Outbox, store: Store) -> None:
    made = outbox.enqueue([message("1"), message("2"), message("3", BUDI), message("4", BUDI)])
    with store.writing() as connection:
        connection.execute(text(f"UPDATE wa_outbox SET status = 'SELESAI' WHERE id = {made[0].id}"))
        connection.execute(text(f"DELETE FROM wa_outbox WHERE id = {made[2].id}"))
    assert claim(outbox) == []
    assert sorted(bodies(claim(outbox))) == ["2", "4"]


def test_a_row_that_another_program_writes_with_a_chat_of_its_own_is_found(outbox: Outbox, store: Store) -> None:
    claim(outbox)
    with store.writing() as connection:
        connection.execute(
            text("INSERT INTO wa_outbox (recipient, content, chat) VALUES ('0812-3456-7890', 'x', '+6289999999999')")
        )
    [found] = claim(outbox)
    assert found.recipient == SITI


def test_a_row_that_another_program_sets_back_to_pending_is_found(outbox: Outbox, store: Store) -> None:
    outbox.enqueue([message("1")])
    accept(outbox, claim(outbox))
    with store.writing() as connection:
        connection.execute(text("UPDATE wa_outbox SET status = 'pending'"))
    assert bodies(claim(outbox)) == ["1"]


def test_what_falls_due_behind_the_place_a_worker_looks_from_waits_a_second_at_most(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    outbox.enqueue([message(str(number), person) for number, person in enumerate(PEOPLE)])
    accept(outbox, claim(outbox, limit=5))
    accept(outbox, claim(outbox, limit=5))
    late = Outbox(store, RetryPolicy(), lambda: clock() - timedelta(minutes=1))
    late.enqueue([message("terlambat", BUDI.parse("+6281299999999"))])
    assert "terlambat" not in bodies(claim(outbox, limit=5))
    clock.tick(seconds=1)
    assert bodies(claim(outbox, limit=1)) == ["terlambat"]


def test_with_little_to_take_a_worker_looks_everywhere_at_once(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    outbox.enqueue([message(str(number), person) for number, person in enumerate(PEOPLE[:10])])
    for _ in range(2):
        accept(outbox, claim(outbox, limit=5))
    Outbox(store, RetryPolicy(), lambda: clock() - timedelta(minutes=1)).enqueue([message("terlambat", PEOPLE[50])])
    assert bodies(claim(outbox, limit=5)) == ["terlambat"]


def test_they_are_found_among_thousands_that_wait(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    outbox.enqueue([message(str(number), person) for number in range(8) for person in PEOPLE])
    with store.writing() as connection:
        connection.execute(
            text("INSERT INTO wa_outbox (recipient, content, chat) VALUES ('0812-3456-7890', 'asing', '+6299')")
        )
    held = AccountRules(pace=Pace(timedelta(hours=1)))
    taken = []
    for _ in range(6):
        taken += bodies(claim(outbox, limit=1, rules=held))
        clock.tick(hours=1)
    with store.reading() as connection:
        [chat] = connection.execute(text("SELECT chat FROM wa_outbox WHERE content = 'asing'")).scalars()
    assert chat == SITI.chat
    assert len(taken) == 6


def test_what_was_due_before_the_clock_was_set_back_goes_on(
    outbox: Outbox, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    paced = AccountRules(pace=Pace(timedelta(seconds=3)))
    outbox.enqueue([message(str(number), person) for number, person in enumerate(PEOPLE[:3])])
    accept(outbox, claim(outbox, rules=paced))
    clock.tick(hours=-1)
    assert bodies(claim(outbox, rules=paced)) == ["1"]
    assert "the clock was set back by 1:00:00" in caplog.text


@contextmanager
def plans(store: Store) -> Iterator[dict[str, str]]:
    """How the database would carry out every statement of the block."""
    found: dict[str, str] = {}

    def explain(connection: Any, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.lstrip().startswith(("SELECT", "UPDATE", "INSERT", "WITH", "DELETE")):
            with connection.connection.driver_connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {statement}", parameters)
                found[statement] = "\n".join(line for (line,) in cursor.fetchall())

    event.listen(store.engine, "before_cursor_execute", explain)
    yield found
    event.remove(store.engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_no_step_reads_a_whole_table(outbox: Outbox, store: Store, clock: FrozenClock) -> None:
    rules = AccountRules(pair=Pace(timedelta(seconds=6), burst=45))
    outbox.enqueue([message(str(number), person) for number, person in enumerate(PEOPLE)])
    claim(outbox, rules=rules)
    clock.tick(minutes=11)
    with plans(store) as found:
        outbox.enqueue([message("x", PEOPLE[0])])
        claimed = claim(outbox, limit=20, rules=rules)
        outcomes = [Accepted("w"), AGAIN, Unanswered("timed out"), Failed(Action.DEAD, "1", "no")]
        outbox.settle([(each, outcomes[each.id % 4]) for each in claimed])
        outbox.renew(claimed)
        outbox.has_due({"default": rules})
        outbox.due_in({"default": rules})
        outbox.due_by_account({"default": rules})
        clock.tick(minutes=11)
        claim(outbox, rules=rules)
    assert len(found) > 15
    scans = re.compile(r"(Seq Scan on (?:wa_outbox|chats|message_events)\b|Hash Join|Merge Join|Hash Anti Join)")
    wrong = {statement: plan for statement, plan in found.items() if scans.search(plan)}
    assert [statement for statement in wrong if "SET chat = NULL" not in statement] == [], (
        "that one is for every 10 min"
    )
