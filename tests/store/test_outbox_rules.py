"""What an account's rules let go: shared by all workers, exact, and never at a message's expense."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import insert, select

from tests.conftest import FrozenClock
from wa_integrasi.content import Template, Text
from wa_integrasi.outbox import Claimed, NewMessage, Outbox
from wa_integrasi.policy.breaker import BreakerPolicy
from wa_integrasi.policy.gate import GateRules, goodbye_key
from wa_integrasi.policy.pace import Pace, per_second
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.policy.rules import AccountRules, OnUnknown
from wa_integrasi.providers.base import Accepted, Action, Failed, Unanswered
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import breakers, chats, wa_outbox

PEOPLE = [Recipient.parse(f"+62812345678{number:02}") for number in range(100)]
OUTAGE = Failed(Action.RETRY, "131000", "Something went wrong")
EXPIRED = Failed(Action.HOLD_ACCOUNT, "190", "Token has expired")
NOTICE = Template(name="laporan_siap", language="id")


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, RetryPolicy(), clock, jitter=lambda low, high: low)


def to_everybody(outbox: Outbox, count: int = 100) -> None:
    outbox.enqueue([NewMessage(person, Text(body="x")) for person in PEOPLE[:count]])


def claim(outbox: Outbox, rules: AccountRules, limit: int = 50) -> list[Claimed]:
    return outbox.claim("test", {"default": rules}, limit=limit)


def row(store: Store, number: int = 0):
    with store.reading() as connection:
        return connection.execute(select(wa_outbox).order_by(wa_outbox.c.id)).all()[number]


def chat(store: Store, who: Recipient, **state: datetime) -> None:
    with store.writing() as connection:
        connection.execute(insert(chats).values(account="default", chat=who.chat, **state))


class TestBreaker:
    RULES = AccountRules(breaker=BreakerPolicy(in_a_row=3, wait=timedelta(seconds=15), probes=2))

    def trip(self, outbox: Outbox) -> None:
        claimed = claim(outbox, self.RULES, limit=3)
        outbox.settle([(message, OUTAGE) for message in claimed], {"default": self.RULES})

    def test_while_it_is_open_nothing_goes_and_nothing_is_lost(self, outbox: Outbox, store: Store) -> None:
        to_everybody(outbox, 10)
        self.trip(outbox)
        assert claim(outbox, self.RULES) == []
        with store.reading() as connection:
            state = connection.execute(select(breakers)).one()
            waiting = connection.execute(select(wa_outbox.c.status)).scalars().all()
        assert (state.circuit, state.code, state.reason) == ("open", "131000", "Something went wrong")
        assert set(waiting) == {"pending"}

    def test_after_its_wait_all_workers_together_send_only_the_probes(self, outbox: Outbox, clock: FrozenClock) -> None:
        to_everybody(outbox, 10)
        self.trip(outbox)
        clock.tick(seconds=15)
        probes = claim(outbox, self.RULES)
        assert len(probes) == 2
        assert claim(outbox, self.RULES) == [], "another worker"
        outbox.settle([(message, Accepted(f"w{message.id}")) for message in probes], {"default": self.RULES})
        assert len(claim(outbox, self.RULES)) == 8

    def test_another_account_goes_on(self, outbox: Outbox) -> None:
        to_everybody(outbox, 3)
        self.trip(outbox)
        outbox.enqueue([NewMessage(PEOPLE[0], Text(body="x"), account="lain")])
        both = {"default": self.RULES, "lain": self.RULES}
        assert [message.account for message in outbox.claim("test", both)] == ["lain"]

    def test_a_refused_account_is_held_and_costs_its_messages_one_try_at_most(
        self, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        to_everybody(outbox, 1)
        for _ in range(20):
            claimed = claim(outbox, self.RULES)
            outbox.settle([(message, EXPIRED) for message in claimed], {"default": self.RULES})
            clock.tick(minutes=10)
        assert (row(store).status, row(store).attempts, row(store).error_code) == ("pending", 1, "190")
        outbox.settle([(message, Accepted("w")) for message in claim(outbox, self.RULES)], {"default": self.RULES})
        assert row(store).status == "sent"


class TestPace:
    def test_messages_get_their_moments_evenly(self, outbox: Outbox, clock: FrozenClock) -> None:
        to_everybody(outbox, 5)
        claimed = claim(outbox, AccountRules(pace=per_second(10)))
        assert [(message.not_before - clock()) / timedelta(milliseconds=1) for message in claimed] == [
            0,
            100,
            200,
            300,
            400,
        ]

    def test_no_more_than_a_second_ahead_is_claimed(self, outbox: Outbox) -> None:
        to_everybody(outbox)
        assert len(claim(outbox, AccountRules(pace=per_second(20)), limit=100)) == 21

    def test_workers_at_once_share_the_pace_and_use_all_of_it(self, store: Store) -> None:
        outbox = Outbox(store)
        to_everybody(outbox)
        rules, taken, lock = AccountRules(pace=per_second(50)), [], threading.Lock()

        def work() -> None:
            for _ in range(10):
                claimed = claim(outbox, rules, limit=4)
                with lock:
                    taken.extend(message.not_before for message in claimed)

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        moments = sorted(taken)
        gaps = [after - before for before, after in pairwise(moments)]
        assert len(moments) >= 51
        assert min(gaps) >= timedelta(milliseconds=20)
        assert Counter(gap > timedelta(milliseconds=21) for gap in gaps)[True] <= 0.05 * len(gaps)

    def test_one_recipient_is_not_flooded_and_the_others_do_not_wait(
        self, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        rules = AccountRules(pair=Pace(timedelta(seconds=6), burst=2))
        outbox.enqueue([NewMessage(PEOPLE[0], Text(body=str(part))) for part in range(3)])
        outbox.enqueue([NewMessage(PEOPLE[1], Text(body="x"))])
        for _ in range(2):
            outbox.settle([(message, Accepted(f"w{message.id}")) for message in claim(outbox, rules)])
        assert claim(outbox, rules) == []
        third = row(store, 2)
        assert (third.status, third.error_code, third.attempts) == ("pending", "pair_rate", 0)
        clock.tick(seconds=6)
        assert [message.content for message in claim(outbox, rules)] == [Text(body="2")]


class TestConsent:
    def test_a_channel_that_says_no_is_remembered_for_every_later_message(self, outbox: Outbox, store: Store) -> None:
        to_everybody(outbox, 1)
        [first] = claim(outbox, AccountRules())
        outbox.settle([(first, Failed(Action.OPTED_OUT, "131050", "User has stopped messages"))])
        outbox.enqueue([NewMessage(PEOPLE[0], Text(body="lagi"))])
        assert claim(outbox, AccountRules()) == []
        assert [(row(store, n).status, row(store, n).error_code) for n in (0, 1)] == [
            ("refused", "131050"),
            ("refused", "opted_out"),
        ]

    def test_only_a_goodbye_follows_a_no_and_none_a_later_yes(
        self, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        now = clock()
        for person, agreed_at in ((PEOPLE[0], None), (PEOPLE[1], now + timedelta(seconds=9))):
            chat(store, person, last_inbound_at=now, opted_out_at=now, opted_in_at=agreed_at)
        chat(store, PEOPLE[2], last_inbound_at=now - timedelta(days=2), opted_out_at=now - timedelta(days=2))
        keys = [goodbye_key("default", person.chat, now) for person in PEOPLE[:2]]
        keys += [goodbye_key("default", PEOPLE[2].chat, now - timedelta(days=2)), f"{keys[0]}/2"]
        people = [*PEOPLE[:3], PEOPLE[0]]
        outbox.enqueue([NewMessage(who, Text(body="x"), dedupe_key=key) for who, key in zip(people, keys, strict=True)])
        clock.tick(seconds=10)
        taken = [message for _ in range(2) for message in claim(outbox, AccountRules())]
        assert [message.recipient for message in taken] == [PEOPLE[0]]
        outbox.settle([(message, Accepted("w1")) for message in taken])
        assert claim(outbox, AccountRules()) == []
        codes = [row(store, number).error_code for number in range(4)]
        assert codes == [None, "goodbye_over", "opted_out", "opted_out"]

    def test_a_person_who_agrees_again_is_reached_again(self, outbox: Outbox, store: Store, clock: FrozenClock) -> None:
        chat(store, PEOPLE[0], opted_out_at=clock() - timedelta(days=2), opted_in_at=clock() - timedelta(days=1))
        to_everybody(outbox, 1)
        assert len(claim(outbox, AccountRules())) == 1

    def test_outside_the_window_only_a_template_goes(self, outbox: Outbox, store: Store, clock: FrozenClock) -> None:
        rules = AccountRules(gate=GateRules(windowed=True))
        chat(store, PEOPLE[1], last_inbound_at=clock() - timedelta(hours=23))
        chat(store, PEOPLE[2], last_inbound_at=clock() - timedelta(hours=25))
        to_everybody(outbox, 3)
        outbox.enqueue([NewMessage(PEOPLE[3], NOTICE)])
        assert [message.recipient for message in claim(outbox, rules)] == [PEOPLE[1], PEOPLE[3]]
        assert [row(store, n).error_code for n in (0, 2)] == ["window_closed"] * 2

    def test_conversations_beyond_the_tier_wait_until_the_oldest_is_a_day_old(
        self, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        rules = AccountRules(gate=GateRules(windowed=True, tier=2))
        outbox.enqueue([NewMessage(person, NOTICE) for person in PEOPLE[:3]])
        begun = claim(outbox, rules)
        assert [message.recipient for message in begun] == PEOPLE[:2]
        outbox.settle([(message, Accepted(f"w{message.id}")) for message in begun])
        assert row(store, 2).next_attempt_at == clock() + timedelta(hours=24)
        outbox.enqueue([NewMessage(PEOPLE[0], NOTICE)])
        assert [message.recipient for message in claim(outbox, rules)] == [PEOPLE[0]], "it is counted already"
        clock.tick(hours=24)
        assert [message.recipient for message in claim(outbox, rules)] == [PEOPLE[2]]


def test_an_account_may_leave_messages_of_unknown_fate_to_a_person(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    rules = AccountRules(on_unknown=OnUnknown.REVIEW)
    to_everybody(outbox, 1)
    outbox.settle([(message, Unanswered("timed out")) for message in claim(outbox, rules)])
    clock.tick(minutes=1)
    assert claim(outbox, rules) == []
    assert (row(store).status, row(store).error_text) == ("dead", "it may have arrived: a person decides")


def test_a_worker_that_does_not_know_an_account_decides_nothing_about_its_unknown_messages(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    rules = AccountRules(on_unknown=OnUnknown.REVIEW)
    to_everybody(outbox, 1)
    outbox.settle([(message, Unanswered("timed out")) for message in claim(outbox, rules)])
    clock.tick(minutes=1)
    assert outbox.claim("other", {"lain": AccountRules()}) == []
    assert row(store).status == "unknown"


def test_the_time_of_a_message_is_told_in_utc(outbox: Outbox) -> None:
    to_everybody(outbox, 1)
    [message] = claim(outbox, AccountRules(pace=per_second(1)))
    assert message.not_before.tzinfo is UTC
