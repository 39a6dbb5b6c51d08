"""What the previews of reports and of chat templates have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

Dark = Annotated[bool, typer.Option("--dark", help="Draw the picture in the dark theme of the app.")]
Param = Annotated[
    list[str] | None,
    typer.Option("--param", help="A parameter as name=value, of a report also as_of=2026-11-19; once for each."),
]


def given_by(param: Sequence[str] | None) -> dict[str, str]:
    """What was said of parameters, by name."""
    pairs = [each.partition("=") for each in param or ()]
    if wrong := next((name for name, sign, _ in pairs if not sign or not name.strip()), None):
        raise typer.BadParameter(f"--param: found {wrong!r}, must be name=value, such as unit=GL1")
    return {name.strip(): value.strip() for name, _, value in pairs}


def warn(texts: Iterable[str]) -> None:
    """Say what a phone would show otherwise than it is meant."""
    from wa_integrasi.text.linting import lint_text

    for said in dict.fromkeys(f"line {each.line}: {each.text}" for text in texts for each in lint_text(text)):
        typer.echo(f"warning: text, {said}", err=True)


def written(option: str, place: Path, content: bytes) -> Path:
    """Where a file was written that was asked for."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    except OSError as error:
        raise typer.BadParameter(f"{option}: {place} cannot be written: {error.strerror}") from None
    return place
