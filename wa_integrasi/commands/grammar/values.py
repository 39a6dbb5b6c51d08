"""One argument: from what was typed to a value, from there to JSON and to the binds of a query."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import assert_never

from wa_integrasi.catalog.arguments import (
    LONGEST_TAG,
    Argument,
    ChoiceArgument,
    DateArgument,
    IntArgument,
    NumberArgument,
    TagArgument,
    TextArgument,
)
from wa_integrasi.commands.grammar.readings import Problem, Value, Wrong
from wa_integrasi.typed.days import MOST_TOKENS, Days, read_backwards, read_days, spelled
from wa_integrasi.typed.numbers import read_number, read_whole
from wa_integrasi.typed.patterns import compile_pattern
from wa_integrasi.typed.words import Token, plain, tokens_of, words_of

_LONGEST_GIVEN = 4_000


@dataclass(frozen=True, slots=True)
class Setting:
    """Who typed it and when: the language decides what `1.234` is, the day what `kemarin` is."""

    language: str
    today: date


@dataclass(frozen=True)
class Reader:
    """Reads one argument; made once, used for every text."""

    argument: Argument
    fits: Callable[[str], bool] = field(repr=False)
    options: Mapping[tuple[str, ...], str] = field(repr=False)
    widest: int
    """The most tokens that it may take; a text takes all."""

    @classmethod
    def of(cls, argument: Argument) -> Reader:
        """The reader of an argument."""
        pattern = argument.pattern if isinstance(argument, TagArgument | TextArgument) else None
        options: dict[tuple[str, ...], str] = {}
        widest = 1
        if isinstance(argument, ChoiceArgument):
            options = {words_of(text): each.value for each in argument.options for text in (each.value, *each.words)}
            widest = max(map(len, options))
        elif isinstance(argument, DateArgument):
            widest = MOST_TOKENS
        return cls(argument, compile_pattern(pattern) if pattern else lambda _: True, options, widest)

    @property
    def needed(self) -> bool:
        """Whether it must be typed."""
        return self.argument.required and self.argument.default is None

    @property
    def free(self) -> bool:
        """Whether it takes nearly anything, so that a misspelt word of a phrase would be a value too."""
        return isinstance(self.argument, TextArgument | TagArgument)

    def default(self, setting: Setting) -> Value:
        """What counts when nothing was typed."""
        if isinstance(self.argument, DateArgument) and self.argument.default is not None:
            read = _days(" ".join(plain(self.argument.default).split()), self.argument, setting)
            return None if isinstance(read, Problem) else read
        return self.argument.default

    def numbered(self, number: str) -> str | None:
        """The choice that has a number in the list that people are shown, counted from 1."""
        if not isinstance(self.argument, ChoiceArgument) or not number.isdecimal() or len(number) > 3:
            return None
        at = int(number) - 1
        return self.argument.options[at].value if 0 <= at < len(self.argument.options) else None

    def read(self, tokens: Sequence[Token], setting: Setting) -> Value | Problem:
        """The value that some tokens are."""
        argument = self.argument
        bare = " ".join(token.bare for token in tokens)
        match argument:
            case IntArgument():
                whole = read_whole(bare, setting.language)
                return Problem(Wrong.NO_WHOLE) if whole is None else _ranged(whole, argument)
            case NumberArgument():
                number = read_number(bare, setting.language)
                return Problem(Wrong.NO_NUMBER) if number is None else _ranged(number, argument)
            case DateArgument():
                return _days(bare, argument, setting)
            case ChoiceArgument():
                return self.options.get(words_of(bare), Problem(Wrong.NO_CHOICE))
            case TagArgument():
                return self._tag(argument, tokens)
            case TextArgument():
                return self._text(
                    argument, " ".join(token.raw for token in tokens) if len(tokens) > 1 else tokens[0].value
                )
            case _:
                assert_never(argument)

    def given(self, value: float | str, setting: Setting) -> Value | Problem:
        """The value that a program gives, as JSON has it; several days also as `dump` writes them."""
        argument = self.argument
        if isinstance(argument, NumberArgument) and isinstance(value, float):
            return _ranged(value, argument) if math.isfinite(value) else Problem(Wrong.NO_NUMBER)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if isinstance(argument, TextArgument):
            return self._text(argument, text)
        if len(text) > _LONGEST_GIVEN:
            return Problem(Wrong.TOO_LONG, _LONGEST_GIVEN)
        if isinstance(argument, DateArgument) and text[4:5] == "-":
            text = text.replace("/", " - ")
        tokens = tokens_of(text)
        return self.read(tokens, setting) if tokens else Problem(Wrong.NO_FIT)

    def _tag(self, argument: TagArgument, tokens: Sequence[Token]) -> Value | Problem:
        typed = tokens[0].bare
        if len(tokens) > 1 or len(typed) > LONGEST_TAG or not self.fits(typed):
            return Problem(Wrong.NO_TAG)
        return argument.spelled(typed)

    def _text(self, argument: TextArgument, text: str) -> Value | Problem:
        if len(text) > argument.max_length:
            return Problem(Wrong.TOO_LONG, argument.max_length)
        return text if text and self.fits(text) else Problem(Wrong.NO_FIT)


def binds(arguments: Mapping[str, Value], zone: str, now: datetime) -> dict[str, int | float | str | None]:
    """The bound parameters of a trigger's query: its arguments, and `now`.

    Moments are UTC text. Of a date `hari` there are `hari` (its first day), `hari_start` (within) and `hari_end`
    (without).
    """
    return {"now": now.astimezone(UTC).isoformat(timespec="seconds"), **bound(arguments, zone)}


def bound(arguments: Mapping[str, Value], zone: str) -> dict[str, int | float | str | None]:
    """The arguments alone as bound parameters."""
    values: dict[str, int | float | str | None] = {}
    for name, value in arguments.items():
        match value:
            case date() | Days():
                days = value if isinstance(value, Days) else Days(value, value)
                values[name] = days.first.isoformat()
                values[f"{name}_start"], values[f"{name}_end"] = days.bounds(zone)
            case _:
                values[name] = value
    return values


def dump(arguments: Mapping[str, Value]) -> dict[str, int | float | str | None]:
    """Arguments as JSON: a day as `2026-11-19`, several as `2026-11-01/2026-11-07`."""
    return {name: _dumped(value) for name, value in arguments.items()}


def load(stored: Mapping[str, object], arguments: Sequence[Argument]) -> dict[str, Value]:
    """What `dump` has written, for those arguments that there still are. Raises `ValueError` for anything else."""
    loaded: dict[str, Value] = {}
    for argument in arguments:
        if argument.name not in stored:
            continue
        value = stored[argument.name]
        if value is not None and not isinstance(value, int | float | str):
            raise ValueError(f"the argument {argument.name} is stored as no single value")
        if isinstance(argument, DateArgument) and value is not None:
            first, _, last = str(value).partition("/")
            days = Days(date.fromisoformat(first), date.fromisoformat(last or first))
            loaded[argument.name] = days if argument.range else days.first
        else:
            loaded[argument.name] = value
    return loaded


def _dumped(value: Value) -> int | float | str | None:
    match value:
        case Days():
            return f"{value.first.isoformat()}/{value.last.isoformat()}"
        case date():
            return value.isoformat()
        case _:
            return value


def _ranged(number: float, argument: IntArgument | NumberArgument) -> Value | Problem:
    if argument.minimum is not None and number < argument.minimum:
        return Problem(Wrong.TOO_SMALL, argument.minimum)
    if argument.maximum is not None and number > argument.maximum:
        return Problem(Wrong.TOO_LARGE, argument.maximum)
    return number


def _days(text: str, argument: DateArgument, setting: Setting) -> Value | Problem:
    days = read_days(text, setting.today, future=argument.future)
    if days is None:
        turned = read_backwards(text, setting.today, future=argument.future) if "-" in text or " " in text else None
        return Problem(Wrong.NO_DAY) if turned is None else _backwards(turned, argument, setting)
    return _right(days, argument, setting)


def _right(days: Days, argument: DateArgument, setting: Setting) -> date | Days | Problem:
    if not argument.future and days.first > setting.today:
        return Problem(Wrong.FUTURE)
    if not argument.range:
        return days.first if days.one else Problem(Wrong.ONE_DAY)
    return days if days.count <= argument.max_days else Problem(Wrong.TOO_MANY_DAYS, argument.max_days)


def _backwards(turned: Days, argument: DateArgument, setting: Setting) -> Problem:
    """What is wrong with a range that runs backwards, and would be with the right one."""
    right = _right(turned, argument, setting)
    return right if isinstance(right, Problem) else Problem(Wrong.BACKWARDS, instead=spelled(turned, setting.language))
