"""`wa source`: whether a data source answers, and what its account may do."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer

from deployments.commands.output import AsJson, shown
from deployments.register import check_prefect

app = typer.Typer(no_args_is_help=True, help="Data sources that reports read from.")


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="Name of the source block.")],
    as_json: AsJson = False,
) -> None:
    """Connect to a source and say what it is, how fast, and whether its account could write; 1 if it cannot be read."""
    from blocks.sources import load_source

    asyncio.run(check_prefect())
    report = load_source(name).check()
    if as_json:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False, indent=2))
        return
    typer.echo(
        f"{name}: {shown(report.version)}, answers in {report.latency_ms:.0f} ms, time zone {shown(report.zone)}"
    )
    for privilege in report.writes or ():
        typer.echo(f"warning: the account is not only read: {shown(privilege)}")
    if report.writes == ():
        typer.echo("the account can only read")
