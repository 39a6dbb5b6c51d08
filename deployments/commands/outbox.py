"""`wa outbox`: what is on its way to whom."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from functools import partial
from typing import Annotated

import typer

from deployments.commands.output import AsJson, listing, moment, shown, why
from deployments.errors import NotThereError
from wa_integrasi.history import History
from wa_integrasi.message import Status
from wa_integrasi.outbox import Outbox, Selection
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

app = typer.Typer(no_args_is_help=True, help="Messages on their way.")

_LARGEST = 2**63 - 1
_ENDED = (Status.DEAD, Status.REFUSED)


@app.command("list")
def list_(
    status: Annotated[Status | None, typer.Option(help="Only messages that stand here.")] = None,
    report: Annotated[str | None, typer.Option(help="Only messages of this report.")] = None,
    slot: Annotated[str | None, typer.Option(help="Only messages of this slot, such as 2026-11-19.")] = None,
    account: Annotated[str | None, typer.Option(help="Only messages of this account.")] = None,
    code: Annotated[str | None, typer.Option(help="Only messages with this error code.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List messages, newest first, with their numbers masked."""
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        entries = History(store).messages(
            status=status, report=report, slot=slot, account=account, code=code, limit=limit
        )
    rows = [
        {
            "id": entry.id,
            "created": moment(entry.created_at, settings.timezone),
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
    message_id: Annotated[int, typer.Argument(metavar="ID", min=1, max=_LARGEST)], as_json: AsJson = False
) -> None:
    """Show one message, what it waits for, and every state it went through."""
    settings = load_settings()
    zone = settings.timezone
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        history = History(store)
        found = history.messages(ids=[message_id])
        if not found:
            raise NotThereError(f"no message has the id {message_id}; 'wa outbox list' shows which there are")
        [entry] = found
        reason = why(entry, history.wait_of(message_id), history.held_by(entry.account), zone)
        steps = history.steps(message_id)
    rows = [
        {
            "at": moment(step.at, zone, seconds=True),
            "status": step.status,
            "code": step.error_code,
            "text": step.error_text,
        }
        for step in steps
    ]
    about = {
        "id": entry.id,
        "to": entry.masked,
        "status": entry.status,
        "reason": reason or None,
        "account": entry.account,
        "report": entry.report,
        "slot": entry.slot,
        "part": f"{entry.part}/{entry.parts}",
        "attempts": entry.attempts,
        "created": moment(entry.created_at, zone, seconds=True),
    }
    if as_json:
        typer.echo(json.dumps({**about, "content": entry.content, "steps": rows}, ensure_ascii=False, indent=2))
        return
    typer.echo(f"to {entry.masked}, {entry.status}{f' ({reason})' if reason else ''}")
    of = f"{entry.report} of {entry.slot}, " if entry.report else ""
    typer.echo(shown(f"{of}part {about['part']}, attempts {entry.attempts}, created {about['created']}"))
    typer.echo(f"\n{shown(entry.content)}\n")
    listing(rows, as_json=False, empty="nothing has happened to it yet")


Ids = Annotated[
    list[int] | None, typer.Argument(metavar="[ID]...", min=1, max=_LARGEST, help="Ids from 'wa outbox list'.")
]
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
    _decide(Outbox.requeue, _ENDED, Selection(ids or (), report, slot, account, code), reason, "wait again")


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
    selection = Selection(ids or (), report, slot, account, code)
    _decide(Outbox.discard, (*_ENDED, Status.UNKNOWN), selection, reason, "were discarded")


@app.command()
def cancel(reason: Reason, ids: Ids = None, report: Report = None, slot: Slot = None, account: Account = None) -> None:
    """Take back messages that still wait."""
    selection = Selection(ids or (), report, slot, account)
    _decide(Outbox.cancel, (Status.PENDING,), selection, reason, "were cancelled", "ids, --report, --slot or --account")


def _decide(
    what: Callable[[Outbox, Selection, str], int],
    of: Collection[Status],
    selection: Selection,
    reason: str,
    done: str,
    by: str = "ids, --report, --slot, --account or --code",
) -> None:
    if selection.everything:
        raise typer.BadParameter(f"say which messages: {by}")
    if not reason.strip():
        raise typer.BadParameter("say why with --reason")
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        left = _left(History(store), selection, of)
        count = what(Outbox(store), selection, reason.strip())
    for line in left:
        typer.echo(line, err=True)
    typer.echo(f"messages that {done}: {count}")
    if not count:
        raise typer.Exit(1)


def _left(history: History, selection: Selection, of: Collection[Status]) -> list[str]:
    """Why messages that were named, or all that fit, stay as they are."""
    code = selection.error_code
    options = {"report": selection.report, "slot": selection.slot, "account": selection.account, "code": code}
    narrowed = ", ".join(f"{name} {shown(value)}" for name, value in options.items() if value)
    fitting = partial(
        history.messages, report=selection.report, slot=selection.slot, account=selection.account, code=code
    )
    allowed = " or ".join(sorted(of))
    if not selection.ids:
        if not fitting(limit=1):
            return [f"no message fits: {narrowed}"]
        none_left = not any(fitting(status=status, limit=1) for status in of)
        return [f"of the messages that fit ({narrowed}) none is {allowed}"] if none_left else []
    at_most = len(selection.ids)
    found = {entry.id: entry for entry in history.messages(ids=selection.ids, limit=at_most)}
    meant = {entry.id for entry in fitting(ids=selection.ids, limit=at_most)}
    lines = []
    for id_ in dict.fromkeys(selection.ids):
        if id_ not in found:
            lines.append(f"message {id_}: there is none")
        elif id_ not in meant:
            lines.append(f"message {id_}: does not fit {narrowed}")
        elif found[id_].status not in of:
            lines.append(f"message {id_}: it is {shown(found[id_].status)}, not {allowed}")
    return lines
