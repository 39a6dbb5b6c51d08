"""Looking back: the view over both sides, what is billed, and how long messages took."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, insert, text

from tests.conftest import FrozenClock
from wa_integrasi.audit import sla
from wa_integrasi.audit.billing import Line, billed
from wa_integrasi.audit.ledger import Narrowed, Period, every, newest
from wa_integrasi.audit.sla import Figures, figures, quantiles, recent
from wa_integrasi.content import Text
from wa_integrasi.message import Receipt
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, ReceiptEvent, Unanswered
from wa_integrasi.recipient import Recipient
from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import inbound_messages, wa_outbox

PEOPLE = [Recipient.parse(f"+62812345678{number:02}") for number in range(20)]
ZONE = "Asia/Jakarta"


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, clock=clock)


def send(outbox: Outbox, *people: Recipient, outcome: Any = None, **more: Any) -> list[int]:
    made = outbox.enqueue([NewMessage(person, Text(body="rekap"), **more) for person in people])
    claimed = outbox.claim("test", {more.get("account", "default"): AccountRules()}, limit=500)
    outbox.settle([(each, outcome or Accepted(f"w{each.id}")) for each in claimed])
    return [row.id for row in made]


def told(
    outbox: Outbox, name: str, what: Receipt, at: datetime, price: str | None = None, billable: bool = True
) -> None:
    outbox.apply([ReceiptEvent(name, what, at, price_category=price, billable=billable if price else None)])


def came(store: Store, message_id: str, at: datetime, **more: Any) -> None:
    values = {"event_id": 1, "provider": "meta", "account": "default", "chat": PEOPLE[0].chat, "kind": "text"}
    values |= {"sender": PEOPLE[0].chat, "text": "halo", "raw": "{}", "at": at, "received_at": at, "state": "done"}
    with store.writing() as connection:
        connection.execute(insert(inbound_messages).values({**values, "message_id": message_id, **more}))


def listed(store: Store, **narrowed: Any) -> list[Any]:
    with store.reading() as connection:
        asked = Narrowed(**narrowed)
        found = newest(connection, asked, 100)
        with every(connection, asked) as rows:
            assert [dict(row) for row in rows] == [dict(row) for row in reversed(found)]
    return found


class TestLedger:
    def test_it_has_both_sides_once_each(self, outbox: Outbox, store: Store, clock: FrozenClock) -> None:
        [first] = send(outbox, PEOPLE[0], report="harian", slot="2040-11-19", flow_run_id="run")
        clock.tick(minutes=1)
        came(store, "m1", clock(), sender_name="Siti")
        told(outbox, f"w{first}", Receipt.READ, clock())
        inbound, outbound = listed(store)
        assert (inbound.direction, inbound.status, inbound.content) == ("in", "received", "halo")
        assert (inbound.sender, inbound.sender_name, inbound.sent_at) == (PEOPLE[0].chat, "Siti", None)
        assert (inbound.created_at, inbound.received_at) == (clock(), clock())
        assert (outbound.direction, outbound.id, outbound.status) == ("out", first, "read")
        assert (outbound.report, outbound.slot, outbound.flow_run_id) == ("harian", "2040-11-19", "run")
        assert (outbound.provider_message_id, outbound.read_at) == (f"w{first}", clock())
        assert outbound.received_at is None

    @pytest.mark.parametrize(
        ("narrowed", "count"),
        [
            ({}, 4),
            ({"direction": "out"}, 3),
            ({"direction": "in"}, 1),
            ({"account": "tenant"}, 1),
            ({"chat": PEOPLE[0].chat}, 2),
            ({"status": "sent"}, 3),
            ({"status": "received"}, 1),
            ({"report": "harian"}, 1),
            ({"direction": "out", "report": "bulanan"}, 0),
            ({"period": Period.of_days(date(2040, 11, 21), None, ZONE)}, 1),
            ({"period": Period.of_days(None, date(2040, 11, 20), ZONE)}, 3),
            ({"period": Period.of_days(date(2040, 11, 20), date(2040, 11, 20), ZONE)}, 3),
        ],
    )
    def test_it_is_narrowed(
        self, outbox: Outbox, store: Store, clock: FrozenClock, narrowed: dict[str, Any], count: int
    ) -> None:
        send(outbox, PEOPLE[0], report="harian")
        send(outbox, PEOPLE[1])
        send(outbox, PEOPLE[2], account="tenant")
        clock.now = datetime(2040, 11, 20, 17, 0, tzinfo=UTC)  # midnight in Jakarta
        came(store, "m1", clock())
        assert len(listed(store, **narrowed)) == count

    def test_the_newest_and_a_scrape_are_found_by_an_index_alone(self, store: Store, clock: FrozenClock) -> None:
        plans: list[str] = []

        def explain(connection: Any, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
            if not statement.startswith("SELECT"):
                return
            with closing(connection.connection.driver_connection.cursor()) as cursor:
                word = "EXPLAIN QUERY PLAN" if store.dialect == "sqlite" else "EXPLAIN"
                cursor.execute(f"{word} {statement}", parameters)
                plans.append("\n".join(str(line) for line in cursor.fetchall()))

        event.listen(store.engine, "before_cursor_execute", explain)
        with store.reading() as connection:
            newest(connection, Narrowed(period=Period(clock())), 50)
            newest(connection, Narrowed(), 50)
            recent(connection, clock())
        event.remove(store.engine, "before_cursor_execute", explain)
        assert len(plans) == 3
        for plan in plans:
            assert "ix_wa_outbox_created_at" in plan
            assert "TEMP B-TREE" not in plan
            assert "->  Sort" not in plan

    def test_a_row_that_nobody_has_read_yet_is_there(self, store: Store) -> None:
        with store.writing() as connection:
            connection.execute(insert(wa_outbox).values(recipient="0812-3456-7890", content="x"))
        [row] = listed(store)
        assert (row.chat, row.status, row.kind) == ("0812-3456-7890", "pending", "text")


class TestBilling:
    NOVEMBER = Slot.containing(date(2040, 11, 1), Cadence.MONTHLY, ZONE)

    def lines(self, store: Store, month: Slot | None = None) -> list[Line]:
        with store.reading() as connection:
            return billed(connection, ZONE, month)

    def test_a_message_is_billed_once_whatever_is_told_again(
        self, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        ids = send(outbox, *PEOPLE[:3])
        for number in range(3):
            for row in ids:
                told(outbox, f"w{row}", Receipt.SENT, clock(), "utility")
                told(outbox, f"w{row}", Receipt.DELIVERED, clock() + timedelta(seconds=number), "utility")
                told(outbox, f"w{row}", Receipt.READ, clock() + timedelta(minutes=number), "utility")
        expected = [Line("2040-11", "default", "utility", True, 3, 3)]
        assert self.lines(store) == self.lines(store, self.NOVEMBER) == expected

    def test_what_never_arrived_is_not_billed(self, outbox: Outbox, store: Store, clock: FrozenClock) -> None:
        first, second = send(outbox, *PEOPLE[:2])
        told(outbox, f"w{first}", Receipt.SENT, clock(), "utility")
        told(outbox, f"w{second}", Receipt.SENT, clock(), "utility")
        outbox.apply([ReceiptEvent(f"w{second}", Receipt.FAILED, clock(), failure=Failed(Action.DEAD, "1", "x"))])
        assert self.lines(store) == []

    def test_a_price_that_was_told_with_sent_counts_once_it_is_delivered(
        self, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        [row] = send(outbox, PEOPLE[0])
        clock.tick(seconds=1)
        told(outbox, f"w{row}", Receipt.SENT, clock(), "marketing")
        told(outbox, f"w{row}", Receipt.READ, clock())
        assert self.lines(store) == [Line("2040-11", "default", "marketing", True, 1, 1)]

    def test_one_that_was_sent_twice_and_arrived_twice_is_one_message_and_two_deliveries(
        self, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        [row] = send(outbox, PEOPLE[0], outcome=Unanswered("timed out"))
        [attempt] = attempts(store)
        clock.tick(minutes=2)
        claimed = outbox.claim("test", {"default": AccountRules()})
        outbox.settle([(each, Accepted("second")) for each in claimed])
        late = ReceiptEvent("first", Receipt.DELIVERED, clock(), attempt, price_category="utility", billable=True)
        outbox.apply([late])
        told(outbox, "second", Receipt.DELIVERED, clock(), "utility")
        assert [row] == [each.id for each in listed(store)]
        assert self.lines(store) == [Line("2040-11", "default", "utility", True, 1, 2)]

    def test_it_is_by_month_of_the_business_zone_account_category_and_billable(
        self, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        a, b, c, d = send(outbox, *PEOPLE[:4])
        [e] = send(outbox, PEOPLE[5], account="tenant")
        ends = datetime(2040, 11, 30, 16, 59, 59, tzinfo=UTC)
        told(outbox, f"w{a}", Receipt.DELIVERED, ends, "utility")
        told(outbox, f"w{b}", Receipt.DELIVERED, ends + timedelta(seconds=1), "utility")
        told(outbox, f"w{c}", Receipt.DELIVERED, ends, "service", billable=False)
        told(outbox, f"w{d}", Receipt.DELIVERED, ends)
        told(outbox, f"w{e}", Receipt.DELIVERED, ends, "utility")
        november = [
            Line("2040-11", "default", "service", False, 1, 1),
            Line("2040-11", "default", "utility", True, 1, 1),
            Line("2040-11", "tenant", "utility", True, 1, 1),
        ]
        december = Line("2040-12", "default", "utility", True, 1, 1)
        assert self.lines(store) == [*november, december]
        assert self.lines(store, self.NOVEMBER) == november

    def test_what_was_billed_stays_when_its_message_is_gone(
        self, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        [row] = send(outbox, PEOPLE[0])
        told(outbox, f"w{row}", Receipt.DELIVERED, clock(), "utility")
        with store.writing() as connection:
            connection.execute(delete(wa_outbox))
        assert self.lines(store) == [Line("2040-11", "", "utility", True, 1, 1)]


def attempts(store: Store) -> Sequence[str]:
    with store.reading() as connection:
        return connection.execute(text("SELECT attempt_id FROM wa_outbox")).scalars().all()


class TestSla:
    def of(self, store: Store, **more: Any) -> list[Figures]:
        with store.reading() as connection:
            return figures(connection, more.pop("period", Period()), **more)

    def test_it_is_from_sent_to_delivered_and_read_by_account_and_report(
        self, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        ids = send(outbox, *PEOPLE[:10], report="harian")
        for number, row in enumerate(ids, 1):
            told(outbox, f"w{row}", Receipt.DELIVERED, clock() + timedelta(seconds=number))
        told(outbox, f"w{ids[0]}", Receipt.READ, clock() + timedelta(seconds=60))
        send(outbox, PEOPLE[11], account="tenant")
        harian, other = self.of(store)
        assert (harian.account, harian.report, harian.statuses) == ("default", "harian", {"delivered": 9, "read": 1})
        assert quantiles(harian.to_delivered) == pytest.approx({"p50": 5, "p90": 9, "p99": 10}, abs=0.01)
        assert quantiles(harian.to_read) == pytest.approx({"p50": 60, "p90": 60, "p99": 60}, abs=0.01)
        assert (other.account, other.report, quantiles(other.to_read)) == ("tenant", "", {})
        assert [its.report for its in self.of(store, report="harian", account="default")] == ["harian"]

    def test_a_receipt_in_whole_seconds_is_never_before_it_was_sent(
        self, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        clock.tick(milliseconds=700)
        [row] = send(outbox, PEOPLE[0])
        told(outbox, f"w{row}", Receipt.READ, clock().replace(microsecond=0))
        [its] = self.of(store)
        assert (list(its.to_delivered), list(its.to_read)) == ([0.0], [0.0])

    def test_the_share_that_failed_is_of_those_that_have_ended(self, outbox: Outbox, store: Store) -> None:
        send(outbox, *PEOPLE[:6])
        send(outbox, *PEOPLE[6:8], outcome=Failed(Action.DEAD, "131026", "Message undeliverable"))
        send(outbox, *PEOPLE[8:9], outcome=Failed(Action.OPTED_OUT, "131050", "x"))
        outbox.enqueue([NewMessage(PEOPLE[10], Text(body="x"))])
        [its] = self.of(store)
        assert its.share_failed() == {"131026": 0.25}
        assert (its.statuses["refused"], its.waiting, its.ended) == (1, 1, 8)

    def test_it_is_of_messages_enqueued_in_the_period(self, outbox: Outbox, store: Store, clock: FrozenClock) -> None:
        send(outbox, PEOPLE[0])
        clock.tick(days=1)
        send(outbox, PEOPLE[1])
        [its] = self.of(store, period=Period(clock()))
        assert its.statuses.total() == 1

    def test_the_newest_of_the_last_hour_are_enough_for_a_scrape(
        self, outbox: Outbox, store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        send(outbox, PEOPLE[0])
        clock.tick(hours=1, seconds=1)
        send(outbox, *PEOPLE[1:5])
        with store.reading() as connection:
            [its] = recent(connection, clock())
            assert its.statuses == {"sent": 4}
            monkeypatch.setattr(sla, "MOST_RECENT", 3)
            [its] = recent(connection, clock())
            assert its.statuses == {"sent": 3}

    def test_what_another_program_wrote_names_nobody(self, store: Store) -> None:
        row = {
            "recipient": "x",
            "content": "x",
            "account": "+6281234567890",
            "error_code": "Pak Budi",
            "status": "dead",
        }
        with store.writing() as connection:
            connection.execute(insert(wa_outbox).values(row))
            if store.dialect == "sqlite":
                connection.execute(text("UPDATE wa_outbox SET sent_at = 'soon', read_at = 5, report = x'ff'"))
        [its] = self.of(store)
        assert (its.account, dict(its.failed)) == ("other", {"other": 1})
