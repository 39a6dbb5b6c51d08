"""The kinds of errors that the command line shows as lines and nothing more."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

from wa_integrasi.catalog.rules import missing


class DeploymentError(Exception):
    """Something around the program is not as it must be. Its message is for people."""


class NotThereError(DeploymentError):
    """Something is named that is not there. Its message is for people, and says what is there or who lists it."""

    @classmethod
    def of(cls, kind: str, name: str, there: Collection[str], hint: str = "") -> Self:
        """As `wa_integrasi.catalog.rules.missing` says it."""
        return cls(f"{missing(kind, name, there)}{hint}")


class RegistrationError(DeploymentError):
    """Prefect did not take something, or does not have what it must. Its message is for people."""
