"""`wa complaint`: who complained, what became of it, and what a person did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy import Connection

from deployments.commands.output import AsJson, is_text, listing, moment, shown
from deployments.errors import DeploymentError, NotThereError
from wa_integrasi.audit.log import CLI, audit
from wa_integrasi.clock import utc_now
from wa_integrasi.complaints import Kept, State, find, id_of, listed, mark_answered, try_again
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

app = typer.Typer(no_args_is_help=True, help="Complaints: acknowledged, answered, set aside.")

Ticket = Annotated[str, typer.Argument(help="Its ticket, such as K2611-00042, or its number.")]
_LARGEST = 2**63 - 1


class NoComplaintError(DeploymentError):
    """There is no such complaint, or nothing to be done about it."""


@app.command("list")
def list_(
    status: Annotated[State | None, typer.Option(help="Only complaints that stand here.")] = None,
    unanswered: Annotated[bool, typer.Option("--unanswered", help="Only those that no person has answered.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List complaints, newest first, with numbers masked and without what they say."""
    settings = load_settings()
    with _store() as store:
        found = listed(store, status, unanswered=unanswered, limit=limit)
    rows = [_row(kept, settings.timezone) for kept in found]
    listing(rows, as_json=as_json, empty="no complaints")


@app.command()
def show(ticket: Ticket, as_json: AsJson = False) -> None:
    """Show one complaint with its text, and why it stands where it does."""
    settings = load_settings()
    with _store() as store:
        kept = _kept(store, ticket)
    more = {
        "account": kept.account,
        "filed_by": kept.filed_by or "somebody who wrote it, or another program",
        "attempts": kept.attempts,
        "answered_by": kept.answered_by,
        "next_escalation": moment(kept.escalate_at, settings.timezone) if kept.escalate_at else None,
        "text": kept.text,
    }
    row = _row(kept, settings.timezone) | more
    if as_json:
        listing([row], as_json=True, empty="")
        return
    for name, value in row.items():
        typer.echo(f"{name:<16} {'' if value is None else shown(str(value))}".rstrip())


@app.command()
def answered(
    ticket: Ticket, by: Annotated[str, typer.Option(help="Who answered, in a word or two.")] = "wa complaint"
) -> None:
    """Say that a person has answered a complaint, so that people on duty are told no more."""
    if not is_text(by) or not by.strip():
        raise typer.BadParameter("--by: must be a name")

    def mark(connection: Connection, kept: Kept) -> bool:
        return mark_answered(connection, kept.id, utc_now(), by.strip()[:100])

    done, kept = _change(ticket, "complaint.answered", mark)
    at = moment(kept.answered_at, load_settings().timezone)
    typer.echo(f"{kept.ticket} is answered" if done else f"{kept.ticket} was answered before, {at}")


@app.command()
def retry(ticket: Ticket) -> None:
    """Let a complaint that was set aside be tried again by the next run, once its row is mended."""

    def again(connection: Connection, kept: Kept) -> bool:
        return try_again(connection, kept.id)

    done, kept = _change(ticket, "complaint.retry", again)
    if not done:
        raise NoComplaintError(f"{kept.ticket} is {shown(kept.status)}: only what was set aside is tried again")
    typer.echo(f"{kept.ticket} waits for the next run of complaints/respond")


@contextmanager
def _store() -> Iterator[Store]:
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        yield store


def _change(ticket: str, action: str, change: Callable[[Connection, Kept], bool]) -> tuple[bool, Kept]:
    """Change a complaint and write that down; whether there was something to change."""
    with _store() as store:
        kept = _kept(store, ticket)
        with store.writing() as connection:
            if done := change(connection, kept):
                audit(connection, utc_now(), CLI, action, f"complaint:{kept.id}", details={"ticket": kept.ticket})
    return done, kept


def _kept(store: Store, ticket: str) -> Kept:
    number = id_of(ticket)
    if number is None:
        raise NotThereError(f"no complaint has the ticket {shown(ticket)}; one is such as K2611-00042, or its number")
    kept = find(store, number) if number <= _LARGEST else None
    if kept is None:
        raise NotThereError(f"no complaint has the ticket {ticket.strip()}")
    return kept


def _row(kept: Kept, zone: str) -> dict[str, object]:
    return {
        "ticket": kept.ticket,
        "status": kept.status,
        "from": kept.masked,
        "created": moment(kept.created_at, zone),
        "responded": moment(kept.responded_at, zone) if kept.responded_at else None,
        "answered": moment(kept.answered_at, zone) if kept.answered_at else None,
        "told_on_duty": kept.escalated,
        "note": kept.note,
    }
