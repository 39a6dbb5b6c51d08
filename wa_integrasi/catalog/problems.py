"""What is wrong with a catalog, in words that name the place, what was found there and what is valid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from wa_integrasi.catalog.rules import Location, either

_SHOWN = 40
_KINDS = {
    "string_type": 'text; put it in "quotes", or below a | when it has several lines',
    "int_type": "a whole number without quotes or leading zeros",
    "float_type": "a number, with a point before its decimals",
    "float_parsing": "a number, with a point before its decimals",
    "finite_number": "a number, not an infinite one",
    "bool_type": "true or false",
    "tuple_type": "a list of names, each on a line of its own after a dash",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "dict_type": "a mapping (key: value)",
}
"""By the type of a validation error: what must be there instead."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    line: int
    column: int | None = None

    def __str__(self) -> str:
        column = "" if self.column is None else f":{self.column}"
        return f"{self.file}:{self.line}{column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a catalog file."""

    place: Place
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.path}: {self.text}" if self.path else f"{self.place}: {self.text}"


class CatalogError(ValueError):
    """A catalog cannot be used. Its message has one line for each problem, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(map(str, self.problems)))


def path_of(at: Location) -> str:
    """`reports.rekap-harian.recipients[2]`."""
    path = ""
    for step in at:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def describe(found: object) -> str:
    """What was found, short and on one line."""
    match found:
        case None:
            return "nothing"
        case bool():
            return str(found).lower()
        case str():
            return repr(found if len(found) <= _SHOWN else f"{found[: _SHOWN - 1]}…")
        case dict():
            return "a mapping (key: value)"
        case list() | tuple():
            return "a list"
        case _:
            return str(found)


def explain(error: ErrorDetails, description: str) -> str:
    """A validation error in the words of this module. `description` says what the field is for."""
    context = error.get("ctx", {})
    found = describe(error["input"])
    match error["type"]:
        case "missing":
            return f"found nothing, must be given: {description}"
        case "catalog":
            return error["msg"]
        case "string_too_long":
            return f"found {len(error['input'])} characters, must be {context['max_length']} at most"
        case "string_pattern_mismatch":
            return f"found {found}, must be a name of 1 to 63 small letters, digits and dashes, such as rekap-harian"
        case "value_error":
            said = error["msg"].removeprefix("Value error, ")
            return said if isinstance(error["input"], list | tuple | dict) else f"found {found}: {said}"
        case "too_short":
            return "found an empty list, must be one name at least"
        case "too_long":
            return f"found {context['actual_length']} entries, must be {context['max_length']} at most"
        case "union_tag_not_found":
            return "kind: found nothing, must be given: what kind it is"
        case "union_tag_invalid":
            return f"kind: found {describe(context['tag'])}, must be {_words(str(context['expected_tags']))}"
        case kind:
            return f"found {found}, must be {_valid(kind, context) or error['msg']}"


def _valid(kind: str, context: dict[str, Any]) -> str:
    match kind:
        case "literal_error":
            return _words(str(context["expected"]))
        case "greater_than_equal":
            return f"{context['ge']} or more"
        case "less_than_equal":
            return f"{context['le']} or less"
        case _:
            return _KINDS.get(kind, "")


def _words(expected: str) -> str:
    return either(expected.replace("'", "").replace(" or ", ", ").split(", "))
