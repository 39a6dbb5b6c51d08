"""What a run is to make: which slots, in what order, and whether the calendars let their reports go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.clock import utc_now
from wa_integrasi.reporting.planning import (
    ReportError,
    ReportJob,
    day_of,
    due_reports,
    environment,
    slot_of,
    with_parameters,
)
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.slot import Cadence, Slot, Span

MOST_SLOTS = 62
"""Of one run: two months of days."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run was asked for; what is empty is left to the schedule."""

    cadence: Cadence
    slot: str = ""
    """A day of the first period; empty for the one that was over at `as_of`."""
    until: str = ""
    """A day of the last period."""
    only: Sequence[str] = ()
    as_of: str = ""
    """A day or a moment: the run is planned as if it were then."""
    force: bool = False
    dry_run: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What is chosen of the reports' parameters, by name; each of them must have them."""

    @property
    def by_hand(self) -> bool:
        """Whether somebody has chosen the period, so that the day of sending is their own choice too."""
        return bool(self.slot or self.as_of or self.force)


def plan_run(asked: Asked, scheduled: datetime | None = None) -> list[list[ReportJob]]:
    """What a run of the environment's store is to make: the reports of each slot, the oldest slot first.

    `scheduled` is when the run was due: one that begins late, after the machine was down, speaks of its own slot.
    Raises `ReportError`, `SettingsError`, `StoreError`.
    """
    catalog, zone = environment()
    return plan(catalog, asked, zone, utc_now(), scheduled)


def run_name(asked: Asked, scheduled: datetime | None = None) -> str:
    """What a run is called: `rekap daily 2026-11-19`; without its slots where these cannot be, which it says itself."""
    try:
        zone, now = load_settings().timezone, utc_now()
        slots = _slots(asked, zone, _as_of(asked, zone, now, scheduled), now)
    except (ReportError, SettingsError):
        slots = []
    keys = " – ".join(dict.fromkeys(slot.key for slot in (*slots[:1], *slots[-1:])))
    return " ".join(filter(None, ("rekap", str(asked.cadence), keys, "(dry run)" if asked.dry_run else "")))


def plan(
    catalog: Catalog, asked: Asked, zone: str, now: datetime, scheduled: datetime | None = None
) -> list[list[ReportJob]]:
    """As `plan_run`, of a given catalog at a given time. Raises `ReportError`."""
    at = _as_of(asked, zone, now, scheduled)
    slots = _slots(asked, zone, at, now)
    return [
        [_planned(_chosen(job, asked), asked, at, now) for job in due_reports(catalog, slot, asked.only)]
        for slot in slots
    ]


def scheduled_job(catalog: Catalog, name: str, slot: Slot, at: datetime) -> ReportJob:
    """A report as its schedule makes it at the moment `at`."""
    [job] = due_reports(catalog, slot, [name])
    return _planned(job, Asked(slot.cadence), at, at)


def _chosen(job: ReportJob, asked: Asked) -> ReportJob:
    return with_parameters(job, asked.parameters) if asked.parameters else job


def _planned(job: ReportJob, asked: Asked, at: datetime, now: datetime) -> ReportJob:
    """The job as its calendar has it; a shift that is not over yet is that of the day before, unless it was named."""
    slot = job.slot
    if isinstance(slot, Span):
        return job
    if slot.end > at and not asked.slot:
        slot = slot.previous
    job = replace(job, slot=slot, force=asked.force, dry_run=asked.dry_run)
    if slot.end > now:
        return replace(job, left_out=f"its shift ends at {slot.end:%Y-%m-%d %H:%M}")
    if job.report.calendar is None or asked.force:
        return job
    calendar, report = job.catalog.calendars[job.report.calendar], job.report
    if report.workdays_only and (name := calendar.day_off(slot.first_day)):
        return replace(job, left_out=f"{slot.first_day} is a day off: {name}")
    local = at.astimezone(ZoneInfo(slot.zone))
    name = "" if asked.by_hand or report.on_holiday == "send" else calendar.day_off(local.date())
    if name and report.on_holiday == "skip":
        return replace(job, left_out=f"it would go out on {local.date()}, a day off: {name}")
    if name:
        workday = calendar.next_workday(local.date())
        return replace(job, not_before=local.replace(year=workday.year, month=workday.month, day=workday.day))
    return job


def _slots(asked: Asked, zone: str, at: datetime, now: datetime) -> list[Slot]:
    if asked.slot and asked.as_of:
        raise ReportError("slot and as_of: found both, must be one of them")
    if asked.until and not asked.slot:
        raise ReportError("until: found it without a slot to begin with, must be given together with slot")
    first = slot_of(asked.cadence, asked.slot, zone, at)
    last = Slot.containing(day_of("until", asked.until), asked.cadence, zone) if asked.until else first
    if last.first_day < first.first_day:
        raise ReportError(f"until: found {last.key}, must not be before slot, {first.key}")
    if last.end > now:
        raise ReportError(f"slot: {last.key} ends at {last.end:%Y-%m-%d %H:%M}; choose one that is over")
    found = [first]
    while found[-1] != last:
        if len(found) == MOST_SLOTS:
            raise ReportError(f"until: found {last.key}, must be at most {MOST_SLOTS} periods from slot, {first.key}")
        found.append(found[-1].following)
    return found


def _as_of(asked: Asked, zone: str, now: datetime, scheduled: datetime | None) -> datetime:
    return _moment_of(asked.as_of, zone, now) if asked.as_of else min(scheduled or now, now)


def _moment_of(text: str, zone: str, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min.replace(tzinfo=UTC)
    if not 2000 <= found.year <= 2100:
        raise ReportError(f"as_of: found {text[:40]!r}, must be a day or a moment such as 2026-11-19T07:00")
    at = (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    if at > now:
        raise ReportError(f"as_of: found {text[:40]!r}, must not lie in the future")
    return at
