"""`wa session`: how a paired phone's session stands, its QR code, and a new start."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from deployments.commands.output import AsJson, shown
from deployments.commands.qr import drawn, save_picture
from deployments.errors import DeploymentError
from deployments.register import check_prefect
from wa_integrasi.providers.base import Failed, HasSession, Unanswered
from wa_integrasi.session import Look, look, note
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

app = typer.Typer(no_args_is_help=True, help="Sessions of paired phones.")

Account = Annotated[str, typer.Option(help="Account whose session is meant.")]


class NoSessionError(DeploymentError):
    """The account's channel has no session."""


@app.command()
def status(
    account: Account = "default",
    as_json: AsJson = False,
    qr: Annotated[bool, typer.Option("--qr", help="With --json: the QR code's text too, which is a secret.")] = False,
) -> None:
    """Say whether the phone is paired and can send; exit code 0 only if so."""
    if qr and not as_json:
        raise typer.BadParameter("--qr belongs to --json; 'wa session qr' draws the code")
    _tell(asyncio.run(_looked(account)), as_json=as_json, with_qr=qr)


@app.command()
def qr(
    account: Account = "default",
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write a picture (.png or .svg) instead of drawing it here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the QR code that waits to be scanned; whoever scans it has the account's chats."""
    if output is not None and output.suffix.lower() not in (".png", ".svg"):
        raise typer.BadParameter(f"--output: found {output.name!r}, must end in .png or .svg")
    found = asyncio.run(_looked(account))
    if found.qr is None:
        state = "the session is ready" if found.ready else f"the session: {shown(found.reason or 'no state')}"
        raise DeploymentError(f"{account}: no QR code waits; {state}")
    if as_json:
        typer.echo(json.dumps(found.document(), indent=2))
    elif output is not None:
        save_picture(found.qr, output)
        typer.echo(f"{output}: scan it within a minute, then delete it")
    else:
        typer.echo(drawn(found.qr))


@app.command()
def restart(account: Account = "default", as_json: AsJson = False) -> None:
    """Start the session anew; exit code 0 only if it is ready at once."""
    _tell(asyncio.run(_looked(account, anew=True)), as_json=as_json)


async def _looked(account: str, *, anew: bool = False) -> Look:
    """Look at the session, write the status file, and hold or release the account."""
    from deployments.accounts import load_account

    settings = load_settings()
    await check_prefect()
    block = await load_account(account)
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        async with block.sender() as sender:
            if not isinstance(sender, HasSession):
                raise NoSessionError(f"{account}: {sender.name} has no session: nothing to pair")
            if anew and isinstance(refused := await sender.restart(), Failed | Unanswered):
                raise DeploymentError(f"{account}: {refused.text}")
            found = await look(account, sender.session)
        note(store, [found], settings.status_file)
    return found


def _tell(found: Look, *, as_json: bool, with_qr: bool = False) -> None:
    if as_json:
        document = found.document()
        typer.echo(json.dumps(document if with_qr else {**document, "qr": found.qr is not None}, indent=2))
    elif found.ready:
        typer.echo(f"{found.account}: ready")
    else:
        typer.echo(f"{found.account}: not ready: {shown(found.reason or 'no state')}")
    if found.qr is not None and not as_json:
        typer.echo(f"a QR code waits: wa session qr --account {found.account}")
    if not found.ready:
        raise typer.Exit(1)
