"""`wa report`: list, look at, and run reports."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from deployments.commands.output import AsJson, listing, moment
from deployments.commands.previewing import Dark, Param, given_by, warn, written
from deployments.errors import NotThereError
from deployments.logs import errors_left_to_us
from deployments.register import check_prefect
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import utc_now
from wa_integrasi.composing import compose_all, files_of, text_limit
from wa_integrasi.content import Text, dump_content, media_of
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.outbox import NewMessage
from wa_integrasi.reporting import (
    CADENCE,
    Asked,
    Enclosures,
    Recap,
    ReportError,
    compose,
    enclose,
    plan_recaps,
    plan_reports,
    plan_run,
    read_data,
    slot_of,
    summarise,
)
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.slot import Cadence
from wa_integrasi.sources.base import SourceError
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.text.attachment import Attachment

if TYPE_CHECKING:
    from prefect import State

app = typer.Typer(no_args_is_help=True, help="Scheduled reports.")

Name = Annotated[str, typer.Argument(help="Name of the report in the catalog.")]
Day = Annotated[str, typer.Option("--slot", help="A day of the period, such as 2026-11-19; else the last that ended.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the reports of the catalog."""
    rows = [
        {
            "name": name,
            "title": report.title,
            "cadence": report.cadence,
            "enabled": "yes" if report.enabled else "no",
            "source": report.source,
            "recipients": ", ".join(report.recipients),
            "parameters": ", ".join(parameter.name for parameter in report.parameters),
        }
        for name, report in _catalog().reports.items()
    ]
    listing(rows, as_json=as_json, empty="no reports: 'wa catalog apply FILE' adds some")


@app.command()
def preview(
    name: Name,
    slot: Day = "",
    to: Annotated[str, typer.Option(help="Only for this contact or group of the catalog.")] = "",
    attachments: Annotated[
        Path | None, typer.Option(help="Folder to write the chart and the file of the report into.")
    ] = None,
    png: Annotated[
        Path | None, typer.Option(help="Picture to write: the messages of the first recipient as a phone shows them.")
    ] = None,
    dark: Dark = False,
    param: Param = None,
) -> None:
    """Make a report of real rows and print who would get what; nothing is enqueued."""
    from blocks.sources import ask_ai, load_source

    settings, now = load_settings(), utc_now()
    recap = _recap(name, slot)
    cadence = _cadence(name) if recap is None else None
    ends = _ends(cadence, slot) if cadence else None
    job = recap.job if recap else plan_reports(str(cadence), slot, [name], given_by(param))[0]
    if to:
        job = replace(job, report=job.report.model_copy(update={"recipients": (_known(job.catalog, to),)}))
    asyncio.run(check_prefect())
    try:
        data = read_data(job, load_source(job.report.source, job.report.source_kind))
    except SourceError as unread:
        raise ReportError(f"report {name}: {unread}") from unread
    if recap is not None:
        data = recap.with_previous(data)
    enclosures = enclose(job, data, now)
    asked = job.report.summary.source if job.report.summary else ""
    summaries = asyncio.run(summarise(job, data, ask_ai(asked), now))
    with (
        Store.open(settings.database_url.get_secret_value(), create=False) as store,
        TemporaryDirectory(prefix="wa-preview-") as folder,
    ):
        messages = compose(
            job,
            data,
            now=now,
            group_ids=settings.group_ids,
            text_limit=text_limit(store, job.report.account),
            enclosed=enclosures.contents(job, OutgoingFiles(Path(folder))),
            summaries=summaries.texts,
        )
        composed = compose_all(store, messages, links=files_of(settings).links is not None)
    _show_messages(composed.messages, enclosures)
    warn(dict.fromkeys(each.content.body for each in composed.messages if isinstance(each.content, Text)))
    for error in composed.refused:
        typer.echo(f"would be refused: {error}")
    for problem in (*summaries.problems, *enclosures.problems):
        typer.echo(f"would be left out: {problem}")
    for file in enclosures.files if attachments else ():
        place = cast(Path, attachments) / file.name
        typer.echo(f"written: {written('--attachments', place, file.content)}")
    if png is not None and composed.messages:
        chat = composed.messages[0].recipient.chat
        seen = [message for message in composed.messages if message.recipient.chat == chat]
        typer.echo(f"written: {written('--png', png, _pictured(seen, enclosures, dark))}")
    if ends is not None:
        typer.echo(f"{job.slot.key} ends at {ends}: until then rows may be missing, and it cannot be run")
    people = len({message.recipient.chat for message in composed.messages})
    count = len(composed.messages)
    typer.echo(
        f"{count} {'message' if count == 1 else 'messages'} to {people} {'recipient' if people == 1 else 'recipients'} "
        f"for {job.slot.key} by the account {job.report.account}, none enqueued"
    )


