"""Who is told of dead letters and held accounts: everybody once, nobody too often, nothing lost."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text

from tests.conftest import FrozenClock
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.content import Text
from wa_integrasi.message import Priority
from wa_integrasi.notices import Notices, Untold, collect
from wa_integrasi.outbox import NewMessage, Outbox, Selection
from wa_integrasi.policy.breaker import BreakerPolicy
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import breakers, wa_outbox

OWNER = Recipient.parse("+6281200000005")
PEOPLE = [Recipient.parse(f"+62812345{number:05}") for number in range(500)]
DAY = "2026-11-19"
REPORT = {
    "title": "Rekap *Harian*",
    "cadence": "daily",
    "owner": "rizky",
    "source": "pabrik",
    "query": "SELECT 1",
    "template": "rekap",
    "recipients": ["rizky"],
}


def catalog(language: str = "id", *reports: str) -> Catalog:
    rizky = {"phone": OWNER.chat, "display_name": "Rizky", "language": language}
    return Catalog.model_validate(
        {
            "version": 1,
            "contacts": {"rizky": rizky},
            "chat_templates": {"rekap": {"body": "x"}},
            "reports": dict.fromkeys(reports or ("harian",), REPORT),
        }
    )


@pytest.fixture(autouse=True)
def _catalog(store: Store) -> None:
    apply_catalog(store, catalog())


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, clock=clock)


def die(
    store: Store, people: list[Recipient], *, code: str = "131026", reason: str = "Message undeliverable", **more: Any
) -> None:
    """Dead letters, whoever made them."""
    values = {"report": "harian", "slot": DAY, "content": "x", "status": "dead", "error_code": code, **more}
    rows = [{"recipient": who.chat, "chat": who.chat, "error_text": reason, **values} for who in people]
    with store.writing() as connection:
        connection.execute(insert(wa_outbox), rows)


def notices(store: Store) -> list[Any]:
    with store.reading() as connection:
        mine = wa_outbox.c.dedupe_key.startswith("notice/")
        return list(connection.execute(select(wa_outbox).where(mine).order_by(wa_outbox.c.id)))


def unnoticed(store: Store) -> int:
    with store.reading() as connection:
        dead = (wa_outbox.c.status == "dead") & wa_outbox.c.noticed_at.is_(None)
        return len(connection.execute(select(wa_outbox.c.id).where(dead)).all())


def counts(told: Notices) -> list[tuple[str, str, str, int]]:
    return [(dead.report, dead.slot, dead.code, dead.count) for dead in told.dead]


def test_five_hundred_dead_letters_are_one_notice_to_the_owner(store: Store, clock: FrozenClock) -> None:
    die(store, PEOPLE[:499])
    die(store, PEOPLE[499:], code="no_answer", reason="no answer from +6281234500499")
    assert counts(collect(store, clock)) == [("harian", DAY, "131026", 499), ("harian", DAY, "no_answer", 1)]
    [notice] = notices(store)
    assert (notice.chat, notice.priority, notice.account) == (OWNER.chat, Priority.REPLY, "default")
    assert notice.content == (
        f"*Rekap ∗Harian∗*\n{DAY}\n\n"
        "Pengiriman gagal untuk 500 dari 500 penerima.\n\n"
        "- 131026 (499): Message undeliverable\n- no_answer (1): no answer from +62…0499\n\n"
        "Penerima: +62…0000, +62…0001, +62…0002, +62…0003, +62…0004, dan 495 lainnya\n\n"
        f"Periksa sebabnya:\n`wa outbox list --status dead --report harian --slot {DAY}`\n\n"
        f'Kirim lagi setelah diperbaiki:\n`wa outbox requeue --report harian --slot {DAY} --reason "…"`'
    )
    assert unnoticed(store) == 0
    assert collect(store, clock) == Notices()
    assert len(notices(store)) == 1


def test_the_owner_is_told_in_their_language_how_many_of_how_many(store: Store, clock: FrozenClock) -> None:
    apply_catalog(store, catalog("en"))
    die(store, PEOPLE[:2])
    die(store, PEOPLE[2:5], status="sent")
    collect(store, clock)
    [notice] = notices(store)
    assert "Delivery failed for 2 of 5 recipients." in notice.content
    assert "Recipients: +62…0000, +62…0001\n" in notice.content


def test_an_owner_who_reads_the_report_too_gets_one_notice_and_other_readers_none(
    store: Store, clock: FrozenClock
) -> None:
    die(store, [OWNER, *PEOPLE[:2]])
    collect(store, clock)
    assert [notice.chat for notice in notices(store)] == [OWNER.chat]


def test_each_slot_and_report_has_a_notice_of_its_own(store: Store, clock: FrozenClock) -> None:
    apply_catalog(store, catalog("id", "harian", "jam"))
    die(store, PEOPLE[:1])
    die(store, PEOPLE[:1], slot="2026-11-18")
    die(store, PEOPLE[:1], report="jam", slot=None)
    collect(store, clock)
    assert len(notices(store)) == 3
    assert not any("None" in notice.content for notice in notices(store))


def test_what_dies_later_in_the_hour_is_told_of_in_the_next_as_a_whole(store: Store, clock: FrozenClock) -> None:
    die(store, PEOPLE[:2])
    collect(store, clock)
    clock.tick(minutes=30)
    die(store, PEOPLE[2:5])
    assert collect(store, clock) == Notices()
    clock.tick(minutes=30)
    assert counts(collect(store, clock)) == [("harian", DAY, "131026", 3)]
    assert "untuk 5 dari 5 penerima" in notices(store)[1].content
    assert unnoticed(store) == 0


def test_a_notice_that_dies_raises_no_notice(store: Store, outbox: Outbox, clock: FrozenClock) -> None:
    die(store, PEOPLE[:1])
    collect(store, clock)
    for _ in range(3):
        [claimed] = outbox.claim("test", {"default": AccountRules()}) or [None]
        if claimed is not None:
            outbox.settle([(claimed, Failed(Action.DEAD, "131026", "Message undeliverable"))])
        clock.tick(hours=1)
        told = collect(store, clock)
        assert [(dead.report, dead.count, dead.notices) for dead in told.dead] == (
            [] if claimed is None else [("", 1, 1)]
        )
    assert len(notices(store)) == 1


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ({"report": None, "slot": None}, ("", "")),
        ({"report": "pensiun"}, ("pensiun", DAY)),
        ({"report": "081234567890"}, ("other", DAY)),
        ({"slot": "untuk Pak Budi; rm -rf"}, ("harian", "other")),
    ],
)
def test_what_belongs_to_no_report_in_force_is_told_to_nobody_but_is_in_the_facts(
    store: Store, clock: FrozenClock, written: dict[str, Any], shown: tuple[str, str]
) -> None:
    die(store, PEOPLE[:1], **written)
    assert counts(collect(store, clock)) == [(*shown, "131026", 1)]
    assert notices(store) == []
    assert unnoticed(store) == 0


def test_a_retired_report_has_no_owner_any_more(store: Store, clock: FrozenClock) -> None:
    apply_catalog(store, catalog("id", "lain"), prune=True)
    die(store, PEOPLE[:1])
    assert counts(collect(store, clock)) == [("harian", DAY, "131026", 1)]
    assert notices(store) == []


def test_a_foreign_row_that_nobody_can_read_is_told_of_without_what_it_says(
    store: Store, outbox: Outbox, clock: FrozenClock
) -> None:
    row = {"recipient": "Pak Budi, lantai 8888", "content": "x", "report": "harian", "slot": DAY}
    with store.writing() as connection:
        connection.execute(insert(wa_outbox).values(row))
    outbox.claim("test", {"default": AccountRules()})
    assert counts(collect(store, clock)) == [("harian", DAY, "unreadable", 1)]
    [notice] = notices(store)
    assert "Budi" not in notice.content
    assert "8888" not in notice.content


def test_a_spoiled_row_keeps_nobody_from_being_told(store: Store, clock: FrozenClock) -> None:
    die(store, PEOPLE[:1])
    if store.dialect == "sqlite":
        spoiled = "chat = x'ff', account = x'fe', error_code = x'fd', error_text = x'fc'"
    else:
        spoiled = "chat = '', account = '', error_code = NULL, error_text = NULL"
    with store.writing() as connection:
        connection.execute(text(f"UPDATE wa_outbox SET {spoiled}"))
    assert [(dead.account, dead.count) for dead in collect(store, clock).dead] == [("other", 1)]
    assert len(notices(store)) == 1


def test_collectors_at_once_tell_once(store: Store, clock: FrozenClock) -> None:
    die(store, PEOPLE[:40])
    die(store, PEOPLE[:40], report=None, slot=None)
    barrier, told = threading.Barrier(4), []

    def work() -> None:
        barrier.wait()
        told.append(collect(store, clock))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(dead.count for each in told for dead in each.dead) == 80
    assert len(told) == 4
    assert len(notices(store)) == 1
    assert unnoticed(store) == 0


def test_what_another_collector_has_just_told_of_waits_for_the_next_hour(
    store: Store, outbox: Outbox, clock: FrozenClock
) -> None:
    if store.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    die(store, PEOPLE[:2])
    told: list[Notices] = []
    with store.writing() as connection:
        theirs = NewMessage(OWNER, Text(body="x"), dedupe_key=f"notice/harian/{DAY}/{clock():%Y-%m-%dT%H}")
        outbox.enqueue([theirs], connection)
        other = threading.Thread(target=lambda: told.append(collect(store, clock)))
        other.start()
        wait_for_lock(store)
    other.join()
    assert told == [Notices()]
    assert len(notices(store)) == 1
    clock.tick(hours=1)
    assert counts(collect(store, clock)) == [("harian", DAY, "131026", 2)]


def wait_for_lock(store: Store) -> None:
    """Return once somebody waits for what this test's own transaction holds."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(500):
        with store.reading() as connection:
            if connection.execute(waiting).scalar_one():
                return
        threading.Event().wait(0.01)
    pytest.fail("nobody waits")


