"""What people write as a work of `wa live`: who is told of it, whatever goes wrong on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from deployments import intake_work
from deployments.intake_work import ConversationsWork, KeptAi
from deployments.runs import Runs
from tests.conftest import FrozenClock
from tests.store.test_routing import People
from wa_integrasi.intake.triage import Triage
from wa_integrasi.outbox import Outbox
from wa_integrasi.settings import Settings
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.tables import reports

FIRE = "kebakaran di gudang B"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The conversations that Prefect was told of."""
    found: list[int] = []

    def emit(_name: str, _account: str, payload: dict[str, Any]) -> bool:
        found.append(payload["conversation"])
        return True

    monkeypatch.setattr(intake_work, "emit", emit)
    return found


@pytest.fixture
def people(store: Store, clock: FrozenClock) -> People:
    return People(store, clock)


@pytest.fixture
def work(people: People, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> ConversationsWork:
    monkeypatch.setattr(intake_work, "Triage", lambda store, *_: Triage(store, Outbox(store, clock=clock), clock=clock))
    return ConversationsWork(people.store, Settings(), KeptAi(), Runs())


async def test_an_alarm_is_told_after_an_error_though_nobody_writes_any_more(
    people: People, work: ConversationsWork, told: list[int], clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not await work.run()
    assert work.due_in() is None

    def away(_: Triage) -> None:
        raise StoreError("the store is away")

    people.said(FIRE)
    clock.tick(seconds=2)
    with monkeypatch.context() as patched:
        patched.setattr(Triage, "alarms", away)
        with pytest.raises(StoreError):
            await work.run()
    assert (told, work.due_in()) == ([], timedelta())
    await work.run()
    assert len(told) == 1


async def test_a_catalog_that_nobody_can_read_leaves_the_last_one_in_force(
    people: People, work: ConversationsWork, told: list[int], clock: FrozenClock
) -> None:
    people.said("halo")
    clock.tick(seconds=2)
    await work.run()
    with people.store.writing() as connection:
        connection.execute(reports.insert().values(name="x", version=1, definition={"title": 3}, created_at=clock()))
    people.said(FIRE)
    clock.tick(seconds=2)
    await work.run()
    assert len(told) == 1
