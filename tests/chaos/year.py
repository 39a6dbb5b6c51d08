"""Years of schedules in seconds: the planning, the outbox and the watch that run every day, under a clock of our own.

python -m tests.chaos.year --years 4 --zone Europe/Berlin
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from tests.conftest import FrozenClock
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog, load_catalog
from wa_integrasi.reporting import Asked, Outcome, ReportData, compose, enqueue_report, note, plan, tell_of_missed
from wa_integrasi.schedule import times_between
from wa_integrasi.settings import Settings
from wa_integrasi.slot import Cadence
from wa_integrasi.sources.base import Rows
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate
from wa_integrasi.store.tables import report_slots, wa_outbox

ROWS = ReportData(Rows(("unit", "ton"), (("Tungku", 12.5),)))
EMPTY = ReportData(Rows(("unit", "ton"), ()))
OWNER = "+6281234567890"


def _report(cadence: str, **options: object) -> dict[str, object]:
    every = {"owner": "siti", "source": "pabrik", "query": "SELECT 1", "template": "rekap"}
    return {"title": f"Rekap {cadence}", "cadence": cadence, **every, **options}


CATALOG = {
    "version": 1,
    "contacts": {
        "siti": {"phone": OWNER, "display_name": "Siti"},
        "budi": {"phone": "+6281234567891", "display_name": "Budi", "quiet_hours": "20:00-08:00", "zone": "WIT"},
    },
    "groups": {"semua": {"members": ["siti", "budi"]}},
    "chat_templates": {"rekap": {"body": "{{ rows|length }} unit"}},
    "calendars": {"pabrik": {"weekend": ["sunday"], "holidays": "none", "shifts": {"malam": "23:00-07:00"}}},
}
REPORTS = {
    "harian": _report("daily"),
    "mingguan": _report("weekly"),
    "bulanan": _report("monthly"),
    "hari-kerja": _report("daily", calendar="pabrik", workdays_only=True),
    "malam": _report("daily", calendar="pabrik", shift="malam", when_empty="skip"),
}
CRONS = {Cadence.DAILY: "0 7 * * *", Cadence.WEEKLY: "5 7 * * 1", Cadence.MONTHLY: "10 7 1 * *"}


@dataclass
class Calm:
    """Which runs go wrong, and how: here none does."""

    down: Sequence[tuple[datetime, datetime]] = ()
    """While these last nothing runs; what fell due then is not made up for by the scheduler."""
    late: Sequence[tuple[datetime, datetime]] = ()
    """While these last nothing runs, and what fell due then is begun as soon as they are over."""
    chance: random.Random | None = None
    """Of killed and doubled runs; without it none is."""

    def begins(self, due: datetime) -> datetime | None:
        """When the run that is due then begins; None for never."""
        if any(begin <= due < end for begin, end in self.down):
            return None
        return next((end for begin, end in self.late if begin <= due < end), due)

    def fate(self) -> str:
        """What becomes of a run."""
        fates = {"done": 80, "doubled": 8, "killed, and run again": 6, "killed behind its commit": 5, "killed": 1}
        return "done" if self.chance is None else self.chance.choices(list(fates), list(fates.values()))[0]


@dataclass
class Year:
    """A plant's reports from `start` on, run by run."""

    store: Store
    zone: str
    start: datetime
    only: Sequence[str] = tuple(REPORTS)
    to: Sequence[str] = ("semua",)
    clock: FrozenClock = field(default_factory=FrozenClock)
    expected: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Reports and slots whose run has come through."""
    lost: set[tuple[str, str]] = field(default_factory=set)
    told: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock.now = self.start
        self.settings = Settings(
            timezone=self.zone, **{f"rekap_{cadence}_cron": cron for cadence, cron in CRONS.items()}
        )
        reports = {name: {**REPORTS[name], "recipients": self.to} for name in self.only}
        apply_catalog(self.store, Catalog.model_validate({**CATALOG, "reports": reports}), clock=self.clock)
        self.catalog = load_catalog(self.store)
        self.look()

    def go(self, until: datetime, calm: Calm, look_every: timedelta) -> None:
        """Everything that happens until then, in the order of time."""
        runs = [
            (calm.begins(due), due, cadence)
            for cadence, cron in CRONS.items()
            for due in times_between(cron, self.zone, self.start, until)
        ]
        happens = sorted((begin, due, cadence) for begin, due, cadence in runs if begin is not None)
        self.lost |= {key for begin, due, cadence in runs if begin is None for key in self._keys(due, cadence)}
        looks = self.start
        for begin, due, cadence in happens:
            while (looks := looks + look_every) < begin:
                if calm.begins(looks) == looks:
                    self.clock.now = looks
                    self.look()
            looks -= look_every
            self.clock.now = begin
            self.run(due, cadence, calm.fate())
        self.clock.now = until + timedelta(hours=1)
        self.look()

    def run(self, due: datetime, cadence: Cadence, fate: str) -> None:
        """One run of the schedule, whatever becomes of it."""
        match fate:
            case "killed":
                self.lost |= set(self._keys(due, cadence))
            case "doubled":
                self._make(due, cadence)
                self._make(due, cadence)
            case "killed behind its commit":
                self._make(due, cadence, only_first=True)
                self._make(due, cadence)
            case _:
                self._make(due, cadence)

    def look(self) -> None:
        """The watch looks, twice at once."""
        for _ in range(2):
            self.told += [found.key for found in tell_of_missed(self.store, self.settings, self.clock)]

    def _keys(self, due: datetime, cadence: Cadence) -> list[tuple[str, str]]:
        [jobs] = plan(self.catalog, Asked(cadence), self.zone, due, due)
        return [(job.name, job.slot.key) for job in jobs if not job.left_out]

    def _make(self, due: datetime, cadence: Cadence, *, only_first: bool = False) -> None:
        [jobs] = plan(self.catalog, Asked(cadence), self.zone, self.clock(), due)
        for job in jobs[: 1 if only_first else None]:
            if job.left_out:
                with self.store.writing() as connection:
                    note(connection, job, Outcome.LEFT_OUT, self.clock(), None)
                continue
            data = EMPTY if job.name == "malam" and job.slot.first_day.weekday() == 2 else ROWS
            messages = compose(job, data, now=self.clock(), group_ids={}, flow_run_id=f"{due}")
            enqueue_report(self.store, job, messages, f"{due}", clock=self.clock)
            if messages:
                self.expected[job.name, job.slot.key] += 1

    def rows(self) -> Counter[tuple[str, str, str]]:
        """How many messages there are of each report, slot and chat."""
        c = wa_outbox.c
        with self.store.reading() as connection:
            return Counter(connection.execute(select(c.report, c.slot, c.chat).where(c.report.is_not(None))).tuples())

    def check(self) -> None:
        """Every slot of every report exactly once to everybody, or told of as missed exactly once."""
        rows = self.rows()
        twice = [key for key, count in rows.items() if count != 1]
        assert not twice, f"more than once: {twice[:5]}"
        assert {key[:2] for key in rows} == set(self.expected), "other slots than those that were run"
        people = 2 if "semua" in self.to else 1
        assert len(rows) == people * len(self.expected), "somebody got no message"
        missed = self.lost - set(self.expected)
        assert Counter(self.told) == Counter(missed), f"told: {set(self.told) ^ missed}"

    def slots(self, report: str) -> list[str]:
        """The slots of a report that are accounted for: sent, empty or missed."""
        of = report_slots.c.report == report
        with self.store.reading() as connection:
            return sorted(connection.execute(select(report_slots.c.slot).where(of)).scalars())


def main() -> None:
    """Simulate some years and say what came of them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--years", type=int, default=4)
    parser.add_argument("--zone", default="Asia/Jakarta")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    start = datetime(2028, 1, 1, tzinfo=UTC)
    until = start + timedelta(days=365 * asked.years + 1)
    with tempfile.TemporaryDirectory() as folder, Store.open(f"sqlite+pysqlite:///{Path(folder)}/wa.db") as store:
        migrate(store)
        moments = sorted(start + timedelta(hours=chance.randrange(24 * 365 * asked.years)) for _ in range(20))
        outages = [(at, at + timedelta(hours=chance.randrange(1, 80))) for at in moments]
        year = Year(store, asked.zone, start)
        year.go(until, Calm(outages[::2], outages[1::2], chance), timedelta(hours=6))
        year.check()
        print(f"{len(year.expected)} slots sent once each, {len(year.told)} missed and told of once each")  # noqa: T201


if __name__ == "__main__":
    main()
