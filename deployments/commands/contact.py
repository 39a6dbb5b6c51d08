"""`wa contact`: who is not answered any more, and who is written to again."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import Annotated

import typer

from deployments.commands.output import AsJson, is_text, listing, moment
from deployments.errors import NotThereError
from wa_integrasi.accounts import known_accounts
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import utc_now
from wa_integrasi.intake.asking import contact_of
from wa_integrasi.intake.senders import EVERY_ACCOUNT, Block, block, blocks, unblock
from wa_integrasi.intake.stopping import start
from wa_integrasi.recipient import Kind, RecipientError
from wa_integrasi.reporting import UnknownRecipientError, recipients_of
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

app = typer.Typer(help="People who write to us.", no_args_is_help=True)

Who = Annotated[
    str, typer.Argument(help="Phone number, another id of WhatsApp (…@lid, ID.1349…), or name of a contact.")
]
Account = Annotated[str | None, typer.Option(help="Only for this account; without it for all.", show_default=False)]


@app.command("block")
def block_contact(
    who: Who,
    reason: Annotated[str, typer.Option(help="Why; the list of the blocked shows it.")],
    account: Account = None,
) -> None:
    """Keep somebody's messages and do nothing else with them: no command, no complaint, no answer."""
    if not reason.strip() or not is_text(reason):
        raise typer.BadParameter("--reason: must say something, in UTF-8")
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        address = _address(store, who)
        new = Block(_account(store, account), address, utc_now(), _actor(), reason.strip()[:500])
        block(store, new)
    typer.echo(f"{address} is blocked{f' for {account}' if account else ''}")


@app.command("unblock")
def unblock_contact(who: Who, account: Account = None) -> None:
    """Hear somebody again; exit code 1 when they were not blocked."""
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        address = _address(store, who)
        gone = unblock(store, account or EVERY_ACCOUNT, address, _actor(), utc_now())
    if not gone:
        scope = f"for the account {account}" if account else "for all accounts ('wa contact blocked' shows where)"
        typer.echo(f"error: {address} is not blocked {scope}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{address} is heard again")


@app.command("blocked")
def blocked_contacts(as_json: AsJson = False) -> None:
    """Show everybody who is blocked."""
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        found = blocks(store)
    rows = [
        {**asdict(each), "since": each.since.isoformat() if as_json else moment(each.since, settings.timezone)}
        for each in found
    ]
    listing(rows, as_json=as_json, empty="nobody is blocked")


@app.command("start")
def start_contact(
    who: Who,
    reason: Annotated[str, typer.Option(help="Why they are to be written to; the audit log shows it.")],
    account: Account = None,
) -> None:
    """Write again to somebody who said STOP, as if they had said START; exit code 1 when they had not.

    Only where they have asked for it, or where the number is another person's now.
    """
    if not reason.strip() or not is_text(reason):
        raise typer.BadParameter("--reason: must say something, in UTF-8")
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        address = _address(store, who)
        contact = contact_of(load_catalog(store), [address])
        names = contact.addresses if contact else (address,)
        if account is not None:
            _account(store, account)
        started = start(store, names, _actor(), reason.strip()[:500], utc_now(), account)
    if not started:
        typer.echo(f"error: {who} has not said STOP{f' to {account}' if account else ''}", err=True)
        raise typer.Exit(1)
    for of, chat in started:
        typer.echo(f"{chat} gets messages of {of} again")


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _address(store: Store, who: str) -> str:
    try:
        found = recipients_of(store, who, load_settings().group_ids)
    except UnknownRecipientError as error:
        raise NotThereError(f"WHO: {error}{error.near}") from None
    except RecipientError as error:
        raise typer.BadParameter(f"WHO: {error}") from None
    if len(found) != 1 or found[0].kind is Kind.GROUP:
        raise typer.BadParameter("WHO: found a group, must be a person")
    return found[0].chat


def _account(store: Store, account: str | None) -> str:
    """Raise `BadParameter` for a name that no account has: the block would hold for nobody."""
    names = {known.name for known in known_accounts(store)} | {"default"}
    if account is not None and account not in names:
        raise NotThereError.of("account", account, names, "; 'wa deploy' tells the store of new ones")
    return account or EVERY_ACCOUNT