def _show_messages(messages: Sequence[NewMessage], enclosures: Enclosures) -> None:
    for message in messages:
        typer.echo(f"── to {message.recipient.masked}, part {message.part}/{message.parts}")
        media, file = media_of(message.content), _file_of(message, enclosures)
        if media is None or file is None:
            typer.echo(f"{dump_content(message.content)}\n")
        else:
            typer.echo(f"[{media.type}: {file.name}, {len(file.content):,} bytes] {media.caption}\n")


def _file_of(message: NewMessage, enclosures: Enclosures) -> Attachment | None:
    media = media_of(message.content)
    named = (file for file in enclosures.files if media and hashlib.sha256(file.content).hexdigest() == media.file)
    return next(named, None)


def _pictured(messages: Sequence[NewMessage], enclosures: Enclosures, dark: bool) -> bytes:
    from wa_integrasi.text.phone import Bubble, phone_picture

    bubbles = []
    for message in messages:
        media, file = media_of(message.content), _file_of(message, enclosures)
        if media is None or file is None:
            bubbles.append(Bubble(dump_content(message.content)))
        elif media.type == "image":
            bubbles.append(Bubble(media.caption, picture=file.content))
        else:
            bubbles.append(Bubble(media.caption, file=file.name))
    return phone_picture(bubbles, dark=dark)


def _known(catalog: Catalog, to: str) -> str:
    if to not in catalog.contacts and to not in catalog.groups:
        raise NotThereError.of("contact or group", to, [*catalog.contacts, *catalog.groups])
    return to


@app.command()
def run(
    name: Name,
    slot: Day = "",
    until: Annotated[
        str, typer.Option(help="A day of the last period, with --slot of the first: one after the other, 62 at most.")
    ] = "",
    as_of: Annotated[str, typer.Option(help="Send what would have been sent then, such as 2026-11-19T07:00.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Again, as a correction, though it was sent or is left out.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Make it, show it in Prefect, enqueue nothing.")] = False,
    param: Param = None,
) -> None:
    """Run a report now, in this process; what was sent for its slot and parameters before is not sent again.

    One of the cadence task_delivery is told of what has happened since it was last told, also when nothing has changed.
    """
    recap = _recap(name, slot)
    cadence = _cadence(name) if recap is None else None
    for option, day in (("--slot", slot), ("--until", until)):
        if cadence and (ends := _ends(cadence, day, option)):
            raise typer.BadParameter(f"{option}: {day} is in a period that ends at {ends}; choose one that is over")

    given = given_by(param)
    if cadence:
        try:
            plan_run(Asked(cadence, slot, until, [name], as_of, force, dry_run, given))
        except ReportError as error:
            raise typer.BadParameter(str(error)) from None

    from flows.rekap import rekap
    from flows.task_delivery import task_delivery

    async def run_flow() -> State[Any]:
        await check_prefect()
        if recap is not None:
            return await task_delivery([name], force=True, return_state=True)
        chosen = (slot, until, [name], as_of, force, dry_run, given)
        return await rekap(cast(Any, cadence), *chosen, return_state=True)

    with errors_left_to_us():
        state = asyncio.run(run_flow())
    if not state.is_completed():
        raise ReportError(asyncio.run(_cause(name, state)))
    if dry_run:
        typer.echo(f"{name}: done, nothing enqueued; the artifact rekap-{name} in the Prefect UI shows it")
    else:
        typer.echo(f"{name}: done; 'wa outbox list --report {name}' shows its messages")


async def _cause(name: str, state: State[Any]) -> str:
    """Why a run did not end well: the flow's own word, or what it met before it had one."""
    from prefect.exceptions import FailedRun

    error = await state.aresult(raise_on_failure=False)
    if error is None or isinstance(error, FailedRun):
        return state.message or f"{name}: the run is {state.name}"
    if isinstance(error, ReportError | SettingsError | StoreError):
        return f"{name}: {error}"
    return f"{name}: the run is {state.name}, {type(error).__name__}; its page in the Prefect UI says more"


def _catalog() -> Catalog:
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        return load_catalog(store)


def _ends(cadence: Cadence, day: str, option: str = "--slot") -> str | None:
    """When the slot of a day will be over, in the business zone; None when it is."""
    zone, now = load_settings().timezone, utc_now()
    try:
        end = slot_of(cadence, day, zone, now).end
    except ReportError as error:
        raise typer.BadParameter(str(error).replace("slot:", f"{option}:", 1)) from None
    return moment(end, zone) if end > now else None


def _recap(name: str, slot: str) -> Recap | None:
    """A report of the cadence task_delivery, with what was last told of it; None for the others."""
    report = _catalog().reports.get(name)
    if report is None or report.cadence != CADENCE:
        return None
    if slot:
        raise typer.BadParameter(f"--slot: {name} is told of what has happened since it was last told")
    return plan_recaps([name], forced=True)[0]


def _cadence(name: str) -> Cadence:
    reports = _catalog().reports
    if name not in reports:
        raise NotThereError.of("report", name, reports)
    return Cadence(reports[name].cadence)
