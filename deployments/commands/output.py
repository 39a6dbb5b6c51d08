"""How listings are printed: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from wa_integrasi.history import Entry, Wait

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def shown(text: str) -> str:
    """Text without what a terminal would obey."""
    return "".join(character for character in text if character in "\n\t" or character.isprintable())


def is_text(argument: str) -> bool:
    """Whether what somebody typed was UTF-8."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def moment(at: datetime | None, zone: str, *, seconds: bool = False) -> str:
    """A time in the business zone, as people read it."""
    if at is None:
        return "(no time)"  # another program may have written none
    return f"{at.astimezone(ZoneInfo(zone)):{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}}"


def why(entry: Entry, wait: Wait | None, held: tuple[str, str] | None, zone: str) -> str:
    """Why a message stands where it does, and what it waits for; empty when there is nothing to say."""
    parts = [f"{entry.error_code}: {entry.error_text or ''}".rstrip(" :")] if entry.error_code else []
    if held is not None and wait is not None:
        parts.append(f"the account {entry.account} is held: {': '.join(word for word in held if word)}")
    if wait is not None and wait.behind is not None:
        parts.append(f"waits behind message {wait.behind} of the same chat")
    elif wait is not None:
        parts.append(f"due {moment(wait.due_at, zone, seconds=True)}")
    return shown("; ".join(parts))


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
