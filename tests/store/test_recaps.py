"""A recap is told when its rows have changed or its time has come, of all that happened since; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import FrozenClock
from tests.responding.conftest import on_sqlite
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.history import History
from wa_integrasi.outbox import NewMessage
from wa_integrasi.reporting import Recap, ReportData, ReportError, compose, due_recaps, recaps, tell
from wa_integrasi.reporting.recaps import Told, kept_rows
from wa_integrasi.sources.base import Rows
from wa_integrasi.store.engine import Store, StoreError

ZONE = "Asia/Jakarta"
BODY = (
    "{{ slot.start | datetime('medium', zone=false) }}: {{ rows | sum(attribute='selesai') }}"
    "{% if previous %} (tadi {{ previous | sum(attribute='selesai') }}){% endif %}"
)


def rows(*done: Any) -> Rows:
    return Rows(("unit", "selesai"), tuple((f"Unit {number}", each) for number, each in enumerate(done)))


class Shift:
    """Recaps of one report, made and told as the flow does."""

    def __init__(self, store: Store, clock: FrozenClock) -> None:
        self.store, self.clock = store, clock
        clock.tick(hours=3)  # ten in the morning
        self.report()

    def report(self, **changes: Any) -> None:
        report = {
            "title": "Rekap Tugas",
            "cadence": "task_delivery",
            "owner": "siti",
            "source": "pabrik",
            "query": "SELECT 1",
            "template": "tugas",
            "recipients": ["siti"],
            **changes,
        }
        people = {
            "siti": {"phone": "+6281234567890", "display_name": "Siti"},
            "budi": {"phone": "+6281234567891", "display_name": "Budi"},
        }
        catalog = {"contacts": people, "chat_templates": {"tugas": {"body": BODY}}, "reports": {"tugas": report}}
        apply_catalog(self.store, Catalog.model_validate({"version": 1, **catalog}), clock=self.clock)

    def plan(self, *, forced: bool = False) -> Recap:
        [recap] = due_recaps(self.store, ZONE, forced=forced, clock=self.clock)
        return recap

    def messages(self, recap: Recap, data: ReportData) -> list[NewMessage]:
        return compose(recap.job, recap.with_previous(data), now=self.clock(), group_ids={})

    def tell(self, recap: Recap, found: Rows) -> list[int] | None:
        data = ReportData(found)
        told = tell(self.store, recap, data, self.messages(recap, data), self.clock)
        return None if told is None else [row.id for row in told]

    def run(self, found: Rows, *, forced: bool = False) -> str | None:
        """One run of the flow; what it told."""
        recap = self.plan(forced=forced)
        if recap.reason(ReportData(found)) is None:
            return None
        self.tell(recap, found)
        return self.told()[-1]

    def told(self) -> list[str]:
        return [entry.content for entry in History(self.store).messages()][::-1]


@pytest.fixture
def shift(store: Store, clock: FrozenClock) -> Shift:
    return Shift(store, clock)


def test_it_is_told_when_its_rows_change_and_of_all_since_it_was_last_told(shift: Shift) -> None:
    assert shift.run(rows(1, 2)) == "20 Nov 2040 00.00: 3", "the first speaks of the day so far"
    shift.clock.tick(minutes=30)
    assert shift.run(rows(1, 2)) is None
    shift.clock.tick(minutes=30)
    assert shift.run(rows(2, 2)) == "20 Nov 2040 10.00: 4 (tadi 3)"
    shift.clock.tick(days=2)
    assert shift.run(rows(9, 2)) == "20 Nov 2040 11.00: 11 (tadi 4)", "after an outage of two days"
    shift.clock.tick(seconds=1)
    assert shift.run(rows(9, 2), forced=True) == "22 Nov 2040 11.00: 11 (tadi 11)"


@on_sqlite
def test_at_its_times_it_is_told_once_though_nothing_has_changed(shift: Shift) -> None:
    shift.report(always=["07:00", "15:00"])
    shift.run(rows(1))
    told = []
    for _ in range(25):
        shift.clock.tick(hours=1)
        if shift.run(rows(1)):
            told.append(f"{shift.clock().astimezone(ZoneInfo(ZONE)):%d %H:%M}")
    assert told == ["20 15:00", "21 07:00"]
    shift.clock.tick(hours=30)
    assert [shift.run(rows(1)) is not None for _ in range(2)] == [True, False], "a time that passed in an outage"


@on_sqlite
def test_one_that_is_always_told_needs_no_change(shift: Shift) -> None:
    shift.report(only_when_changed=False)
    for _ in range(3):
        assert shift.run(rows(1))
        shift.clock.tick(minutes=30)


def test_of_two_runs_at_once_one_tells(shift: Shift) -> None:
    for found in (rows(1), rows(2)):  # the first ever, and one more
        shift.clock.tick(minutes=30)
        both = [shift.plan()]
        shift.clock.tick(seconds=1)
        both.append(shift.plan())
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda recap, found=found: shift.tell(recap, found), both))
        assert sorted(ids is None for ids in done) == [False, True]
    assert len(shift.told()) == 2


def test_a_run_that_commits_again_follows_its_own_messages(shift: Shift) -> None:
    recap = shift.plan()
    first = shift.tell(recap, rows(1))
    assert first
    assert shift.tell(recap, rows(1)) == first
    assert len(shift.told()) == 1


def test_what_was_not_enqueued_was_not_told(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    def power_fails(*_: object) -> None:
        raise StoreError("the power fails")

    with monkeypatch.context() as patch:
        patch.setattr(recaps.Outbox, "enqueue", power_fails)
        with pytest.raises(StoreError):
            shift.run(rows(1))
    shift.clock.tick(minutes=30)
    assert shift.run(rows(1)) == "20 Nov 2040 00.00: 1"


@on_sqlite
def test_who_receives_it_anew_is_told_of_the_day(shift: Shift) -> None:
    shift.run(rows(1))
    shift.report(recipients=["siti", "budi"])
    shift.clock.tick(minutes=30)
    assert shift.run(rows(1)) == "20 Nov 2040 00.00: 1"
    shift.report(recipients=["budi", "siti"])
    assert shift.run(rows(1)) is None


@on_sqlite
def test_a_clock_that_is_set_back_an_hour_loses_no_change_and_repeats_none(shift: Shift) -> None:
    shift.report(always=["10:00"])
    spans, told = [], []

    def run(done: int) -> None:
        recap = shift.plan()
        if recap.reason(ReportData(rows(done))):
            spans.append(recap.job.slot)
            told.append(done)
            assert shift.tell(recap, rows(done))

    shift.clock.tick(hours=-1)
    for done in (1, 2, 3):  # at nine, at half past and at ten
        run(done)
        shift.clock.tick(minutes=30)
    shift.clock.tick(hours=-1.5)
    for done in (4, 4, 5, 5, 6):  # at nine again, every half-hour
        run(done)
        shift.clock.tick(minutes=30)
    assert told == [1, 2, 3, 4, 5, 6]
    assert len(shift.told()) == len(told), "each has reached the outbox"
    assert [(one.end, one.end < two.end) for one, two in pairwise(spans)] == [(two.start, True) for two in spans[1:]]
    assert spans[-1].end == shift.clock() - timedelta(minutes=30), "the clock has come to where it was"


@on_sqlite
@pytest.mark.parametrize("ahead", [timedelta(hours=7), timedelta(days=3)])
def test_a_clock_that_was_far_ahead_begins_anew(ahead: timedelta, shift: Shift) -> None:
    shift.run(rows(1))
    ends = shift.clock()
    shift.clock.tick(seconds=ahead.total_seconds())
    shift.run(rows(2))
    shift.clock.tick(seconds=-ahead.total_seconds())
    assert shift.run(rows(2)) is None
    assert shift.run(rows(3)) == "20 Nov 2040 00.00: 3 (tadi 2)"
    assert shift.plan().told == Told(ends, kept_rows(rows(3)), 2)


def test_rows_are_the_same_whatever_their_order_and_their_types() -> None:
    moment = datetime(2026, 11, 19, tzinfo=ZoneInfo(ZONE))
    found = kept_rows(rows(Decimal("1.00"), Decimal("0.5"), float("nan"), None, moment, b"x", timedelta(hours=1)))
    values = [row[1] for row in found.values]
    assert values == [1, 0.5, None, None, "2026-11-19T00:00:00+07:00", "b'x'", "1:00:00"]


@on_sqlite
def test_only_recaps_are_planned(shift: Shift) -> None:
    with pytest.raises(
        ReportError, match=r"task_delivery is called tugsa \(did you mean 'tugas'\?\); there are: tugas$"
    ):
        due_recaps(shift.store, ZONE, ["tugsa"])
    shift.report(enabled=False)
    assert due_recaps(shift.store, ZONE) == []
