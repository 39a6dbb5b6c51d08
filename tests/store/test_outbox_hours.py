"""Messages that wait for their readers' hours or their day, and what becomes of those that go stale."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from deployments.cli import app
from tests.conftest import FrozenClock
from tests.store.channel import BUDI, SITI, statuses
from wa_integrasi.content import Text
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox, Selection
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import wa_outbox

HOURS = "08:00-20:00 Asia/Jakarta"
"""The frozen clock begins at 07:00 there."""


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, clock=clock)


def report(body: str, **options: Any) -> NewMessage:
    return NewMessage(options.pop("to", SITI), Text(body=body), report="harian", slot="2040-11-19", **options)


def go(outbox: Outbox) -> list[str]:
    """What goes now, one after the other."""
    gone = []
    while claimed := outbox.claim("test", {"default": AccountRules()}):
        gone += [message.content.body for message in claimed]
        outbox.settle([(message, Accepted(f"w{message.id}")) for message in claimed])
    return gone


def test_a_report_waits_for_its_readers_hours_and_keeps_its_place(outbox: Outbox, clock: FrozenClock) -> None:
    outbox.enqueue([report("pagi 1", send_hours=HOURS), report("pagi 2"), report("budi", to=BUDI)])
    assert go(outbox) == ["budi"]
    assert outbox.due_in({"default": AccountRules()}) == 3600
    clock.tick(minutes=59)
    assert go(outbox) == []
    clock.tick(minutes=1)
    assert go(outbox) == ["pagi 1", "pagi 2"]


def test_what_is_urgent_passes_what_waits(outbox: Outbox, clock: FrozenClock) -> None:
    outbox.enqueue([report("rekap", send_hours=HOURS)])
    assert go(outbox) == []
    outbox.enqueue([report("darurat", priority=Priority.REPLY)])
    assert go(outbox) == ["darurat"]
    clock.tick(hours=1)
    assert go(outbox) == ["rekap"]


def test_what_could_not_go_in_its_hours_waits_for_the_next(outbox: Outbox, clock: FrozenClock) -> None:
    clock.tick(hours=1)
    outbox.hold("default", "190", "Token has expired")
    outbox.enqueue([report("rekap", send_hours=HOURS)])
    clock.tick(hours=12)
    outbox.release("default")
    assert go(outbox) == []
    clock.tick(hours=12)
    assert go(outbox) == ["rekap"]


def test_what_waits_for_a_workday_keeps_nothing_of_its_chat_back(outbox: Outbox, clock: FrozenClock) -> None:
    monday = clock() + timedelta(days=3)
    outbox.enqueue([report("sabtu", not_before=monday, priority=Priority.BULK)])
    outbox.enqueue([report("minggu")])
    assert go(outbox) == ["minggu"]
    clock.tick(days=3)
    assert go(outbox) == ["sabtu"]


def test_what_is_stale_before_its_hours_begin_is_a_dead_letter_at_once(
    outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    soon = clock() + timedelta(minutes=30)
    [late, fresh] = outbox.enqueue([report("basi", send_hours=HOURS, expires_at=soon), report("segar", to=BUDI)])
    assert go(outbox) == ["segar"]
    assert statuses(store) == ["dead", "sent"]
    with store.reading() as connection:
        found = connection.execute(select(wa_outbox).where(wa_outbox.c.id == late.id)).one()
    assert found.error_code == "expired"
    assert found.error_text == "it was to go before 2040-11-20 00:30 UTC, and its reader's hours begin later"
    clock.tick(hours=1)
    assert outbox.requeue(Selection(ids=[late.id, fresh.id]), "masih perlu") == 1
    assert go(outbox) == ["basi"]


def test_hours_that_nobody_can_read_end_their_message_and_no_other(outbox: Outbox, store: Store) -> None:
    [first, _] = outbox.enqueue([report("rusak"), report("baik", to=BUDI)])
    with store.writing() as connection:
        connection.execute(update(wa_outbox).where(wa_outbox.c.id == first.id).values(send_hours="selalu"))
    assert go(outbox) == ["baik"]
    assert statuses(store) == ["dead", "sent"]


def test_the_command_line_says_why_a_message_waits(
    outbox: Outbox, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    [row] = outbox.enqueue([report("rekap", send_hours=HOURS)])
    assert go(outbox) == []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_DATABASE_URL", database_url)
    shown = CliRunner().invoke(app, ["outbox", "show", str(row.id)]).output
    assert f"quiet_hours: waits for its reader's hours, {HOURS}; due 2040-11-20 08:00:00" in shown
