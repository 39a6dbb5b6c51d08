"""How listings are printed: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def shown(text: str) -> str:
    """Text without what a terminal would obey."""
    return "".join(character for character in text if character in "\n\t" or character.isprintable())


def listing(rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str) -> None:
    """Print rows of the same keys; `empty` is what people see when there are none."""
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False, indent=2))
        return
    if not rows:
        typer.echo(empty)
        return
    table = Table(*rows[0], box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("" if value is None else shown(str(value)) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 200, soft_wrap=True, markup=False).print(table)
