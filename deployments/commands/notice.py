"""`wa notice`: the way to the owner that is not WhatsApp."""

from __future__ import annotations

from typing import Annotated

import typer

from deployments.commands.output import AsJson, listing, moment
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.upkeep.matters import matters
from wa_integrasi.upkeep.second_channel import addresses, send

app = typer.Typer(no_args_is_help=True, help="Owner notices by another channel than WhatsApp.")


@app.command()
def test() -> None:
    """Send a try by every address of WA_OWNER_NOTICE_URLS, and say which accept it; 1 unless all do."""
    urls = addresses(load_settings())
    if not urls:
        raise SettingsError("WA_OWNER_NOTICE_URLS: not set; addresses as apprise knows them, such as mailto://…")
    body = "Percobaan: pemberitahuan akan datang lewat sini bila WhatsApp tidak jalan. / A try: notices come here "
    told = send(urls, "WA-Integrasi: percobaan / a try", body + "when WhatsApp is down.")
    for each in told:
        typer.echo(str(each), err=bool(each.problem))
    if any(each.problem for each in told):
        raise typer.Exit(1)


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what the owner was told by another channel, and what waits to be told."""
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        found = matters(store, limit)
    rows = [
        {
            "matter": row.matter,
            "since": moment(row.created_at, settings.timezone),
            "told": moment(row.told_at, settings.timezone) if row.told_at else None,
            "tries": row.attempts,
            "said": row.said,
        }
        for row in found
    ]
    listing(rows, as_json=as_json, empty="nothing had to be told by another channel")
