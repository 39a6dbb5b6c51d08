"""What programs ask for: a trigger by its name, with arguments as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from wa_integrasi.catalog.arguments import DateArgument, IntArgument, NumberArgument
from wa_integrasi.commands import words
from wa_integrasi.commands.grammar import Phrasebook, Problem, Setting, Value
from wa_integrasi.commands.grammar.values import Reader
from wa_integrasi.typed.words import tokens_of

_LONGEST = 4_000


class ArgumentError(ValueError):
    """What a program gave is not what a trigger takes. Its text is for its author, and holds no value."""


def arguments_of(given: Mapping[str, Any], trigger: str, book: Phrasebook, today: date) -> dict[str, Value]:
    """The arguments of a trigger, checked as if they had been typed. Raises `ArgumentError`."""
    readers = {reader.argument.name: reader for reader in book.readers[trigger]}
    if unknown := [str(name)[:40] for name in given if name not in readers]:
        known = ", ".join(readers) or "none"
        raise ArgumentError(f"arguments: there is no {', '.join(unknown)}, there are: {known}")
    setting = Setting("en", today)
    values: dict[str, Value] = {}
    for name, reader in readers.items():
        if given.get(name) is not None:
            values[name] = _value(name, given[name], reader, setting)
        elif reader.needed:
            raise ArgumentError(f"arguments.{name}: is missing, must be {words.form(reader.argument, 'en')}")
        else:
            values[name] = reader.default(setting)
    return values


def _value(name: str, given: object, reader: Reader, setting: Setting) -> Value:
    must = f"must be {words.form(reader.argument, 'en')}"
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ArgumentError(f"arguments.{name}: found a {type(given).__name__}, {must}")
    if isinstance(given, str) and isinstance(reader.argument, IntArgument | NumberArgument):
        raise ArgumentError(f"arguments.{name}: found a text, {must}")
    text = given if isinstance(given, str) else f"{Decimal(str(given)):f}"
    if isinstance(reader.argument, DateArgument):
        text = text.replace("/", " - ") if text[4:5] == "-" else text
    tokens = tokens_of(text[: _LONGEST + 1])
    value = reader.read(tokens, setting) if tokens and len(text) <= _LONGEST else None
    if value is None:
        raise ArgumentError(f"arguments.{name}: is empty or too long, {must}")
    if isinstance(value, Problem):
        raise ArgumentError(f"arguments.{name}: {words.problem(value, 'en')}, {must}")
    return value
