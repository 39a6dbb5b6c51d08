"""What a trigger asks for: typed arguments, and what is right for each."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from wa_integrasi.catalog.fields import Entry, Flag, Line, Title, wrong
from wa_integrasi.typed.days import read_days
from wa_integrasi.typed.patterns import PatternError, compile_pattern
from wa_integrasi.typed.words import plain, words_of

ARGUMENT_NAME = "^[a-z][a-z0-9_]{0,30}$"
LONGEST_TAG = 100
_MOST_CHOICES = 50
_SOME_DAY = date(2026, 1, 1)
_EXAMPLE = "A value that people are shown where it is asked for and explained."


def _pattern(pattern: str) -> str:
    try:
        compile_pattern(pattern)
    except PatternError as error:
        raise wrong(str(error)) from None
    return pattern


def _argument_name(name: str) -> str:
    if not re.fullmatch(ARGUMENT_NAME, name):
        raise wrong(f"found {name[:40]!r}, must be 1 to 31 small letters, digits and _, such as nomor_boiler")
    return name


Name = Annotated[str, AfterValidator(_argument_name)]
Pattern = Annotated[str, StringConstraints(max_length=300), AfterValidator(_pattern)]
Whole = Annotated[int, Field(strict=True, ge=-(10**15), le=10**15)]
Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]


class _Argument(Entry):
    name: Name = Field(description="Its name: in binds (:boiler), and where people type boiler=2.", examples=["boiler"])
    kind: str = Field(description="What may be typed.")
    title: Line = Field(
        default="", description="What people are asked for; its name where empty.", examples=["Nomor boiler"]
    )
    required: Flag = Field(
        default=True, description="Whether it must be typed. With a default it need not; without both it is NULL."
    )

    @property
    def label(self) -> str:
        """What people are asked for."""
        return self.title or self.name.replace("_", " ")

    @property
    def binds(self) -> tuple[str, ...]:
        """The binds that a query has of it."""
        return (self.name,)


class _Ranged(_Argument):
    def _in_order(self, minimum: float | None, maximum: float | None, **given: float | None) -> None:
        if minimum is not None and maximum is not None and minimum > maximum:
            raise wrong(f"minimum: found {minimum}, must be {maximum} (the maximum) or less")
        for field, value in given.items():
            if value is not None and minimum is not None and value < minimum:
                raise wrong(f"{field}: found {value}, must be {minimum} or more")
            if value is not None and maximum is not None and value > maximum:
                raise wrong(f"{field}: found {value}, must be {maximum} or less")


class IntArgument(_Ranged):
    """A whole number."""

    kind: Literal["int"] = Field(description="A whole number.")
    minimum: Whole | None = Field(default=None, description="The smallest that is right.")
    maximum: Whole | None = Field(default=None, description="The largest that is right.")
    default: Whole | None = Field(default=None, description="What counts when nothing is typed.")
    example: Whole | None = Field(default=None, description=_EXAMPLE)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self._in_order(self.minimum, self.maximum, default=self.default, example=self.example)
        return self


class NumberArgument(_Ranged):
    """A number that may have decimals."""

    kind: Literal["number"] = Field(description="A number, typed as 1.234,5 or in English as 1,234.5.")
    minimum: Number | None = Field(default=None, description="The smallest that is right.")
    maximum: Number | None = Field(default=None, description="The largest that is right.")
    default: Number | None = Field(default=None, description="What counts when nothing is typed.")
    example: Number | None = Field(default=None, description=_EXAMPLE)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self._in_order(self.minimum, self.maximum, default=self.default, example=self.example)
        return self


class DateArgument(_Argument):
    """A day or several."""

    kind: Literal["date"] = Field(
        description="A day: 2026-11-19, 19/11, 19 nov 2026, kemarin. For the argument hari a query has :hari "
        "(2026-11-19), and :hari_start and :hari_end, its bounds as UTC text."
    )
    range: Flag = Field(default=False, description="Whether several days are right too: 1-7 nov, minggu lalu.")
    max_days: Annotated[int, Field(strict=True)] = Field(
        default=366, ge=1, le=3660, description="The most days of a range."
    )
    future: Flag = Field(default=False, description="Whether days that are still to come are right.")
    default: Line | None = Field(
        default=None, description="What counts when nothing is typed, as people type it.", examples=["kemarin"]
    )
    example: Title | None = Field(default=None, description=_EXAMPLE, examples=["1-7 nov"])

    @property
    def binds(self) -> tuple[str, ...]:
        """Its first day, and its bounds."""
        return (self.name, f"{self.name}_start", f"{self.name}_end")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for field, typed in (("default", self.default), ("example", self.example)):
            if typed is not None:
                self._is_right(field, typed)
        return self

    def _is_right(self, field: str, typed: str) -> None:
        days = read_days(" ".join(plain(typed).split()), _SOME_DAY, future=self.future)
        if days is None or not (self.range or days.one):
            days_or_one = "days as people type them" if self.range else "a day as people type it"
            raise wrong(f"{field}: found {typed!r}, must be {days_or_one}, such as kemarin")
        if days.first > _SOME_DAY and not self.future:
            raise wrong(f"{field}: found {typed!r}, which is to come, must be past or have future: true")


class Choice(Entry):
    """One of several values, with other words for it."""

    value: Title = Field(description="What the query gets.", examples=["TI-2001.PV"])
    words: tuple[Title, ...] = Field(
        default=(), description="What people may type for it besides its value.", examples=[["boiler 1", "b1"]]
    )


def _choice_tag(choice: Any) -> str:
    return "text" if isinstance(choice, str) else "entry"


_ChoiceEntry = Annotated[Annotated[Title, Tag("text")] | Annotated[Choice, Tag("entry")], Discriminator(_choice_tag)]


class ChoiceArgument(_Argument):
    """One of a list."""

    kind: Literal["choice"] = Field(description="One of a list, typed as it is, or by its number when it is asked for.")
    choices: tuple[_ChoiceEntry, ...] = Field(
        min_length=1,
        max_length=_MOST_CHOICES,
        description="What there is to choose from: texts, or a value with other words for it.",
    )
    default: Title | None = Field(default=None, description="What counts when nothing is typed.")
    example: Title | None = Field(default=None, description=_EXAMPLE)

    @property
    def options(self) -> tuple[Choice, ...]:
        """The choices, each with its words."""
        return tuple(Choice(value=choice) if isinstance(choice, str) else choice for choice in self.choices)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        seen: dict[tuple[str, ...], str] = {}
        for option in self.options:
            for text in (option.value, *option.words):
                if not (words := words_of(text)):
                    raise wrong(f"choices: found {text!r}, must have a letter or a digit")
                if seen.setdefault(words, option.value) != option.value:
                    raise wrong(f"choices: found {text!r} for two, must be for one")
        values = [option.value for option in self.options]
        if len(set(values)) < len(values):
            raise wrong("choices: found one more than once, must be once")
        for field, given in (("default", self.default), ("example", self.example)):
            if given is not None and given not in values:
                raise wrong(f"{field}: found {given!r}, must be one of the choices")
        return self


class TagArgument(_Argument):
    """The name of a measuring point: one word with a pattern."""

    kind: Literal["tag"] = Field(description="The name of a measuring point, one word.")
    pattern: Pattern = Field(
        description="What the whole of it must look like, as a regular expression; capitals do not matter.",
        examples=["[A-Z]{2}-[0-9]{4}"],
    )
    letters: Literal["upper", "lower", "as-typed"] = Field(
        default="upper", description="The letters that the query gets."
    )
    default: Title | None = Field(default=None, description="What counts when nothing is typed.")
    example: Title | None = Field(default=None, description=_EXAMPLE)

    def spelled(self, typed: str) -> str:
        """A tag in the letters that the query gets."""
        return {"upper": typed.upper(), "lower": typed.lower()}.get(self.letters, typed)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        fits = compile_pattern(self.pattern)
        if self.default is not None and not fits(self.default):
            raise wrong(f"default: found {self.default!r}, must look like {self.pattern}")
        if self.example is not None and not (fits(self.example) and len(self.example.split()) == 1):
            raise wrong(f"example: found {self.example!r}, must be one word that looks like {self.pattern}")
        return self


class TextArgument(_Argument):
    """Free text."""

    kind: Literal["text"] = Field(description="Free text: the rest of what was typed, where it is the last argument.")
    pattern: Pattern | None = Field(
        default=None, description="What the whole of it must look like, as a regular expression."
    )
    max_length: Annotated[int, Field(strict=True)] = Field(
        default=200, ge=1, le=2000, description="The most characters."
    )
    default: Line | None = Field(default=None, description="What counts when nothing is typed.")
    example: Title | None = Field(default=None, description=_EXAMPLE)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for field, given in (("default", self.default), ("example", self.example)):
            if given is not None and len(given) > self.max_length:
                raise wrong(f"{field}: found {len(given)} characters, must be {self.max_length} at most")
            if given is not None and self.pattern and not compile_pattern(self.pattern)(given):
                raise wrong(f"{field}: found {given!r}, must look like {self.pattern}")
        return self


Argument = Annotated[
    IntArgument | NumberArgument | DateArgument | ChoiceArgument | TagArgument | TextArgument,
    Field(discriminator="kind"),
]
