"""A report for one slot: which ones are due, who receives them, and the messages their rows become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from wa_integrasi.catalog.models import Catalog, ChatTemplate, Contact, GroupUnresolvedError, Report
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import utc_now
from wa_integrasi.content import TEXT_LIMIT, Text
from wa_integrasi.outbox import NewMessage
from wa_integrasi.recipient import Recipient, RecipientError
from wa_integrasi.settings import load_settings
from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.sources.base import Rows
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.text.locale import Locale
from wa_integrasi.text.markup import bold
from wa_integrasi.text.split import split
from wa_integrasi.text.template import TemplateError, compile_template

LOCALES = {"id": "id_ID", "en": "en_GB"}
"""What a language is written like."""
_NOTHING = {"id": "NIHIL: tidak ada data untuk periode ini.", "en": "NIL: there are no data for this period."}
_CUT = {"id": "hanya {} baris pertama yang ditampilkan", "en": "only the first {} rows are shown"}


class ReportError(Exception):
    """A report cannot be made. Its message names the report and is fit for logs: no rows, no numbers of people."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """One who receives a report: a chat, and what a template may call them."""

    recipient: Recipient
    name: str
    salutation: str = ""
    language: str = "id"


@dataclass(frozen=True)
class ReportJob:
    """One report for one slot, with everything from the catalog that it takes to make it."""

    name: str
    report: Report
    template: ChatTemplate
    slot: Slot
    catalog: Catalog

    def addressees(self, group_ids: Mapping[str, str]) -> list[Addressee]:
        """Everybody who receives it, each chat once. Raises `GroupUnresolvedError`."""
        return addressees(self.catalog, self.report.recipients, group_ids)

    def owner(self) -> Addressee:
        """Who is told when it goes wrong."""
        return _person(self.catalog.contacts[self.report.owner])


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


def compose(
    job: ReportJob,
    rows: Rows,
    *,
    now: datetime,
    group_ids: Mapping[str, str],
    flow_run_id: str | None = None,
    text_limit: int = TEXT_LIMIT,
) -> list[NewMessage]:
    """The messages of a report: one text for each addressee, in parts where it is longer than the channel's limit.

    Raises `ReportError` when the template and the rows do not fit, or a group's id is not known.
    """
    report = job.report
    try:
        to = job.addressees(group_ids)
    except GroupUnresolvedError as error:
        raise ReportError(f"report {job.name}: {error}") from None
    if not rows.values and report.when_empty == "skip":
        return []
    if not rows.values and report.when_empty == "alert":
        to = [job.owner()]
    messages = []
    for addressee in to:
        parts = split(report_text(job, rows, addressee, now), text_limit)
        for number, part in enumerate(parts, 1):
            messages.append(
                NewMessage(
                    addressee.recipient,
                    Text(body=part),
                    dedupe_key=f"{job.name}:{job.slot.key}:{addressee.recipient.chat}:{number}",
                    account=report.account,
                    report=job.name,
                    slot=job.slot.key,
                    part=number,
                    parts=len(parts),
                    flow_run_id=flow_run_id,
                )
            )
    return messages


def addressees(catalog: Catalog, names: Sequence[str], group_ids: Mapping[str, str]) -> list[Addressee]:
    """Everybody whom contacts and groups stand for, each chat once. Raises `GroupUnresolvedError`."""
    found: dict[str, Addressee] = {}
    for name in names:
        for addressee in _resolve(catalog, name, group_ids):
            found.setdefault(addressee.recipient.chat, addressee)
    return list(found.values())


def recipients_of(store: Store, name: str, group_ids: Mapping[str, str]) -> list[Recipient]:
    """Whom a number, a chat id or a name of the catalog means; a distribution list means each of its members.

    Raises `RecipientError`.
    """
    try:
        return [Recipient.parse(name)]
    except RecipientError as error:
        reason = error
    catalog = load_catalog(store)
    if name not in catalog.contacts and name not in catalog.groups:
        raise RecipientError(f"{reason}, and no contact or group of the catalog is called so")
    try:
        return [addressee.recipient for addressee in addressees(catalog, [name], group_ids)]
    except GroupUnresolvedError as error:
        raise RecipientError(str(error)) from None


def _resolve(catalog: Catalog, name: str, group_ids: Mapping[str, str]) -> list[Addressee]:
    if name in catalog.contacts:
        return [_person(catalog.contacts[name])]
    group = catalog.groups[name]
    if chat := group.chat(name, group_ids):
        return [Addressee(Recipient.of_chat(chat), name)]
    return [_person(catalog.contacts[member]) for member in group.members]


def _person(contact: Contact) -> Addressee:
    return Addressee(Recipient.of_chat(contact.phone), contact.display_name, contact.salutation, contact.language)


def report_text(job: ReportJob, rows: Rows, addressee: Addressee, now: datetime) -> str:
    """What a report says to one addressee, however long it is. Raises `ReportError`."""
    language = job.template.language
    locale = Locale(LOCALES[language], job.slot.zone)
    label = slot_label(job.slot, locale)
    if not rows.values:
        return f"{bold(job.report.title)}\n{label}\n\n{_NOTHING[language]}"
    context = {
        "rows": rows.as_dicts(),
        "report": {"name": job.name, "title": job.report.title, "description": job.report.description},
        "slot": {"name": job.slot.key, "start": job.slot.start, "end": job.slot.end, "label": label},
        "now": now,
        "recipient": {
            "name": addressee.name,
            "salutation": addressee.salutation,
            "language": addressee.language,
        },
    }
    try:
        body = compile_template(job.template.body).render(context, locale).strip()
    except TemplateError as error:
        raise ReportError(f"report {job.name}, template {job.report.template}: {error}") from None
    if not body:
        raise ReportError(f"report {job.name}, template {job.report.template}: it gave an empty message")
    if rows.truncated:
        body += f"\n{cut_note(language, len(rows.values))}"
    return body


def cut_note(language: str, shown: int) -> str:
    """That there are more rows than are `shown`."""
    return f"_… {_CUT[language].format(shown)}_"


def slot_label(slot: Slot, locale: Locale) -> str:
    """The slot as people read it: `Kamis, 19 November 2026`, `16 November 2026 – 22 November 2026`, `November 2026`."""
    match slot.cadence:
        case Cadence.DAILY:
            return locale.date(slot.first_day, "full")
        case Cadence.WEEKLY:
            return f"{locale.date(slot.first_day)} – {locale.date(slot.next_day - timedelta(days=1))}"
        case Cadence.MONTHLY:
            return locale.date(slot.first_day, "MMMM yyyy")
