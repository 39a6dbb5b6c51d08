"""What a check found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from wa_integrasi.settings import Settings


class Mark(StrEnum):
    """How it stands."""

    GOOD = "good"
    WARNING = "warning"
    BROKEN = "broken"

    @property
    def sign(self) -> str:
        """For people."""
        return {Mark.GOOD: "✅", Mark.WARNING: "⚠️", Mark.BROKEN: "❌"}[self]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it stands, and what to do."""

    mark: Mark
    about: str
    said: str
    todo: str = ""


def good(about: str, said: str) -> Finding:
    """It works."""
    return Finding(Mark.GOOD, about, said)


def warning(about: str, said: str, todo: str = "") -> Finding:
    """It works, and will not for long, or not as it should."""
    return Finding(Mark.WARNING, about, said, todo)


def broken(about: str, said: str, todo: str = "") -> Finding:
    """It does not work."""
    return Finding(Mark.BROKEN, about, said, todo)


Check = Callable[[Settings], Iterable[Finding]]
"""Looks at one thing and changes nothing. What it raises is found broken."""
