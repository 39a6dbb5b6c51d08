"""`wa subscription`: what people have subscribed to, and how it stands."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from deployments.commands.output import AsJson, listing, moment
from deployments.errors import NotThereError
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import utc_now
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.subscriptions import Cancel, Subscription, Subscriptions, apply

app = typer.Typer(no_args_is_help=True, help="What people have subscribed to: reports, and limits of values.")


@app.command("list")
def list_(
    contact: Annotated[str, typer.Option(help="Only those of this contact of the catalog.")] = "",
    as_json: AsJson = False,
) -> None:
    """List all subscriptions that are not over, and how what they watch stands."""
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        catalog, found = load_catalog(store), Subscriptions(store).in_force()
    if contact and contact not in catalog.contacts:
        raise NotThereError.of("contact", contact, catalog.contacts)
    zone = "" if as_json else settings.timezone
    rows = [_row(each, catalog, zone) for each in found if contact in ("", _name(each, catalog))]
    listing(rows, as_json=as_json, empty="nobody has subscribed to anything")


@app.command()
def cancel(
    ids: Annotated[list[int], typer.Argument(min=1, help="Ids of subscriptions, as the list shows them.")],
) -> None:
    """End subscriptions of people; nobody is told. Exit code 1 where one is over already."""
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        wanted = sorted(set(ids))
        with store.writing() as connection:
            count = apply(connection, [Cancel(wanted)], f"cli:{getpass.getuser()}", utc_now())
    typer.echo(f"{count} of {len(wanted)} ended")
    if count < len(wanted):
        raise typer.Exit(1)


def _row(each: Subscription, catalog: Catalog, zone: str) -> dict[str, Any]:
    standing, limit = each.standing, each.what.limit
    shown = {
        name: None if at is None else moment(at, zone) if zone else at.isoformat()
        for name, at in (("since", standing.since), ("silenced_until", standing.silenced_until))
    }
    return {
        "id": each.id,
        "who": _name(each, catalog),
        "number": each.number,
        "account": each.what.account,
        "kind": str(each.what.kind),
        "name": each.what.name,
        "asked": limit.asked if limit else None,
        "limit": f"{limit.operator} {limit.limit:g}" if limit else None,
        "state": f"asleep: {each.asleep}" if each.asleep else str(standing.state) if limit else "ok",
        "value": standing.value,
        **shown,
        "acknowledged": "yes" if standing.acknowledged_at else "no",
    }


def _name(each: Subscription, catalog: Catalog) -> str:
    """What the catalog calls its owner; nothing where it does not know them any more."""
    return each.what.contact if each.what.contact in catalog.contacts else ""
