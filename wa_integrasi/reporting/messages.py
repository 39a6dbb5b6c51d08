"""The messages that a report's rows become."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from wa_integrasi.catalog.people import GroupUnresolvedError
from wa_integrasi.commands.showing import for_template
from wa_integrasi.content import TEXT_LIMIT, Content, Text, media_of
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage
from wa_integrasi.reporting.cutting import cut_note, with_cut
from wa_integrasi.reporting.data import ReportData
from wa_integrasi.reporting.people import Addressee
from wa_integrasi.reporting.planning import ReportError, ReportJob, slot_label
from wa_integrasi.sources.base import Rows
from wa_integrasi.text.markup import bold, escape
from wa_integrasi.text.split import split
from wa_integrasi.text.template import ChatTemplate as Compiled
from wa_integrasi.text.template import TemplateError, compile_template

_NOTHING = {"id": "NIHIL: tidak ada data untuk periode ini.", "en": "NIL: there are no data for this period."}
_CORRECTION = {
    "id": "_Koreksi: menggantikan rekap yang sudah dikirim untuk periode ini._",
    "en": "_Correction: this replaces the report that was sent for this period._",
}
_SUMMARY = {"id": "Ringkasan AI:", "en": "AI summary:"}


def compose(
    job: ReportJob,
    data: ReportData,
    *,
    now: datetime,
    group_ids: Mapping[str, str],
    flow_run_id: str | None = None,
    text_limit: int = TEXT_LIMIT,
    enclosed: Sequence[Content] = (),
    subscribers: Sequence[Addressee] = (),
    summaries: Mapping[str, str] | None = None,
    corrected: Collection[str] = (),
) -> list[NewMessage]:
    """The messages of a report: one text for each addressee, in parts where it is longer than the channel's limit.

    What is `enclosed` follows the text as parts of its own. `subscribers` who are no addressees get it, too.
    `summaries` are what an AI says of it, by language. A forced report is a message of its own beside the one that was
    sent before, and says that it corrects it in the chats that are `corrected`.

    Raises `ReportError` when the template and the rows do not fit, or a group's id is not known.
    """
    report = job.report
    try:
        to = job.addressees(group_ids)
    except GroupUnresolvedError as error:
        raise ReportError(f"report {job.name}: {error}") from None
    known = {addressee.recipient.chat for addressee in to}
    to += [each for each in subscribers if each.recipient.chat not in known]
    if not data.rows.values and report.when_empty == "skip":
        return []
    if not data.rows.values and report.when_empty == "alert":
        to = [job.owner()]
    messages = []
    again = f":again-{flow_run_id}" if job.force else ""
    attached = any((media := media_of(each)) and media.type == "document" for each in enclosed)
    for addressee in to:
        said = report_text(job, data, addressee, now, summaries, attached=attached)
        if addressee.recipient.chat in corrected:
            said = f"{_CORRECTION[job.template_for(addressee.language).language]}\n\n{said}"
        texts = split(said, text_limit)
        parts: list[Content] = [*(Text(body=part) for part in texts), *enclosed]
        for number, part in enumerate(parts, 1):
            messages.append(
                NewMessage(
                    addressee.recipient,
                    part,
                    dedupe_key=f"{job.key}:{addressee.recipient.chat}:{number}{again}",
                    account=report.account,
                    priority=_priority(job),
                    report=job.name,
                    slot=job.slot.key,
                    part=number,
                    parts=len(parts),
                    flow_run_id=flow_run_id,
                    not_before=job.not_before,
                    expires_at=_expiry(job, now),
                    send_hours=None if report.urgent else addressee.hours,
                )
            )
    return messages


def _priority(job: ReportJob) -> Priority:
    """What waits for a workday stands behind what goes today, so that it keeps nothing of the chat back."""
    if job.report.urgent:
        return Priority.REPLY
    return Priority.REPORT if job.not_before is None else Priority.BULK


def _expiry(job: ReportJob, now: datetime) -> datetime | None:
    hours = job.report.expires_h
    return None if hours is None else max(now, job.not_before or now) + timedelta(hours=hours)


def report_text(
    job: ReportJob,
    data: ReportData,
    addressee: Addressee,
    now: datetime,
    summaries: Mapping[str, str] | None = None,
    *,
    attached: bool = False,
) -> str:
    """What a report says to one addressee, however long it is; `attached` is its file. Raises `ReportError`."""
    template = job.template_for(addressee.language)
    summary = (summaries or {}).get(template.language, "")
    language, locale = template.language, job.locale_of(template)
    rows, label = data.rows, slot_label(job.slot, locale)
    if not rows.values:
        return f"{bold(job.report.title)}\n{label}\n\n{_NOTHING[language]}"
    name = job.report.templates.get(template.language, job.report.template)
    try:
        compiled = compile_template(template.body)
    except TemplateError as error:
        raise ReportError(f"report {job.name}, template {name}: {error}") from None
    whole = attached and not (data.every or rows).truncated
    cut = cut_note(rows, locale, others=_others(job, data, compiled), attached=whole)
    context = {
        "rows": rows.as_dicts(),
        "queries": {name: found.as_dicts() for name, found in data.queries.items()},
        "previous": data.previous.as_dicts(),
        "report": {"name": job.name, "title": job.report.title, "description": job.report.description},
        "slot": {"name": job.slot.key, "start": job.slot.start, "end": job.slot.end, "label": label},
        "now": now,
        "recipient": addressee.for_template(locale, now),
        "parameters": for_template(job.parameters, locale),
        "as_of": job.as_of,
        "summary": summary,
        "cut": cut,
    }
    try:
        body = compiled.render(context, locale).strip()
    except TemplateError as error:
        raise ReportError(f"report {job.name}, template {name}: {error}") from None
    if not body:
        raise ReportError(f"report {job.name}, template {name}: it gave an empty message")
    if summary and "summary" not in compiled.fields:
        body += f"\n\n{bold(_SUMMARY[language])} {escape(summary)}"
    return body if "cut" in compiled.fields else with_cut(body, cut)


def _others(job: ReportJob, data: ReportData, compiled: Compiled) -> Iterator[Rows]:
    """The rows besides those of its query that a text or its chart shows or counts."""
    if "previous" in compiled.fields:
        yield data.previous
    named = {read.path[1:2] for read in compiled.reads if read.path[0] == "queries"}
    drawn = job.report.chart.query if job.report.chart else ""
    for name, rows in data.queries.items():
        if named & {(name,), ()} or name == drawn:
            yield rows
