"""`wa messages`: the audit trail, what was billed, and how long messages took."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.progress import Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import Connection

from deployments.commands.output import AsJson, listing, moment
from deployments.errors import DeploymentError
from wa_integrasi.audit.billing import billed
from wa_integrasi.audit.export import Document, Documents, whole_file, write_csv, write_json
from wa_integrasi.audit.ledger import COLUMNS, Narrowed, Period, every, newest
from wa_integrasi.audit.sla import Figures, figures, quantiles
from wa_integrasi.message import Status
from wa_integrasi.recipient import Recipient, RecipientError
from wa_integrasi.settings import load_settings
from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.upkeep.archive import complete_from

app = typer.Typer(no_args_is_help=True, help="Every message that went out or came in.")


class Direction(StrEnum):
    """Which way a message went."""

    OUT = "out"
    IN = "in"


class Form(StrEnum):
    """How an export is written."""

    JSON = "json"
    CSV = "csv"


Stands = StrEnum("Stands", {"RECEIVED": "received", **{status.name: status.value for status in Status}})  # type: ignore[misc]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="From this day on.")]
LastDay = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="Up to this day, with it.")]
Which = Annotated[Direction | None, typer.Option(help="Only what went out, or what came in.")]
Account = Annotated[str | None, typer.Option(help="Only this account.")]
Chat = Annotated[str | None, typer.Option(help="Only this chat: a phone number, or the id of a group.")]
Status_ = Annotated[Stands | None, typer.Option(help="Only messages that stand here.")]
Report = Annotated[str | None, typer.Option(help="Only this report.")]


@app.command("list")
def list_(
    direction: Which = None,
    account: Account = None,
    chat: Chat = None,
    status: Status_ = None,
    report: Report = None,
    since: Day = None,
    until: LastDay = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List messages, newest first, with their numbers masked and without their text."""
    zone = load_settings().timezone
    narrowed = Narrowed(_period(since, until, zone), direction, account, _chat(chat), status, report)
    with _store() as store, store.reading() as connection:
        rows = newest(connection, narrowed, limit)
        if len(rows) < limit:
            _say_what_left(connection, narrowed.period.since, zone)
    documents = Documents(zone)
    listing([_shown(documents(row), row["created_at"], zone) for row in rows], as_json=as_json, empty="no messages")


@app.command()
def export(
    form: Annotated[Form, typer.Option("--format", help="How it is written.")] = Form.JSON,
    out: Annotated[Path | None, typer.Option(help="A file; else it is printed.", dir_okay=False)] = None,
    direction: Which = None,
    account: Account = None,
    chat: Chat = None,
    status: Status_ = None,
    report: Report = None,
    since: Day = None,
    until: LastDay = None,
    clear: Annotated[
        bool,
        typer.Option("--clear", help="With numbers and names in full: only for whoever answers for personal data."),
    ] = False,
) -> None:
    """Write the audit trail, oldest first; persons are masked unless --clear is given.

    A file is there once it is complete, readable by its owner only; if anything fails, it stays as it was.
    """
    zone = load_settings().timezone
    narrowed = Narrowed(_period(since, until, zone), direction, account, _chat(chat), status, report)
    try:
        with (
            _store() as store,
            _output(out) as target,
            store.reading() as connection,
            every(connection, narrowed) as rows,
        ):
            count = _written(form, _told(map(Documents(zone, clear=clear), rows)), target)
            _say_what_left(connection, narrowed.period.since, zone)
    except OSError as error:
        if out is None:
            raise
        raise DeploymentError(f"{out} cannot be written: {error.strerror}; nothing was changed") from error
    if out is not None:
        typer.echo(f"{count} messages in {out}")


