"""Reports that should have gone out and have not, whatever the reason: the scheduler was down, or a run failed.

What has gone out, had nothing to say or was left out by its calendar is noted in `report_slots`; what is not there and
was due is missed. Which slots were due follows from the schedules alone, so also those are found that fell into a time
in which nothing ran at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.content import Text
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.reporting.ledger import Outcome
from wa_integrasi.reporting.planning import LOCALES, ReportJob, slot_label
from wa_integrasi.reporting.runs import scheduled_job
from wa_integrasi.schedule import times_between
from wa_integrasi.settings import Settings
from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.store.bulk import bulk
from wa_integrasi.store.engine import Store, again_after_deadlock
from wa_integrasi.store.tables import report_slots, reports, watches
from wa_integrasi.text.locale import Locale
from wa_integrasi.text.markup import bold, escape, mono

LOOK_BACK = timedelta(days=35)
"""How far back it looks: a month and what belongs to it. What is older nobody wants to hear of any more."""

_WATCH = "missed"

_WORDS = {
    "id": {
        "one": "Rekap untuk {label} seharusnya sudah terkirim pada {due}, tetapi belum.",
        "many": "{count} rekap seharusnya sudah terkirim, tetapi belum: {first} sampai {last}.",
        "send": "Kirim sekarang:",
    },
    "en": {
        "one": "The report for {label} should have gone out at {due} and has not.",
        "many": "{count} reports should have gone out and have not: {first} to {last}.",
        "send": "Send now:",
    },
}


@dataclass(frozen=True, slots=True)
class Missed:
    """One report and slot that has not gone out, and when it was due."""

    job: ReportJob
    due: datetime

    @property
    def key(self) -> tuple[str, str]:
        """The report and the slot."""
        return self.job.name, self.job.slot.key


@dataclass(frozen=True, slots=True)
class Version:
    """A report as it was in the catalog for a time."""

    name: str
    definition: Mapping[str, Any]
    since: datetime
    until: datetime | None


def due_slots(
    catalog: Catalog,
    versions: Sequence[Version],
    schedules: Mapping[Cadence, str],
    zone: str,
    after: datetime,
    until: datetime,
) -> Iterator[Missed]:
    """Every report and slot that fell due behind `after` up to `until`, but for what a calendar left out.

    Of a report that is in the catalog now, and was in it, enabled, when it fell due.
    """
    seen: set[tuple[str, str]] = set()
    for cadence, cron in schedules.items():
        for due in times_between(cron, zone, after, until):
            slot = Slot.ended(due, cadence, zone)
            for name in _in_force(catalog, versions, cadence, due):
                found = Missed(scheduled_job(catalog, name, slot, due), due)
                if found.key not in seen and not found.job.left_out:
                    seen.add(found.key)
                    yield found


def tell_of_missed(store: Store, settings: Settings, clock: Clock = utc_now) -> list[Missed]:
    """Tell the owners of what was missed since the watch began, of each report and slot once; returns what was told.

    A notice and the note that it was told are one transaction. The first look only begins the watch.
    """
    now = clock()
    schedules = {
        Cadence.DAILY: settings.rekap_daily_cron,
        Cadence.WEEKLY: settings.rekap_weekly_cron,
        Cadence.MONTHLY: settings.rekap_monthly_cron,
    }
    after = max(_began(store, now), now - LOOK_BACK)
    until = now - timedelta(minutes=settings.missed_after_minutes)
    catalog = load_catalog(store)
    with store.reading() as connection:
        versions = _versions(connection, after, until)
        noted = _noted(connection, after - LOOK_BACK)
    due = due_slots(catalog, versions, schedules, settings.timezone, after, until)
    missed = [found for found in due if found.key not in noted]
    return again_after_deadlock(lambda: _tell(store, missed, clock)) if missed else []


def _in_force(catalog: Catalog, versions: Iterable[Version], cadence: Cadence, due: datetime) -> list[str]:
    names = []
    for version in versions:
        now, then = catalog.reports.get(version.name), version.definition
        was = version.since <= due and (version.until is None or due < version.until)
        if now and was and now.enabled and then.get("enabled", True) and now.cadence == then.get("cadence") == cadence:
            names.append(version.name)
    return names


def _began(store: Store, now: datetime) -> datetime:
    """Since when the watch looks: what fell due before it was there is not told of. Never in the future."""
    with store.writing() as connection:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(watches).values(name=_WATCH, since=now).on_conflict_do_nothing())
        ours = watches.c.name == _WATCH
        since: datetime = connection.execute(select(watches.c.since).where(ours)).scalar_one()
        if since > now:  # the clock was set back
            connection.execute(update(watches).where(ours).values(since=now))
        return min(since, now)


def _versions(connection: Connection, after: datetime, until: datetime) -> list[Version]:
    c = reports.c
    found = select(c.name, c.definition, c.created_at, c.retired_at).where(c.created_at <= until)
    found = found.where(c.retired_at.is_(None) | (c.retired_at > after)).order_by(c.name, c.version)
    return [Version(*row) for row in connection.execute(found).tuples()]


def _noted(connection: Connection, since: datetime) -> Collection[tuple[str, str]]:
    found = select(report_slots.c.report, report_slots.c.slot).where(report_slots.c.at > since)
    return set(connection.execute(found).tuples())


_TAKE = bulk(
    "INSERT INTO report_slots (report, slot, outcome, at) SELECT x.report, x.slot, :outcome, :now FROM {x} WHERE true "
    "ON CONFLICT (report, slot) DO NOTHING RETURNING report, slot",
    report="text",
    slot="text",
)
"""Whoever notes it tells of it: of two that look at once only one does."""


def _tell(store: Store, missed: Sequence[Missed], clock: Clock) -> list[Missed]:
    by_key = {found.key: found for found in missed}
    rows = [{"report": report, "slot": slot} for report, slot in sorted(by_key)]
    with store.writing() as connection:
        taken = set(_TAKE(connection, rows, outcome=Outcome.MISSED, now=clock()).tuples())
        told = sorted((by_key[key] for key in taken), key=lambda found: (found.job.name, found.due))
        notices = [_notice(list(group)) for _, group in groupby(told, key=lambda found: found.job.name)]
        Outbox(store, clock=clock).enqueue(notices, connection)
    return told


def _notice(missed: Sequence[Missed]) -> NewMessage:
    """One message of a report, with all its slots."""
    first, last = missed[0], missed[-1]
    job = first.job
    owner = job.owner()
    return NewMessage(
        owner.recipient,
        Text(body=_body(missed, owner.language)),
        dedupe_key=f"missed/{job.name}/{first.job.slot.key}/{last.job.slot.key}",
        account=job.report.account,
        priority=Priority.REPLY,
        send_hours=owner.hours,
    )


def _body(missed: Sequence[Missed], language: str) -> str:
    first, last = missed[0], missed[-1]
    words, locale = _WORDS[language], Locale(LOCALES[language], first.job.slot.zone)
    labels = [escape(slot_label(found.job.slot, locale)) for found in (first, last)]
    said = words["one" if len(missed) == 1 else "many"]
    what = said.format(
        label=labels[0], due=locale.datetime(first.due), count=len(missed), first=labels[0], last=labels[1]
    )
    since, until = (found.job.slot.binds["slot_date"] for found in (first, last))
    days = f"--slot {since}" + (f" --until {until}" if len(missed) > 1 else "")
    command = f"wa report run {first.job.name} {days}"
    return f"{bold(first.job.report.title)}\n{what}\n\n{words['send']}\n{mono(command)}"
