"""Whoever locks the same rows at once does so in one order, or does it again: nobody stands still for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import FrozenClock
from tests.store.channel import enqueue, message
from tests.store.test_routing import BUDI, SITI, People
from tests.store.told import KEY, ToldReceiver, keep
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.inbox import Inbox, updates
from wa_integrasi.intake import conversations, routing
from wa_integrasi.intake.classification import Classification, Intent, Urgency
from wa_integrasi.intake.routing import Route
from wa_integrasi.intake.senders import lock_standings
from wa_integrasi.intake.triage import Alarm, Triage
from wa_integrasi.outbox import Outbox
from wa_integrasi.providers.base import MessageEvent, OtherEvent
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import commands, learned_ids, wa_outbox

DUTY = "+6281300000001"
FIRE = Classification(Intent.REPORT, Urgency.CRITICAL, "kebakaran", "rules", "")


@pytest.fixture
def people(store: Store, clock: FrozenClock) -> People:
    if store.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    return People(store, clock)


@pytest.fixture
def meet() -> Barrier:
    """Where both wait for each other, in the middle of their transactions."""
    return Barrier(2, timeout=10)


def behind(meet: Barrier, call: Callable[..., Any]) -> Callable[..., Any]:
    """`call`, the first time only once both are there."""
    first = iter([meet.wait])

    def waits(*values: Any, **named: Any) -> Any:
        for wait in first:
            wait()
        return call(*values, **named)

    return waits


def together(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def triage(people: People) -> Triage:
    return Triage(people.store, Outbox(people.store, clock=people.clock), clock=people.clock)


def test_alarms_are_told_while_those_who_raised_them_write_on(
    people: People, meet: Barrier, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.said("api", by=BUDI)
    people.said("api", by=SITI)
    clock.tick(seconds=2)
    own = triage(people)
    for talk in own.take():
        assert own.settle(talk, FIRE, Catalog(version=1))

    def one_by_one(alarms: list[Alarm]) -> Iterator[Alarm]:
        yield alarms[0]
        meet.wait()
        yield alarms[1]

    joined = conversations._joined

    def then_waits(*values: Any) -> Any:
        found = joined(*values)
        if values[1][2] == SITI:
            meet.wait()
        return found

    monkeypatch.setattr(conversations, "_joined", then_waits)
    people.write("masih", by=BUDI)
    people.write("masih", by=SITI)
    done, _ = together(people.router.work, lambda: own.told(one_by_one(own.alarms())))  # type: ignore[arg-type]
    assert (done, own.alarms()) == ({Route.CONVERSATION: 2}, [])


def test_who_is_on_duty_is_warned_and_told_at_once(
    people: People, meet: Barrier, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = {"phone": DUTY, "display_name": "Piket"}
    intake = {"duty_group": "piket", "spam": {"burst": 1}}
    catalog = Catalog.model_validate({"version": 1, "contacts": {"piket": contact}, "policies": {"intake": intake}})
    apply_catalog(people.store, catalog)
    people.said("api", by=BUDI)
    people.said("halo", by=DUTY)
    clock.tick(seconds=4)
    own = triage(people)
    [talk, _] = own.take()
    monkeypatch.setattr(own, "_notices", behind(meet, own._notices))
    monkeypatch.setattr(routing, "place", behind(meet, routing.place))
    people.write("satu", "dua", by=DUTY)
    people.write("masih", by=BUDI)
    done, settled = together(people.router.work, lambda: own.settle(talk, FIRE, catalog))
    assert (done[Route.SPAM], settled) == (1, True)
    assert {row.dedupe_key.partition("/")[0] for row in people.rows(wa_outbox)} == {"spam", "urgent"}


def test_a_template_is_released_in_a_chat_whose_person_writes(
    people: People, meet: Barrier, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    [row] = enqueue(people.outbox, message())
    with people.store.writing() as connection:
        connection.execute(
            wa_outbox.update().where(wa_outbox.c.id == row).values(error_code="template_held", status="pending")
        )
    receiver = ToldReceiver()
    value = {"event": "APPROVED", "message_template_name": "t", "message_template_language": "id"}
    told = [OtherEvent("message_template_status_update", {"value": value}, clock())]
    other = Inbox(people.store, Outbox(people.store, clock=clock), clock)
    monkeypatch.setattr(updates, "release_templates", behind(meet, updates.release_templates))
    monkeypatch.setattr(people.outbox, "count_inbound", behind(meet, people.outbox.count_inbound))
    keep(people.inbox, receiver, b"said", lambda: [MessageEvent("m1", SITI, clock(), "text", "halo", {})])
    keep(people.inbox, receiver, b"told", lambda: told)

    def works(inbox: Inbox) -> int:
        return inbox.work({KEY: receiver}, limit=1)

    assert together(lambda: works(people.inbox), lambda: works(other)) == [1, 1]


def test_whose_messages_one_process_routes_another_leaves_alone(people: People) -> None:
    if people.store.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    people.said("halo")  # of who writes for the first time there is nothing yet to be left alone
    people.write("suhu 1")
    people.write("suhu 2")
    people.write("suhu 3", by=BUDI)
    with people.store.writing() as connection:
        assert lock_standings(connection, [("default", SITI, SITI)])
        assert people.router.work(1) == {Route.COMMAND: 1}
        assert people.router.work(1) == {}
    assert people.router.work() == {Route.COMMAND: 2}
    assert [row.text for row in people.rows(commands)] == ["suhu 3", "suhu 1", "suhu 2"]


class TestACatalogIsAppliedWhileAnIdIsLearned:
    ID = "ID.1349120865"

    @pytest.fixture
    def apply(self, people: People, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
        """Applies contacts by their numbers, in the middle of the next transaction that routes."""
        with ThreadPoolExecutor(1) as pool:

            def meanwhile(**phones: str) -> Any:
                begun: list[Any] = []

                def note(*values: Any) -> None:
                    if not begun:
                        begun.append(pool.submit(applied, people, **phones))
                        while not (begun[0].done() or waits_for_a_lock(people.store)):
                            pass
                    note_contacts(*values)

                note_contacts = routing.note_contacts
                monkeypatch.setattr(routing, "note_contacts", note)
                people.routes()
                return begun[0].result()

            yield meanwhile

    def test_whoever_had_the_number_gets_nothing_of_who_has_it_now(
        self, people: People, apply: Callable[..., Any]
    ) -> None:
        applied(people, siti=SITI)
        people.clock.tick(seconds=1)
        people.write("halo", by=SITI, user_id=self.ID)
        apply(budi=SITI)
        assert people.rows(learned_ids) == []

    def test_a_refusal_follows_to_a_number_whose_id_says_start(self, people: People, apply: Callable[..., Any]) -> None:
        applied(people, siti=SITI, budi=BUDI)
        people.clock.tick(seconds=1)
        people.said("berhenti", by=SITI, user_id=self.ID)
        people.clock.tick(seconds=1)
        people.write("mulai", by=BUDI, user_id=self.ID)
        apply(siti=BUDI)
        assert people.rows(learned_ids) == []


def applied(people: People, **phones: str) -> Any:
    named = {name: {"phone": phone, "display_name": name.title()} for name, phone in phones.items()}
    catalog = Catalog.model_validate({"version": 1, "contacts": named})
    return apply_catalog(people.store, catalog, prune=True, clock=people.clock)


def waits_for_a_lock(store: Store) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with store.reading() as connection:
        return bool(connection.execute(text(waiting)).scalar())