@app.command()
def billing(
    month: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m"], metavar="MONTH", help="Such as 2026-11; else all months.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the channels bill: delivered messages by month, account and price category."""
    zone = load_settings().timezone
    asked = Slot.containing(month.date(), Cadence.MONTHLY, zone) if month is not None else None
    with _store() as store, store.reading() as connection:
        lines = billed(connection, zone, asked)
        _say_what_left(connection, asked.start if asked is not None else None, zone)
    rows = [
        {
            "month": line.month,
            "account": line.account,
            "category": line.category,
            "billable": line.billable if as_json else ("yes" if line.billable else "no"),
            "messages": line.messages,
            "deliveries": line.deliveries,
        }
        for line in lines
    ]
    listing(rows, as_json=as_json, empty="no channel has told a price")


@app.command()
def sla(
    account: Account = None,
    report: Report = None,
    since: Day = None,
    until: LastDay = None,
    as_json: AsJson = False,
) -> None:
    """Show how long messages took from sent to delivered and read, in seconds, and how many failed and why."""
    zone = load_settings().timezone
    period = _period(since, until, zone)
    with _store() as store, store.reading() as connection:
        found = figures(connection, period, account, report)
        _say_what_left(connection, period.since, zone)
    listing([_figures(its, as_json=as_json) for its in found], as_json=as_json, empty="no messages")


@contextmanager
def _store() -> Iterator[Store]:
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        yield store


def _say_what_left(connection: Connection, since: datetime | None, zone: str) -> None:
    """Say from when on the figures are whole, where older messages are asked for and have gone into the archive."""
    whole_from = complete_from(connection)
    if whole_from is not None and (since is None or since <= whole_from):
        said = f"complete from {moment(whole_from, zone)} on: of messages before that some are in the archive"
        typer.echo(f"{said}, WA_ARCHIVE_PATH", err=True)


def _period(since: datetime | None, until: datetime | None, zone: str) -> Period:
    if since is not None and until is not None and until < since:
        raise typer.BadParameter("--until is before --since")
    return Period.of_days(_day(since), _day(until), zone)


def _day(at: datetime | None) -> date | None:
    return at.date() if at is not None else None


def _chat(text: str | None) -> str | None:
    try:
        return Recipient.parse(text).chat if text is not None else None
    except RecipientError as error:
        raise typer.BadParameter(f"--chat: {error}") from None


def _shown(document: Document, created_at: datetime | None, zone: str) -> dict[str, Any]:
    names = ("id", "direction", "account", "chat", "sender", "kind", "status", "report", "slot")
    shown = {name: document[name] for name in names}
    return {**shown, "created": moment(created_at, zone), "error": document["error_code"]}


def _output(out: Path | None) -> AbstractContextManager[TextIO]:
    return nullcontext(sys.stdout) if out is None else whole_file(out)


def _written(form: Form, documents: Iterable[Document], out: TextIO) -> int:
    return write_json(documents, out) if form is Form.JSON else write_csv(documents, out, COLUMNS)


def _told(documents: Iterable[Document]) -> Iterator[Document]:
    """The same, with a count on the terminal of whoever waits for a long one."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.completed} messages"), TaskProgressColumn(show_speed=True), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        for document in documents:
            yield document
            progress.advance(task)


def _figures(its: Figures, *, as_json: bool) -> dict[str, Any]:
    share = its.share_failed()
    if as_json:
        steps = {"to_delivered": its.to_delivered, "to_read": its.to_read}
        return {
            "account": its.account,
            "report": its.report,
            "statuses": dict(its.statuses),
            **{name: quantiles(seconds) for name, seconds in steps.items()},
            "share_failed": share,
        }
    return {
        "account": its.account,
        "report": its.report or "-",
        "messages": its.statuses.total(),
        "waiting": its.waiting,
        "delivered p50/p90/p99": _three(its.to_delivered),
        "read p50/p90/p99": _three(its.to_read),
        "failed": ", ".join(f"{code} {part:.1%}" for code, part in share.items()) or "-",
    }


def _three(seconds: Iterable[float]) -> str:
    return " / ".join(f"{value:.1f}" for value in quantiles(list(seconds)).values()) or "-"
