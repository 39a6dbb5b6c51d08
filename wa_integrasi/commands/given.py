"""Arguments that programs give by their names, as JSON: read as if they had been typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wa_integrasi.catalog.arguments import Argument, ChoiceArgument
from wa_integrasi.catalog.rules import suggest
from wa_integrasi.commands import words
from wa_integrasi.commands.grammar import Problem, Reader, Setting, Value


class GivenError(ValueError):
    """What a program gave is not what is asked for. Its text is for the program's author, and holds no value."""

    def __init__(self, faults: Mapping[str, str], where: str) -> None:
        """`faults`: by the name of each argument what is wrong with it, and what it must be."""
        super().__init__("; ".join(f"{where}.{name}: {reason}" for name, reason in faults.items()))
        self.faults = faults


def read_given(
    readers: Iterable[Reader], given: Mapping[str, Any], setting: Setting, where: str = "arguments"
) -> dict[str, Value]:
    """The value of each argument, its default where nothing was given. Raises `GivenError`, which names all faults."""
    asked = {reader.argument.name: reader for reader in readers}
    faults = {_shown(name): _unknown(str(name), asked) for name in given if name not in asked}
    values: dict[str, Value] = {}
    for name, reader in asked.items():
        value = given.get(name)
        if value is None:
            values[name] = reader.default(setting)
            fault = "is missing" if reader.needed else None
        else:
            values[name], fault = _read(value, reader, setting)
        if fault is not None:
            faults[name] = f"{fault}, must be {_form(reader.argument)}"
    if faults:
        raise GivenError(faults, where)
    return values


def _read(value: object, reader: Reader, setting: Setting) -> tuple[Value, str | None]:
    if not isinstance(value, bool | int | float | str):
        return None, f"found a {type(value).__name__}"
    read = reader.given(value, setting)
    return (None, words.problem(read, "en")) if isinstance(read, Problem) else (read, None)


def _form(argument: Argument) -> str:
    if isinstance(argument, ChoiceArgument):
        return f"one of {', '.join(option.value for option in argument.options)}"
    return words.form(argument, "en")


def _unknown(name: str, asked: Mapping[str, Reader]) -> str:
    return f"there is no such argument{suggest(name, asked)}, there are: {', '.join(asked) or 'none'}"


def _shown(name: object) -> str:
    """A name that a program has made up, fit for a line."""
    return "".join(sign if sign.isprintable() else " " for sign in str(name)[:40]).strip() or "(a name)"
