"""What the bot remembers of a person in a chat: what it has asked, and which page they are on. Five minutes long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wa_integrasi.catalog.arguments import Argument, TextArgument
from wa_integrasi.catalog.phrases import Builtin as Name
from wa_integrasi.commands.confirming import Confirmation
from wa_integrasi.commands.grammar import (
    LONGEST_TEXT,
    Ambiguous,
    Builtin,
    Candidate,
    Missing,
    Phrasebook,
    Problem,
    Reader,
    Reading,
    Setting,
    Unknown,
    dump,
    load,
    read,
    read_answer,
    read_arguments,
    without_mentions,
)
from wa_integrasi.commands.grammar.arguments import GENERAL
from wa_integrasi.commands.grammar.book import Shown
from wa_integrasi.commands.grammar.likeness import resembles
from wa_integrasi.commands.grammar.manners import Tone, ending
from wa_integrasi.typed.words import Token, tokens_of

LASTS = timedelta(minutes=5)
WARNED = timedelta(minutes=1)
"""How long before its end people are told that it ends."""

_YES = frozenset({"ya", "y", "yes", "iya", "ok", "oke"})
_CANCEL = Builtin(Name.CANCEL)


@dataclass(frozen=True, slots=True)
class Question:
    """The bot has asked for an argument."""

    trigger: str
    argument: str
    asked_at: datetime
    known: Mapping[str, Any] = field(default_factory=dict)
    """As `grammar.dump` writes them."""
    rest: tuple[str, ...] = ()
    by: str = ""
    """The code of the command that was answered by it."""
    instead: str = ""
    """What a yes stands for: `Problem.instead`."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The bot has shown a numbered list: what may have been meant, or a menu."""

    candidates: tuple[Candidate, ...]
    asked_at: datetime
    by: str = ""
    """As that of a `Question`."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where somebody is in a long answer; `answer` says which."""

    answer: str
    number: int
    pages: int
    shown_at: datetime

    def turned(self, by: int, now: datetime) -> Page | None:
        """The page after (1) or before (-1) this one; None where there is none."""
        number = self.number + by
        return replace(self, number=number, shown_at=now) if 1 <= number <= self.pages else None


