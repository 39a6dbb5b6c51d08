"""The outbox against a model of its promises: whatever happens in whatever order, they hold.

Workers claim, answer, fail, fall silent and die; receipts come early, late, twice and never; the clock jumps, and back.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from wa_integrasi.content import Text
from wa_integrasi.history import History
from wa_integrasi.message import OPEN, Priority, Receipt, Status
from wa_integrasi.outbox import LEASE, Claimed, NewMessage, Outbox
from wa_integrasi.policy.breaker import BreakerPolicy
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, ReceiptEvent, Unanswered
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate

CHATS = [Recipient.parse(f"+62812345678{number:02}") for number in range(3)]
RULES = {"default": AccountRules(breaker=BreakerPolicy(in_a_row=10_000, share=2))}
POLICY = RetryPolicy(tries=4, base=timedelta(seconds=1), cap=timedelta(seconds=5))
TEMPORARY = Failed(Action.RETRY, "131000", "Something went wrong")
FOR_GOOD = Failed(Action.DEAD, "131026", "Message undeliverable")


class OutboxModel(RuleBasedStateMachine):
    """What the model knows: who holds which message, and what the provider was handed, in its order."""

    flying = Bundle("flying")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now = datetime(2040, 1, 1, tzinfo=UTC)
        self.store = Store.open(f"sqlite+pysqlite:///{Path(self.folder.name) / 'wa.db'}")
        migrate(self.store)
        self.outbox = Outbox(self.store, POLICY, lambda: self.now, jitter=lambda low, high: high)
        self.enqueued: dict[int, tuple[Recipient, Priority]] = {}
        self.holders: dict[int, Claimed] = {}
        self.handed_over: dict[tuple[Recipient, Priority], list[int]] = defaultdict(list)
        self.seen: dict[int, Status] = {}

    @rule(
        chat=st.sampled_from(CHATS),
        priority=st.sampled_from([Priority.REPLY, Priority.REPORT]),
        count=st.integers(1, 3),
    )
    def enqueue(self, chat: Recipient, priority: Priority, count: int) -> None:
        made = self.outbox.enqueue([NewMessage(chat, Text(body="x"), priority=priority) for _ in range(count)])
        self.enqueued |= {row.id: (chat, priority) for row in made}

    @rule(target=flying, limit=st.integers(1, 4))
    def claim(self, limit: int) -> object:
        claimed = self.outbox.claim("worker", RULES, limit=limit)
        for message in claimed:
            self.held_once(message)
            self.holders[message.id] = message
            self.handed_over[self.enqueued[message.id]].append(message.id)
        return multiple(*claimed)

    def held_once(self, message: Claimed) -> None:
        """Nobody else may be at work on this message or on another of its chat."""
        for other in self.holders.values():
            if other.recipient == message.recipient and other.lease_until and other.lease_until > self.now:
                raise AssertionError(f"{message.id} was claimed while {other.id} of the same chat was on its way")

    @rule(message=consumes(flying), outcome=st.sampled_from(["accepted", "again", "dead", "silent"]))
    def settle(self, message: Claimed, outcome: str) -> None:
        answer = {
            "accepted": Accepted(f"w{message.attempt_id}"),
            "again": TEMPORARY,
            "dead": FOR_GOOD,
            "silent": Unanswered("timed out"),
        }[outcome]
        self.outbox.settle([(message, answer)], RULES)
        if self.holders.get(message.id) is message:
            del self.holders[message.id]

    @rule(message=consumes(flying))
    def die(self, message: Claimed) -> None:
        """The worker is gone: its claim stands until the lease is over."""

    @rule(message=flying, receipts=st.lists(st.sampled_from(list(Receipt)), min_size=1, max_size=4))
    def receive(self, message: Claimed, receipts: list[Receipt]) -> None:
        for receipt in receipts:
            failure = FOR_GOOD if receipt is Receipt.FAILED else None
            event = ReceiptEvent(f"w{message.attempt_id}", receipt, self.now, message.attempt_id, failure)
            assert self.outbox.apply([event]) == []
            self.statuses_move_forward_only()
        if self.holders.get(message.id) is message:
            del self.holders[message.id]

    @rule(seconds=st.sampled_from([1, 3, LEASE.total_seconds() + 1, 50, -5]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def statuses_move_forward_only(self) -> None:
        rank = {Status.SENT: 1, Status.DEAD: 2, Status.DELIVERED: 3, Status.READ: 4}
        for entry in History(self.store).messages(limit=10_000):
            status = Status(entry.status)
            before = self.seen.get(entry.id, Status.PENDING)
            assert rank.get(status, 0) >= rank.get(before, 0), f"{entry.id} went from {before} to {status}"
            self.seen[entry.id] = status

    def teardown(self) -> None:
        """With a channel that works again, everything ends, in order, and nothing is left."""
        try:
            for _ in range(40 + 2 * len(self.enqueued)):
                self.now += LEASE + POLICY.evidence
                for message in self.outbox.claim("healer", RULES, limit=50):
                    self.handed_over[self.enqueued[message.id]].append(message.id)
                    self.outbox.settle([(message, Accepted(f"w{message.attempt_id}"))], RULES)
            entries = {entry.id: entry for entry in History(self.store).messages(limit=10_000)}
            assert entries.keys() == self.enqueued.keys(), "every message is there"
            assert [e.id for e in entries.values() if Status(e.status) in OPEN] == [], "and has come to its end"
            for handed_over in self.handed_over.values():
                first = list(dict.fromkeys(handed_over))
                assert first == sorted(first), "the provider was handed each chat's messages in their order"
            self.every_repetition_is_on_record()
        finally:
            self.store.close()
            self.folder.cleanup()

    def every_repetition_is_on_record(self) -> None:
        """Between two attempts at a message stands why: it failed for certain, or its fate was unknown."""
        for message_id in self.enqueued:
            steps = [step.status for step in History(self.store).steps(message_id)]
            between: list[str] = []
            for status in steps:
                if status == "sending":
                    assert not between or {"pending", "unknown"} & set(between), steps
                    between = ["sending"]
                elif between:
                    between.append(status)


TestOutboxModel = OutboxModel.TestCase
TestOutboxModel.settings = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
