"""What a text that somebody typed turns out to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from wa_integrasi.catalog.phrases import Builtin as Name
from wa_integrasi.typed.days import Days

Value = int | float | str | date | Days | None
"""An argument: `Days` for a date argument that takes a range, `date` for the others; None where it may be left out."""


class Wrong(StrEnum):
    """What can be wrong with what was typed for an argument."""

    NO_WHOLE = "no_whole"
    NO_NUMBER = "no_number"
    NO_DAY = "no_day"
    NO_CHOICE = "no_choice"
    NO_TAG = "no_tag"
    NO_FIT = "no_fit"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    TOO_MANY_DAYS = "too_many_days"
    BACKWARDS = "backwards"
    ONE_DAY = "one_day"
    FUTURE = "future"
    TWICE = "twice"
    TOO_MANY_WORDS = "too_many_words"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a value, and the limit that it passes, where it is that."""

    wrong: Wrong
    limit: int | float | None = None
    instead: str = ""
    """What may have been meant, as it would be typed: a value, or another command."""


@dataclass(frozen=True, slots=True)
class NotForUs:
    """People talk to each other in a group."""


@dataclass(frozen=True, slots=True)
class Builtin:
    """A command of the system's own."""

    name: Name
    rest: str = ""
    """What stands behind its words: the code of `ya 123456`."""


@dataclass(frozen=True, slots=True)
class Run:
    """A trigger with all that it needs. It has still to be allowed."""

    trigger: str
    arguments: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Missing:
    """A trigger of which an argument was not given (`problem` is None), or cannot be what was typed."""

    trigger: str
    argument: str | None
    """None when there are more words than arguments."""
    given: str = ""
    problem: Problem | None = None
    known: Mapping[str, Value] = field(default_factory=dict)
    """The arguments that were right."""
    rest: tuple[str, ...] = ()
    """What has not been read yet."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may have been meant."""

    trigger: str | None
    """None for a command of the system's own."""
    phrase: str
    rest: str = ""

    @property
    def text(self) -> str:
        """What would have been typed."""
        return f"{self.phrase} {self.rest}".rstrip()


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several triggers, of which the person has to choose one."""

    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """No command. What looks alike is never run, only suggested."""

    suggestions: tuple[Candidate, ...] = ()


Reading = NotForUs | Builtin | Run | Missing | Ambiguous | Unknown
