"""`wa doctor`: one page that says whether this installation would work."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer

from deployments.commands.output import AsJson, shown
from wa_integrasi.settings import load_settings


def doctor(
    within: Annotated[float, typer.Option(min=1, max=600, help="Seconds after which what hangs is given up.")] = 45,
    as_json: AsJson = False,
) -> None:
    """Say whether this installation would work, and what to do where not; 1 when something is broken."""
    from deployments.doctor import Mark, examine

    logging.disable(logging.ERROR)  # what is wrong is in the findings, and nowhere twice
    try:
        found = examine(load_settings, within_s=within)
    finally:
        logging.disable(logging.NOTSET)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2))
    else:
        for each in found:
            typer.echo(shown(f"{each.mark.sign} {each.about}: {each.said}"))
            if each.todo:
                typer.echo(shown(f"     {each.todo}"))
        counts = Counter(each.mark for each in found)
        typer.echo(", ".join(f"{counts[mark]} {mark}" for mark in Mark if counts[mark]))
    if any(each.mark is Mark.BROKEN for each in found):
        raise typer.Exit(1)
