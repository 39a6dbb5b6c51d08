"""A report for a slot, and which reports a slot has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, cast
from zoneinfo import ZoneInfo

from wa_integrasi.catalog.fields import Language
from wa_integrasi.catalog.models import Catalog, ChatTemplate, Report
from wa_integrasi.catalog.rules import missing
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import utc_now
from wa_integrasi.commands.grammar import Value, bound
from wa_integrasi.reporting.parameters import AS_OF, as_of_said, mark_of, values_of
from wa_integrasi.reporting.people import Addressee, addressees
from wa_integrasi.settings import load_settings
from wa_integrasi.slot import Cadence, Slot, Span
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.text.locale import Locale

LOCALES = {"id": "id_ID", "en": "en_GB"}
"""What a language is written like."""


class ReportError(Exception):
    """A report cannot be made. Its message names the report and is fit for logs: no rows, no numbers of people."""


@dataclass(frozen=True)
class ReportJob:
    """One report for one slot, with everything from the catalog that it takes to make it."""

    name: str
    report: Report
    template: ChatTemplate
    slot: Slot | Span
    catalog: Catalog
    chosen: Mapping[str, Value] = field(default_factory=dict)
    """What somebody chose of its parameters."""
    chosen_as_of: datetime | None = None
    """As of when it is to speak, where somebody said so."""
    left_out: str = ""
    """Why its calendar leaves it out; empty where it does not."""
    not_before: datetime | None = None
    """Its calendar sends it on that day."""
    force: bool = False
    """Made anew, as a correction, though it was sent before."""
    dry_run: bool = False
    """Made and shown, and not enqueued."""

    @cached_property
    def parameters(self) -> Mapping[str, Value]:
        """The values of its parameters: what was chosen, else their defaults."""
        return {**values_of(self.report, {}, self.slot, self.template.language), **self.chosen}

    @property
    def as_of(self) -> datetime:
        """As of when it speaks."""
        return self.chosen_as_of or self.slot.end

    @property
    def binds(self) -> dict[str, int | float | str | None]:
        """The bound parameters of its queries."""
        as_of = {
            "as_of": self.as_of.astimezone(UTC).isoformat(timespec="seconds"),
            "as_of_date": (self.as_of.astimezone(ZoneInfo(self.slot.zone)) - timedelta.resolution).date().isoformat(),
        }
        return {**self.slot.binds, **as_of, **bound(self.parameters, self.slot.zone)}

    @property
    def before(self) -> ReportJob | None:
        """The same for the period before; a span has none (see `wa_integrasi.reporting.recaps`)."""
        if isinstance(self.slot, Span):
            return None
        return replace(self, slot=self.slot.previous, chosen_as_of=None)

    @property
    def key(self) -> str:
        """What it is for in dedupe keys: the slot, and what was chosen where that is not what a schedule would."""
        as_of = None if self.as_of == self.slot.end else self.as_of.astimezone(UTC)
        if self.parameters == replace(self, chosen={}).parameters and as_of is None:
            return f"{self.name}:{self.slot.key}"
        return f"{self.name}:{self.slot.key}+{mark_of(self.parameters, as_of)}"

    def template_for(self, language: str) -> ChatTemplate:
        """The chat template for who reads a language."""
        named = self.report.templates.get(cast(Language, language))
        return self.catalog.chat_templates[named] if named else self.template

    def addressees(self, group_ids: Mapping[str, str]) -> list[Addressee]:
        """Everybody who receives it, each chat once. Raises `GroupUnresolvedError`."""
        return addressees(self.catalog, self.report.recipients, group_ids, self.slot.zone)

    def owner(self) -> Addressee:
        """Who is told when it goes wrong."""
        return Addressee.of(self.catalog.contacts[self.report.owner], self.slot.zone)

    @property
    def locale(self) -> Locale:
        """How the report's files write numbers and dates, and its text where there is one for all."""
        return self.locale_of(self.template)

    def locale_of(self, template: ChatTemplate) -> Locale:
        """How one of its texts writes numbers and dates."""
        return Locale(LOCALES[template.language], self.slot.zone)

    @property
    def label(self) -> str:
        """The slot as its readers call it."""
        return slot_label(self.slot, self.locale)