@dataclass(frozen=True, slots=True)
class Memory:
    """All of it."""

    asked: Question | Choice | None = None
    page: Page | None = None
    confirmation: Confirmation | None = None

    def at(self, now: datetime) -> Memory:
        """What is still remembered at a moment."""
        return Memory(
            self.asked if self.asked and now < self.asked.asked_at + LASTS else None,
            self.page if self.page and now < self.page.shown_at + LASTS else None,
            self.confirmation if self.confirmation and now < self.confirmation.expires_at else None,
        )

    @property
    def warn_at(self) -> datetime | None:
        """When to say that a question is soon forgotten."""
        return self.asked.asked_at + LASTS - WARNED if self.asked else None

    def waits_for(self, question: str) -> bool:
        """Whether a question is still open, by its `by`."""
        open_ones = (self.asked, self.confirmation)
        return any(each is not None and each.by == question for each in open_ones)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to remember."""
        return self == Memory()

    def to_json(self) -> dict[str, Any]:
        """It as JSON; nothing where it is empty."""
        stored: dict[str, Any] = {}
        if self.asked:
            stored["asked"] = {**asdict(self.asked), "asked_at": self.asked.asked_at.isoformat()}
        if self.page:
            stored["page"] = {**asdict(self.page), "shown_at": self.page.shown_at.isoformat()}
        if self.confirmation:
            stored["confirmation"] = self.confirmation.to_json()
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Memory:
        """What `to_json` has written."""
        asked, page, confirmation = (stored.get(key) for key in ("asked", "page", "confirmation"))
        return cls(
            _asked(asked) if asked else None,
            Page(**{**page, "shown_at": datetime.fromisoformat(page["shown_at"])}) if page else None,
            Confirmation.from_json(confirmation) if confirmation else None,
        )


def question(missing: Missing, now: datetime, by: str = "") -> Question | None:
    """What to remember when somebody is asked for what is missing; nothing where they typed too many words."""
    if missing.argument is None:
        return None
    instead = missing.problem.instead if missing.problem else ""
    return Question(missing.trigger, missing.argument, now, dump(missing.known), missing.rest, by, instead)


def choice(reading: Ambiguous | Unknown, now: datetime, by: str = "") -> Choice | None:
    """What to remember when somebody is shown what may have been meant."""
    candidates = reading.candidates if isinstance(reading, Ambiguous) else reading.suggestions
    return Choice(candidates, now, by) if candidates else None


def answer(
    asked: Question | Choice,
    text: str,
    book: Phrasebook,
    *,
    now: datetime,
    language: str = "id",
    mentioned: bool = False,
    shown: Shown = lambda _: True,
) -> Reading | None:
    """What a text is as an answer to what was asked; None where it is none, and to be read as any other (`read`).

    A command is always a command: with it somebody has gone on to something else. Only where free text was asked for
    are the commands of the system itself the only ones, and of those with words of courtesy only the one that cancels.
    In a group, ask only with what is for the bot (`read` tells).
    """
    if now >= asked.asked_at + LASTS or len(text) > LONGEST_TEXT:
        return None
    tokens = without_mentions(text, mentioned=mentioned)
    polite = tokens[: ending(tokens)[0]]
    setting = Setting(language, now.astimezone(ZoneInfo(book.zone)).date())
    if isinstance(asked, Choice):
        return _chosen(asked, tokens, book, language, now)
    if asked.instead and _agrees(tokens):
        meant = answer(replace(asked, instead=""), asked.instead, book, now=now, language=language)
        return meant or read(asked.instead, book, now=now, language=language)
    argument = _argument(asked, book)
    free = isinstance(argument, TextArgument)
    command = read(text, book, now=now, language=language, mentioned=mentioned, shown=shown, exact=free)
    if argument is None or isinstance(command, Builtin) or not (free or isinstance(command, Unknown)):
        return None
    if free and read(text, book, now=now, language=language, mentioned=mentioned, shown=shown) == _CANCEL:
        return None
    return _given(asked, tokens, polite, book, setting, command)


def _chosen(asked: Choice, tokens: Sequence[Token], book: Phrasebook, language: str, now: datetime) -> Reading | None:
    said = _says(tokens[: ending(tokens)[0]]).rstrip(")")
    number = 1 if _agrees(tokens) and len(asked.candidates) == 1 else int(said) if _is_number(said) else None
    if number is None:
        return None
    if not 1 <= number <= len(asked.candidates):
        return Ambiguous(asked.candidates)
    return read(asked.candidates[number - 1].text, book, now=now, language=language)


def _argument(asked: Question, book: Phrasebook) -> Argument | None:
    """What is asked for; None where the catalog has it no more."""
    trigger = book.triggers.get(asked.trigger)
    return next((each for each in trigger.arguments if each.name == asked.argument), None) if trigger else None


def _given(
    asked: Question,
    tokens: Sequence[Token],
    polite: Sequence[Token],
    book: Phrasebook,
    setting: Setting,
    command: Reading,
) -> Reading:
    readers = book.readers[asked.trigger]
    reader = next(each for each in readers if each.argument.name == asked.argument)
    known = load(asked.known, book.triggers[asked.trigger].arguments)
    value = read_answer(reader, tokens, setting)
    if isinstance(value, Problem) and 0 < len(polite) < len(tokens):
        tokens, value = polite, read_answer(reader, polite, setting)
    if isinstance(value, Problem):
        if isinstance(command, Unknown) and command.suggestions and _is_no_answer(value, reader, tokens, setting):
            value = replace(value, instead=command.suggestions[0].text)
        given = " ".join(token.raw for token in tokens)
        return Missing(asked.trigger, asked.argument, given, value, known, asked.rest)
    rest = tokens_of(" ".join(asked.rest))
    return read_arguments(asked.trigger, readers, rest, setting, {**known, asked.argument: value})


def _is_no_answer(problem: Problem, reader: Reader, tokens: Sequence[Token], setting: Setting) -> bool:
    """Whether what was typed is no try at a value, and a yes is none either."""
    yes = reader.read(tokens_of("ya"), setting)
    return problem.wrong in GENERAL and not resembles(reader, tokens) and isinstance(yes, Problem)


def _agrees(tokens: Sequence[Token]) -> bool:
    """Whether it is a yes, perhaps a polite one: `ya pak`. `ya berapa?` asks something."""
    behind, tone = ending(tokens[1:])
    return bool(tokens) and tokens[0].bare in _YES and behind == 0 and tone is not Tone.ASKING


def _says(tokens: Sequence[Token]) -> str:
    return " ".join(token.bare for token in tokens)


def _is_number(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) <= 3


def _asked(stored: Mapping[str, Any]) -> Question | Choice:
    at = datetime.fromisoformat(stored["asked_at"])
    if "candidates" in stored:
        return Choice(_candidates(stored["candidates"]), at, stored.get("by", ""))
    rest, by = tuple(stored["rest"]), stored.get("by", "")
    return Question(stored["trigger"], stored["argument"], at, stored["known"], rest, by, stored.get("instead", ""))


def _candidates(stored: Sequence[Mapping[str, Any]]) -> tuple[Candidate, ...]:
    return tuple(Candidate(**candidate) for candidate in stored)
