"""`wa template`: the templates that the channels have approved."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from deployments.commands.output import AsJson, listing, shown
from deployments.errors import DeploymentError, NotThereError
from deployments.register import check_prefect
from wa_integrasi.accounts import known_accounts
from wa_integrasi.approved import Synced, approved_of, known_templates
from wa_integrasi.content import ContentError, Template, load_content
from wa_integrasi.outbox.nudging import set_nudge
from wa_integrasi.policy.approval import check_template
from wa_integrasi.providers.base import ApprovedTemplate
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

app = typer.Typer(no_args_is_help=True, help="Templates that the channels have approved, and a look at chat templates.")

Account = Annotated[str | None, typer.Option(help="Only this account.")]


@app.command("list")
def list_(account: Account = None, as_json: AsJson = False) -> None:
    """List the templates as they were at the last sync, with what the channel has said of them since."""
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        if account is not None:
            _check_account(store, account)
        with store.reading() as connection:
            known = known_templates(connection, account)
    rows = [
        {
            "account": each.account,
            "name": each.template.name,
            "language": each.template.language,
            "status": each.template.status,
            "category": each.template.category,
            "quality": each.quality,
            "parameters": _parameters(each.template),
            "synced": each.synced_at.isoformat(timespec="seconds"),
        }
        for each in known
    ]
    listing(rows, as_json=as_json, empty="no templates: 'wa template sync' asks the channels for them")


@app.command()
def sync(account: Account = None) -> None:
    """Ask the channels for their templates; an account whose channel does not answer keeps what is known."""
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        results = asyncio.run(_sync(store, account))
    for result in results:
        if result.code is None:
            typer.echo(f"{result.account}: {result.count} templates")
        else:
            typer.echo(f"error: {result.account}: {result.code}: {shown(result.text or '')}", err=True)
    if not results:
        typer.echo("no account has a channel that approves templates")
    if any(result.code is not None for result in results):
        raise typer.Exit(1)


@app.command()
def nudge(
    name: Annotated[str | None, typer.Argument(help="An approved template without parameters.")] = None,
    language: Annotated[str, typer.Option(help="The language that it was approved in.")] = "id",
    account: Annotated[str, typer.Option(help="The account that asks.")] = "default",
    off: Annotated[bool, typer.Option("--off", help="Ask nobody any more.")] = False,
) -> None:
    """Ask people who have been silent for 24 hours, by this template, to write back; their messages wait for it."""
    if off == (name is not None):
        raise typer.BadParameter("give either a template or --off")
    try:
        template = None if name is None else load_content("template", json.dumps({"name": name, "language": language}))
    except ContentError as error:
        raise typer.BadParameter(str(error)) from None
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        _check_account(store, account)
        with store.writing() as connection:
            if isinstance(template, Template):
                approved = approved_of(connection, account)
                if approved is None:
                    raise DeploymentError(f"no templates of {account} are known: run 'wa template sync'")
                check_template(template, approved)
            set_nudge(connection, account, template if isinstance(template, Template) else None)
    typer.echo(
        f"{account} asks nobody to write back" if off else f"{account} asks silent people by {name} ({language})"
    )


def _check_account(store: Store, account: str) -> None:
    names = [known.name for known in known_accounts(store)]
    if account not in names:
        raise NotThereError.of("account", account, names, "; 'wa deploy' tells the store of new ones")


async def _sync(store: Store, account: str | None) -> list[Synced]:
    from blocks.gateways.templates import sync_templates

    await check_prefect()
    return await sync_templates(store, account)


def _parameters(template: ApprovedTemplate) -> str:
    """What a message must bring along: `header: DOCUMENT, body: 2 (unit, ton), buttons: 1`."""
    header = template.header or (template.header_format if template.header_format != "TEXT" else 0)
    counts = {"header": header, "body": template.body, "buttons": template.buttons}
    names = f" ({', '.join(template.names)})" if template.names else ""
    return ", ".join(f"{part}: {count}" for part, count in counts.items() if count) + names