@pytest.mark.parametrize("statement", ["INSERT INTO wa_outbox", "UPDATE wa_outbox SET noticed_at"])
def test_a_crash_on_the_way_loses_nothing_and_tells_nothing_twice(
    store: Store, clock: FrozenClock, statement: str
) -> None:
    die(store, PEOPLE[:2])

    def crash(_c: object, _u: object, sql: str, *_: object) -> None:
        if statement in sql:
            raise ConnectionError("the power fails")

    event.listen(store.engine, "after_cursor_execute", crash)
    with pytest.raises(ConnectionError):
        collect(store, clock)
    event.remove(store.engine, "after_cursor_execute", crash)
    assert notices(store) == []
    assert unnoticed(store) == 2
    assert counts(collect(store, clock)) == [("harian", DAY, "131026", 2)]
    assert len(notices(store)) == 1


class TestAccounts:
    RULES = AccountRules(breaker=BreakerPolicy(probes=1))
    EXPIRED = Failed(Action.HOLD_ACCOUNT, "190", "Token of +6281234567890 has expired")

    def attempt(self, outbox: Outbox, outcome: Any) -> None:
        [claimed] = outbox.claim("test", {"default": self.RULES}, limit=1)
        outbox.settle([(claimed, outcome)], {"default": self.RULES})

    def test_a_held_account_is_told_of_once_and_its_release_too(
        self, store: Store, outbox: Outbox, clock: FrozenClock
    ) -> None:
        outbox.enqueue([NewMessage(PEOPLE[0], Text(body="x"))])
        since = clock()
        self.attempt(outbox, self.EXPIRED)
        [held] = collect(store, clock).held
        assert (held.account, held.code, held.reason, held.since) == (
            "default",
            "190",
            "Token of +62…7890 has expired",
            since,
        )
        clock.tick(minutes=3)
        self.attempt(outbox, self.EXPIRED)
        assert collect(store, clock) == Notices(), "a probe that failed is no news"
        clock.tick(minutes=10)
        self.attempt(outbox, Accepted("w1"))
        told = collect(store, clock)
        assert told.held == ()
        assert [(change.account, change.since) for change in told.released] == [("default", clock())]
        assert collect(store, clock) == Notices()

    def test_what_was_over_before_anybody_was_told_is_not_told(
        self, store: Store, outbox: Outbox, clock: FrozenClock
    ) -> None:
        outbox.enqueue([NewMessage(PEOPLE[0], Text(body="x"))])
        self.attempt(outbox, self.EXPIRED)
        clock.tick(minutes=3)
        self.attempt(outbox, Accepted("w1"))
        assert collect(store, clock) == Notices()

    def test_collectors_at_once_tell_of_each_account_once(self, store: Store, clock: FrozenClock) -> None:
        state = {"circuit": "open", "in_a_row": 0, "tried": 0, "failed": 0, "openings": 1, "changed_at": clock()}
        with store.writing() as connection:
            connection.execute(insert(breakers), [{"account": f"a{number}", **state} for number in range(5)])
        told: list[Notices] = []
        workers = [threading.Thread(target=lambda: told.append(collect(store, clock))) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(change.account for each in told for change in each.held) == [f"a{n}" for n in range(5)]


def test_a_person_who_gives_up_a_dead_letter_first_spares_the_notice(
    store: Store, outbox: Outbox, clock: FrozenClock
) -> None:
    die(store, PEOPLE[:1])
    outbox.discard(Selection(report="harian"), "sudah ditelepon")
    assert collect(store, clock) == Notices()
    assert notices(store) == []


@pytest.mark.parametrize(("status", "code"), [("refused", "opted_out"), ("dead", "131047")])
def test_what_people_on_duty_were_not_told_is_told_of_once(
    store: Store, clock: FrozenClock, status: str, code: str
) -> None:
    for number, who in enumerate(PEOPLE[:2]):
        key = f"urgent/7/critical/2026112110/{who.chat}"
        die(store, [who], status=status, code=code, report=None, slot=None, dedupe_key=key)
        assert unnoticed(store) == (number + 1 if status == "dead" else 0)
    die(store, PEOPLE[2:3], status="refused", report=None, slot=None, dedupe_key="urgent-7")
    die(store, PEOPLE[3:4], status="sent", report=None, slot=None, dedupe_key="urgent/7/critical/2026112110/x")
    told = collect(store, clock)
    assert told == Notices(untold=(Untold("default", 7, "critical", code, 2),))
    assert PEOPLE[0].chat not in repr(told)
    assert collect(store, clock) == Notices()


def test_a_strange_key_of_an_alarm_shows_nothing_of_itself(store: Store, clock: FrozenClock) -> None:
    die(store, PEOPLE[:1], status="refused", code="opted_out", dedupe_key="urgent/+628123456789012345678/x")
    assert collect(store, clock).untold == (Untold("default", None, "other", "opted_out", 1),)
