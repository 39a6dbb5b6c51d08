"""Which reports are due, and for what slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from wa_integrasi.catalog.models import Catalog, ChatTemplate, Report
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import utc_now
from wa_integrasi.reporting.people import Addressee, addressees, person
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

    def addressees(self, group_ids: Mapping[str, str]) -> list[Addressee]:
        """Everybody who receives it, each chat once. Raises `GroupUnresolvedError`."""
        return addressees(self.catalog, self.report.recipients, group_ids)

    def owner(self) -> Addressee:
        """Who is told when it goes wrong."""
        return person(self.catalog.contacts[self.report.owner])

    @property
    def locale(self) -> Locale:
        """How the report's text writes numbers and dates."""
        return Locale(LOCALES[self.template.language], self.slot.zone)

    @property
    def label(self) -> str:
        """The slot as its readers call it."""
        return slot_label(self.slot, self.locale)


def plan_reports(cadence: str, day: str = "", only: Sequence[str] = ()) -> list[ReportJob]:
    """The reports of the environment's store to make now, for the slot that `day` lies in or the one just ended.

    Raises `ReportError`, `SettingsError`, `StoreError`.
    """
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        check_revision(store)
        catalog = load_catalog(store)
    return due_reports(catalog, slot_of(Cadence(cadence), day, settings.timezone, utc_now()), only)


def slot_of(cadence: Cadence, day: str, zone: str, now: datetime) -> Slot:
    """The slot that `day` (2026-11-19) lies in; without a day the last that was over at `now`. Raises `ReportError`."""
    if not day:
        return Slot.ended(now, cadence, zone)
    try:
        found = date.fromisoformat(day)
    except ValueError:
        found = date.min
    if not 2000 <= found.year <= 2100:
        raise ReportError(f"slot: found {day[:40]!r}, must be a day such as 2026-11-19")
    return Slot.containing(found, cadence, zone)


def due_reports(catalog: Catalog, slot: Slot, only: Sequence[str] = ()) -> list[ReportJob]:
    """The enabled reports of the slot's cadence; with `only`, just those, enabled or not. Raises `ReportError`."""
    of_cadence = {name: report for name, report in catalog.reports.items() if report.cadence == slot.cadence}
    if unknown := [name for name in only if name not in of_cadence]:
        known = ", ".join(sorted(of_cadence)) or "none"
        raise ReportError(f"no {slot.cadence} report is called {', '.join(unknown)}; there are: {known}")
    chosen = only or [name for name, report in of_cadence.items() if report.enabled]
    return [
        ReportJob(name, of_cadence[name], catalog.chat_templates[of_cadence[name].template], slot, catalog)
        for name in chosen
    ]


def slot_label(slot: Slot | Span, locale: Locale) -> str:
    """The slot as people read it: `Kamis, 19 November 2026`, `16 November 2026 – 22 November 2026`, `November 2026`.

    Of a span, when it ends: `Kamis, 19 November 2026 10.00 WIB`.
    """
    if isinstance(slot, Span):
        return locale.datetime(slot.end)
    match slot.cadence:
        case Cadence.DAILY:
            return locale.date(slot.first_day, "full")
        case Cadence.WEEKLY:
            return f"{locale.date(slot.first_day)} – {locale.date(slot.next_day - timedelta(days=1))}"
        case Cadence.MONTHLY:
            return locale.date(slot.first_day, "MMMM yyyy")
