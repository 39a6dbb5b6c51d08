"""QR codes on the terminal and as pictures, where segno is installed; else the text and how to show it."""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import tempfile
from pathlib import Path
from typing import Any

from deployments.errors import DeploymentError

_WITHOUT = (
    "This is the text of the QR code; segno, which draws it, is not installed (pip install segno).\n"
    "Draw it on a machine of your own, never on a web page: wa session qr --json | jq -r .qr | qrencode -t ansiutf8"
)


def drawn(text: str) -> str:
    """The code in half blocks, or the text itself."""
    if not _can_draw():
        return f"{text}\n\n{_WITHOUT}"
    output = io.StringIO()
    _made(text).terminal(out=output, border=2, compact=True)
    return output.getvalue()


def save_picture(text: str, file: Path) -> None:
    """Write the code as PNG or SVG by the file's ending, readable by its owner only. Raises `DeploymentError`."""
    if not _can_draw():
        raise DeploymentError("a picture needs segno, which is not installed: pip install segno")
    picture = io.BytesIO()
    _made(text).save(picture, kind=file.suffix.lower().removeprefix("."), scale=8, border=4)
    try:
        _replace(file, picture.getvalue())
    except OSError as error:
        raise DeploymentError(f"{file} cannot be written: {error.strerror}") from error


def _replace(file: Path, content: bytes) -> None:
    """Under the rights of a new file, whoever may read the one that is there."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as output:
            output.write(content)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _can_draw() -> bool:
    return importlib.util.find_spec("segno") is not None


def _made(text: str) -> Any:
    return importlib.import_module("segno").make(text, micro=False)
