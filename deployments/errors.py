"""The kinds of errors that the command line shows as lines and nothing more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self


class DeploymentError(Exception):
    """Something around the program is not as it must be. Its message is for people."""


class NotThereError(DeploymentError):
    """Something is named that is not there. Its message is for people, and says what is there or who lists it."""

    @classmethod
    def of(cls, kind: str, name: str, there: Iterable[str], hint: str = "") -> Self:
        """`no report is called nope; there are: harian, mingguan`."""
        return cls(f"no {kind} is called {name}; there are: {', '.join(sorted(there)) or 'none'}{hint}")


class RegistrationError(DeploymentError):
    """Prefect did not take something, or does not have what it must. Its message is for people."""
