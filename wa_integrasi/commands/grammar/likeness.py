"""Whether somebody who typed no value of an argument may have meant one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from rapidfuzz import fuzz

from wa_integrasi.catalog.arguments import (
    ChoiceArgument,
    DateArgument,
    IntArgument,
    NumberArgument,
    TagArgument,
    TextArgument,
)
from wa_integrasi.commands.grammar.book import ALIKE
from wa_integrasi.commands.grammar.values import Reader
from wa_integrasi.typed.days import NAMES
from wa_integrasi.typed.words import Token


def resembles(reader: Reader, tokens: Sequence[Token]) -> bool:
    """Whether tokens look like a value: they begin with a digit where one is due, or are nearly a right word."""
    typed = " ".join(token.bare for token in tokens)
    match reader.argument:
        case IntArgument() | NumberArgument():
            return typed[:1].isdigit()
        case DateArgument():
            return typed[:1].isdigit() or _near([typed, *typed.split()[:1]], NAMES)
        case ChoiceArgument():
            return _near([typed], map(" ".join, reader.options))
        case TagArgument() | TextArgument():
            return False
        case argument:
            assert_never(argument)


def _near(typed: Sequence[str], known: Iterable[str]) -> bool:
    return any(fuzz.ratio(each, word) >= ALIKE for word in known for each in typed)
