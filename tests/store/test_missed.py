"""Who is told of reports that should have gone out and have not: of each slot once, and with what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.conftest import FrozenClock
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog, load_catalog
from wa_integrasi.message import Priority, Status
from wa_integrasi.outbox import Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted
from wa_integrasi.reporting import (
    Asked,
    Outcome,
    ReportData,
    ReportJob,
    compose,
    corrected_chats,
    enqueue_report,
    note,
    plan,
    tell_of_missed,
)
from wa_integrasi.settings import Settings
from wa_integrasi.slot import Cadence
from wa_integrasi.sources.base import Rows
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import report_slots, wa_outbox

ROWS = ReportData(Rows(("unit",), (("Tungku",),)))
ZONE = "Asia/Jakarta"
SITI, JOHN = "+6281234567890", "+16502530000"


def catalog(**reports: dict[str, Any]) -> Catalog:
    every = {"title": "Rekap Harian", "cadence": "daily", "owner": "siti", "source": "pabrik", "query": "SELECT 1"}
    every |= {"template": "rekap", "recipients": ["siti"]}
    return Catalog.model_validate(
        {
            "version": 1,
            "contacts": {
                "siti": {"phone": SITI, "display_name": "Siti"},
                "john": {"phone": JOHN, "display_name": "John", "language": "en", "quiet_hours": "20:00-08:00"},
            },
            "chat_templates": {"rekap": {"body": "{{ rows|length }} unit"}},
            "calendars": {"libur": {"holidays": "none", "closed": {"2040-11-19": "Perbaikan"}}},
            "reports": {name: {**every, **report} for name, report in (reports or {"harian": {}}).items()},
        }
    )


@pytest.fixture
def look(store: Store, clock: FrozenClock) -> Callable[[], list[tuple[str, str]]]:
    """Look for what was missed, at 07:00 in Jakarta when nothing has ticked; the watch began an hour before."""
    clock.now = datetime(2040, 11, 19, 23, tzinfo=UTC)
    apply_catalog(store, catalog(), clock=clock)
    settings = Settings(timezone=ZONE)

    def looked() -> list[tuple[str, str]]:
        return [found.key for found in tell_of_missed(store, settings, clock)]

    assert looked() == []
    clock.tick(hours=1)
    return looked


def job_of(store: Store, clock: FrozenClock, **asked: Any) -> ReportJob:
    [[job]] = plan(load_catalog(store), Asked(Cadence.DAILY, only=["harian"], **asked), ZONE, clock())
    return job


def send(store: Store, clock: FrozenClock, run: str = "run", rows: ReportData = ROWS, **asked: Any) -> list[int]:
    job = job_of(store, clock, **asked)
    corrected = corrected_chats(store, job)
    messages = compose(job, rows, now=clock(), group_ids={}, flow_run_id=run, corrected=corrected)
    return [row.id for row in enqueue_report(store, job, messages, run, clock=clock) if row.created]


def notices(store: Store) -> list[Any]:
    with store.reading() as connection:
        found = select(wa_outbox).where(wa_outbox.c.dedupe_key.like("missed/%")).order_by(wa_outbox.c.id)
        return list(connection.execute(found).all())


def test_a_report_that_has_not_gone_out_in_time_is_told_of_once(look: Any, store: Store, clock: FrozenClock) -> None:
    clock.tick(minutes=44)
    assert look() == []
    clock.tick(minutes=1)
    assert look() == [("harian", "2040-11-19")]
    assert look() == []
    [notice] = notices(store)
    assert (notice.chat, notice.priority, notice.report) == (SITI, Priority.REPLY, None)
    assert "Rekap untuk Senin, 19 November 2040 seharusnya sudah terkirim pada Selasa, 20" in notice.content
    assert notice.content.endswith("`wa report run harian --slot 2040-11-19`")


def test_what_was_sent_or_had_nothing_to_say_or_was_left_out_is_not_missed(
    look: Any, store: Store, clock: FrozenClock
) -> None:
    leaves_out = {"calendar": "libur", "workdays_only": True}
    apply_catalog(store, catalog(harian={"when_empty": "skip"}, kerja=leaves_out), clock=clock)
    clock.now -= timedelta(minutes=1)
    send(store, clock, rows=ReportData(Rows(("unit",), ())), slot="2040-11-19")
    clock.tick(hours=2)
    assert look() == []
    clock.tick(days=1)
    assert look() == [("harian", "2040-11-20"), ("kerja", "2040-11-20")]


def test_a_report_that_is_sent_after_all_is_no_longer_missed(look: Any, store: Store, clock: FrozenClock) -> None:
    clock.tick(hours=1)
    assert len(look()) == 1
    send(store, clock)
    with store.reading() as connection:
        assert connection.execute(select(report_slots.c.outcome)).scalars().all() == [Outcome.ENQUEUED]


def test_all_that_fell_into_a_downtime_is_one_message_with_one_command(
    look: Any, store: Store, clock: FrozenClock
) -> None:
    apply_catalog(store, catalog(harian={"owner": "john"}), clock=clock)
    clock.tick(days=4, hours=2)
    assert [slot for _, slot in look()] == [f"2040-11-{day}" for day in range(19, 24)]
    [notice] = notices(store)
    assert "5 reports should have gone out and have not" in notice.content
    assert notice.content.endswith("`wa report run harian --slot 2040-11-19 --until 2040-11-23`")
    assert notice.send_hours == "08:00-20:00 Asia/Jakarta"
    clock.tick(days=100)
    assert len(look()) == 35


def test_a_report_that_was_not_there_or_not_enabled_when_it_was_due_is_not_missed(
    look: Any, store: Store, clock: FrozenClock
) -> None:
    apply_catalog(store, catalog(harian={"enabled": False}), prune=True, clock=clock)
    clock.tick(days=2, minutes=1)
    apply_catalog(store, catalog(harian={}, baru={}), clock=clock)
    clock.tick(hours=1)
    assert look() == []
    clock.tick(days=1)
    assert look() == [("baru", "2040-11-22"), ("harian", "2040-11-22")]


def test_a_clock_that_was_ahead_when_the_watch_began_does_not_blind_it(
    look: Any, store: Store, clock: FrozenClock
) -> None:
    clock.now -= timedelta(days=100)
    apply_catalog(store, catalog(harian={}, baru={}), clock=clock)
    assert look() == []
    clock.tick(days=1, hours=2)
    assert look() == [("baru", "2040-08-12")]


def test_a_forced_report_corrects_what_was_sent_and_takes_back_what_waits(
    look: Any, store: Store, clock: FrozenClock
) -> None:
    [first] = send(store, clock, "run-1")
    assert send(store, clock, "run-2") == []
    [instead] = send(store, clock, "run-3", force=True)
    assert send(store, clock, "run-3", force=True) == []
    with store.reading() as connection:
        rows = {row.id: row for row in connection.execute(select(wa_outbox))}
    assert (rows[first].status, rows[first].error_text) == (Status.CANCELLED, "a correction of the report goes instead")
    assert rows[instead].content == "1 unit"
    outbox = Outbox(store, clock=clock)
    outbox.settle([(found, Accepted("w1")) for found in outbox.claim("test", {"default": AccountRules()})])
    [again] = send(store, clock, "run-4", force=True)
    with store.reading() as connection:
        said = connection.execute(select(wa_outbox.c.content).where(wa_outbox.c.id == again)).scalar_one()
    assert said == "_Koreksi: menggantikan rekap yang sudah dikirim untuk periode ini._\n\n1 unit"


def test_a_report_that_its_channel_refused_as_a_whole_has_not_gone_out(
    look: Any, store: Store, clock: FrozenClock
) -> None:
    enqueue_report(store, job_of(store, clock), [], "run", refused=3, clock=clock)
    clock.tick(hours=1)
    assert look() == [("harian", "2040-11-19")]


def test_a_slot_that_is_left_out_is_noted(look: Any, store: Store, clock: FrozenClock) -> None:
    with store.writing() as connection:
        note(connection, job_of(store, clock), Outcome.LEFT_OUT, clock(), None)
    clock.tick(hours=1)
    assert look() == []