def plan_reports(
    cadence: str, day: str = "", only: Sequence[str] = (), given: Mapping[str, Any] | None = None
) -> list[ReportJob]:
    """The reports of the environment's store to make now, for the slot that `day` lies in or the one just ended.

    `given` are parameters, by name, which each of the reports must have.

    Raises `ReportError`, `SettingsError`, `StoreError`.
    """
    catalog, zone = environment()
    jobs = due_reports(catalog, slot_of(Cadence(cadence), day, zone, utc_now()), only)
    return [with_parameters(job, given) for job in jobs] if given else jobs


def slot_of(cadence: Cadence, day: str, zone: str, now: datetime) -> Slot:
    """The slot that `day` (2026-11-19) lies in; without a day the last that was over at `now`. Raises `ReportError`."""
    return Slot.containing(day_of("slot", day), cadence, zone) if day else Slot.ended(now, cadence, zone)


def due_reports(catalog: Catalog, slot: Slot, only: Sequence[str] = ()) -> list[ReportJob]:
    """The enabled reports of the slot's cadence; with `only`, just those, enabled or not. Raises `ReportError`."""
    of_cadence = {name: report for name, report in catalog.reports.items() if report.cadence == slot.cadence}
    if unknown := [name for name in only if name not in of_cadence]:
        raise ReportError(missing(f"{slot.cadence} report", ", ".join(unknown), of_cadence))
    chosen = dict.fromkeys(only) or [name for name, report in of_cadence.items() if report.enabled]
    return [_job(catalog, name, of_cadence[name], slot) for name in chosen]


def with_parameters(job: ReportJob, given: Mapping[str, Any]) -> ReportJob:
    """A report with what was chosen of its parameters; `as_of` is one that each has. Raises `ReportError`."""
    own = {name: value for name, value in given.items() if name != AS_OF and value is not None}
    try:
        as_of = as_of_said(given[AS_OF], job.slot.zone) if given.get(AS_OF) is not None else None
        values = values_of(job.report, own, job.slot, job.template.language)
    except ValueError as error:
        raise ReportError(f"report {job.name}: {error}") from None
    return replace(job, chosen={name: values[name] for name in own}, chosen_as_of=as_of)


def slot_label(slot: Slot | Span, locale: Locale) -> str:
    """The slot as people read it: `Kamis, 19 November 2026`, `16 November 2026 – 22 November 2026`, `November 2026`.

    Of a span, when it ends: `Kamis, 19 November 2026 10.00 WIB`.
    """
    if isinstance(slot, Span):
        return locale.datetime(slot.end)
    match slot.cadence:
        case Cadence.DAILY:
            day = locale.date(slot.first_day, "full")
            return day if slot.shift is None else f"{day}, shift {slot.shift.name} {slot.shift.hours}"
        case Cadence.WEEKLY:
            return f"{locale.date(slot.first_day)} – {locale.date(slot.next_day - timedelta(days=1))}"
        case Cadence.MONTHLY:
            return locale.date(slot.first_day, "MMMM yyyy")


def environment() -> tuple[Catalog, str]:
    """The catalog of the environment's store, and the business zone. Raises `SettingsError`, `StoreError`."""
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        check_revision(store)
        return load_catalog(store), settings.timezone


def _job(catalog: Catalog, name: str, report: Report, slot: Slot) -> ReportJob:
    if report.shift and report.calendar:
        slot = replace(slot, shift=catalog.calendars[report.calendar].shift(report.shift))
    return ReportJob(name, report, catalog.chat_templates[report.template], slot, catalog)


def day_of(option: str, text: str) -> date:
    """The day that somebody chose. Raises `ReportError`."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not 2000 <= found.year <= 2100:
        raise ReportError(f"{option}: found {text[:40]!r}, must be a day such as 2026-11-19")
    return found
