"""`wa source`: whether data sources answer, and what their accounts may do."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from deployments.commands.output import AsJson, shown
from deployments.register import check_prefect
from deployments.source_checks import SourceVerdict, check_sources
from wa_integrasi.sources.base import SourceError, SourceReport

app = typer.Typer(no_args_is_help=True, help="Data sources that reports read from.")


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="Name of the source block; all of them without it.")] = "",
    kind: Annotated[str, typer.Option(help="Kind of the block, such as sql, pi, csv or http-json.")] = "",
    as_json: AsJson = False,
) -> None:
    """Connect to sources and say what they are, how fast, and whether an account could write; 1 if one fails."""
    verdicts = asyncio.run(_checked(name, kind))
    if name:
        _show_one(_only(verdicts, name), as_json=as_json)
        return
    if as_json:
        typer.echo(json.dumps([verdict.as_dict() for verdict in verdicts], ensure_ascii=False, indent=2))
    else:
        for verdict in verdicts:
            _show(verdict)
        if not verdicts:
            typer.echo("no sources: make a block of one in the Prefect UI")
    if any(verdict.report is None for verdict in verdicts):
        raise typer.Exit(1)


async def _checked(name: str, kind: str) -> list[SourceVerdict]:
    await check_prefect()
    return await check_sources(name, kind)


def _only(verdicts: list[SourceVerdict], name: str) -> SourceVerdict:
    if len(verdicts) > 1:
        kinds = ", ".join(verdict.kind for verdict in verdicts)
        raise typer.BadParameter(f"{name} is the name of several sources; add --kind with one of: {kinds}")
    return verdicts[0]


def _show_one(verdict: SourceVerdict, *, as_json: bool) -> None:
    if verdict.report is None:
        raise SourceError(verdict.error, transient=False)
    if as_json:
        typer.echo(json.dumps(verdict.as_dict(), ensure_ascii=False, indent=2))
        return
    typer.echo(f"{verdict.name}: {_facts(verdict.report)}")
    for line in _rights(verdict.report):
        typer.echo(line)


def _show(verdict: SourceVerdict) -> None:
    if verdict.report is None:
        typer.echo(f"FAILED {verdict.kind} {verdict.name}: {shown(verdict.error)}")
        return
    typer.echo(f"ok     {verdict.kind} {verdict.name}: {_facts(verdict.report)}")
    for line in _rights(verdict.report):
        typer.echo(f"       {line}")


def _facts(report: SourceReport) -> str:
    return f"{shown(report.version)}, answers in {report.latency_ms:.0f} ms, time zone {shown(report.zone)}"


def _rights(report: SourceReport) -> list[str]:
    doubts = [f"warning: {shown(doubt)}" for doubt in report.doubts]
    if report.writes is None:
        return doubts
    warnings = [f"warning: the account is not only read: {shown(privilege)}" for privilege in report.writes]
    return [*(warnings or ["the account can only read"]), *doubts]
