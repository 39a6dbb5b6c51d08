"""`wa outbox`: what is on its way to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from deployments.commands.output import AsJson, listing, shown
from wa_integrasi.history import History
from wa_integrasi.message import Status
from wa_integrasi.outbox import Outbox, Selection
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

app = typer.Typer(no_args_is_help=True, help="Messages on their way.")


@app.command("list")
def list_(
    status: Annotated[Status | None, typer.Option(help="Only messages that stand here.")] = None,
    report: Annotated[str | None, typer.Option(help="Only messages of this report.")] = None,
    slot: Annotated[str | None, typer.Option(help="Only messages of this slot, such as 2026-11-19.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List messages, newest first, with their numbers masked."""
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        check_revision(store)
        entries = History(store).messages(status=status, report=report, slot=slot, limit=limit)
    rows = [
        {
            "id": entry.id,
            "to": entry.masked,
            "status": entry.status,
            "report": entry.report,
            "slot": entry.slot,
            "part": f"{entry.part}/{entry.parts}",
            "attempts": entry.attempts,
            "error": entry.error_code,
        }
        for entry in entries
    ]
    listing(rows, as_json=as_json, empty="no messages")


@app.command()
def show(
    message_id: Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1)], as_json: AsJson = False
) -> None:
    """Show one message and every state it went through."""
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        check_revision(store)
        history = History(store)
        found = history.messages(ids=[message_id])
        steps = history.steps(message_id)
    if not found:
        raise typer.BadParameter(f"no message has the id {message_id}; 'wa outbox list' shows which there are")
    if not as_json:
        [entry] = found
        typer.echo(f"to {entry.masked}, {entry.status}\n\n{shown(entry.content)}\n")
    rows = [
        {"at": step.at.isoformat(), "status": step.status, "code": step.error_code, "text": step.error_text}
        for step in steps
    ]
    listing(rows, as_json=as_json, empty="nothing has happened to it yet")


Ids = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Ids from 'wa outbox list'.")]
Report = Annotated[str | None, typer.Option(help="Messages of this report.")]
Slot = Annotated[str | None, typer.Option(help="Messages of this slot, such as 2026-11-19.")]
Account = Annotated[str | None, typer.Option(help="Messages of this account.")]
Code = Annotated[str | None, typer.Option(help="Messages that ended with this error code.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]


@app.command()
def requeue(
    reason: Reason,
    ids: Ids = None,
    report: Report = None,
    slot: Slot = None,
    account: Account = None,
    code: Code = None,
) -> None:
    """Send dead and refused messages again; those that were sent stay as they are."""
    _decide(Outbox.requeue, Selection(ids or (), report, slot, account, code), reason, "wait again")


@app.command()
def discard(
    reason: Reason,
    ids: Ids = None,
    report: Report = None,
    slot: Slot = None,
    account: Account = None,
    code: Code = None,
) -> None:
    """Give up dead and refused messages, and those of unknown fate."""
    _decide(Outbox.discard, Selection(ids or (), report, slot, account, code), reason, "were discarded")


@app.command()
def cancel(reason: Reason, ids: Ids = None, report: Report = None, slot: Slot = None, account: Account = None) -> None:
    """Take back messages that still wait."""
    _decide(Outbox.cancel, Selection(ids or (), report, slot, account), reason, "were cancelled")


def _decide(what: Callable[[Outbox, Selection, str], int], selection: Selection, reason: str, done: str) -> None:
    if selection.everything:
        raise typer.BadParameter("say which messages: ids, --report, --slot, --account or --code")
    if not reason.strip():
        raise typer.BadParameter("say why with --reason")
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        check_revision(store)
        typer.echo(f"messages that {done}: {what(Outbox(store), selection, reason.strip())}")
