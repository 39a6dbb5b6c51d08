"""`wa report`: list, look at, and run reports."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, cast

import typer

from deployments.commands.output import AsJson, listing, moment
from deployments.register import check_prefect
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import utc_now
from wa_integrasi.composing import compose_all, text_limit
from wa_integrasi.content import dump_content
from wa_integrasi.reporting import ReportError, compose, plan_reports, slot_of
from wa_integrasi.settings import load_settings
from wa_integrasi.slot import Cadence
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

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
        }
        for name, report in _catalog().reports.items()
    ]
    listing(rows, as_json=as_json, empty="no reports: 'wa catalog apply FILE' adds some")


@app.command()
def preview(name: Name, slot: Day = "") -> None:
    """Make a report of real rows and print it; nothing is enqueued."""
    from blocks.sources import load_source

    cadence = _cadence(name)
    ends = _ends(cadence, slot)
    [job] = plan_reports(cadence, slot, [name])
    asyncio.run(check_prefect())
    rows = load_source(job.report.source).query(job.report.query, job.slot.binds)
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        limit = text_limit(store, job.report.account)
        capped = rows.capped(job.report.max_rows)
        messages = compose(job, capped, now=utc_now(), group_ids=settings.group_ids, text_limit=limit)
        composed = compose_all(store, messages)
    for message in composed.messages:
        typer.echo(f"── to {message.recipient.masked}, part {message.part}/{message.parts}")
        typer.echo(f"{dump_content(message.content)}\n")
    for error in composed.refused:
        typer.echo(f"would be refused: {error}")
    if ends is not None:
        typer.echo(f"{job.slot.key} ends at {ends}: until then rows may be missing, and it cannot be run")
    typer.echo(f"{len(composed.messages)} messages for {job.slot.key}, none enqueued")


@app.command()
def run(name: Name, slot: Day = "") -> None:
    """Run a report now, in this process; what was sent for its slot before is not sent again."""
    cadence = _cadence(name)
    if ends := _ends(cadence, slot):
        raise typer.BadParameter(f"--slot: {slot} is in a period that ends at {ends}; choose one that is over")

    from prefect import State

    from flows.rekap import rekap

    async def run_flow() -> State[Any]:
        await check_prefect()
        return await rekap(cast(Any, cadence), slot, [name], return_state=True)

    state = asyncio.run(run_flow())
    if not state.is_completed():
        raise ReportError(f"{name}: {state.message or state.name}; the run's page in the Prefect UI says more")
    typer.echo(f"{name}: done; 'wa outbox list --report {name}' shows its messages")


def _catalog() -> Catalog:
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        check_revision(store)
        return load_catalog(store)


def _ends(cadence: Cadence, day: str) -> str | None:
    """When the slot of a day will be over, in the business zone; None when it is."""
    zone, now = load_settings().timezone, utc_now()
    try:
        end = slot_of(cadence, day, zone, now).end
    except ReportError as error:
        raise typer.BadParameter(f"--{error}") from None
    return moment(end, zone) if end > now else None


def _cadence(name: str) -> Cadence:
    reports = _catalog().reports
    if name not in reports:
        raise ReportError(f"no report is called {name}; there are: {', '.join(sorted(reports)) or 'none'}")
    return Cadence(reports[name].cadence)
