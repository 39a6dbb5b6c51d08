"""What must hold between the fields of a catalog, and the words in which it is told that it does not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

Location = tuple[str | int, ...]

REFERENCES = "broken_references"
"""The type of the validation error that carries what `broken_references` found."""

SLOT_BINDS = ("slot_start", "slot_end", "slot_date", "as_of", "as_of_date")
"""What every report's query may bind: the period's start and end as UTC text, its first local day, and as of when."""

_OF_CHATS = {"display_name": "", "salutation": "", "honorific": "", "closing": "", "language": "id"}
"""What a group chat may say of itself, and what it says where nothing is said."""

_BIND = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w])")
_QUOTED = re.compile(r"(?<!')':(\w+)'(?!')")
_NO_BINDS = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|--[^\n]*|/\*.*?\*/""", re.DOTALL)
"""Texts, quoted names and comments: a colon in them is one."""
_CAST = re.compile(r"(?<![:\w\\]):(\w+)::")
_LISTED = 12


def bind_problems(query: str, binds: Collection[str]) -> Iterator[str]:
    """What is wrong with the binds of a query that has `binds`, one text for each."""
    for name in dict.fromkeys(_QUOTED.findall(query)):
        if name in binds:
            yield f"found ':{name}' in quotes, which is a text, must be :{name} without them"
    query = _NO_BINDS.sub(" ", query)
    for name in dict.fromkeys(_CAST.findall(query)):
        yield f"found ':{name}::', must be CAST(:{name} AS …)"
    for name in dict.fromkeys(_BIND.findall(query)):
        if name not in binds:
            valid = either([f":{bind}" for bind in binds])
            yield f"found ':{name}', must be {valid}{suggest(name, binds)}; a plain colon needs a space behind it"


def group_problem(group: Mapping[str, Any]) -> str | None:
    """What is wrong with the shape of a group, or None."""
    must = "must be one of the two: a list of contacts or a group chat"
    match bool(group.get("members")), group.get("chat_id") is not None:
        case True, True:
            return f"found members and chat_id, {must}"
        case False, False if "members" in group:
            return "found no members, must be at least one contact"
        case False, False:
            return f"found neither members nor chat_id, {must}"
        case True, False if of_chat := [name for name, plain in _OF_CHATS.items() if group.get(name, plain) != plain]:
            return f"found {either(of_chat)}, must be of a group with a chat_id: members are contacts with their own"
        case _:
            return None


def cadence_problem(report: Mapping[str, Any]) -> str | None:
    """What does not fit the cadence of a report, or None."""
    if report.get("cadence") == "task_delivery":
        return (
            "found compare, must not be given: previous has the rows that were last told" if report["compare"] else None
        )
    for name, unset in (("always", ()), ("only_when_changed", True)):
        if report.get(name, unset) != unset:
            return f"found {name}, must not be given: only a report of the cadence task_delivery has it"
    return None


def suggest(found: str, valid: Collection[str]) -> str:
    """` (did you mean 'x'?)`, or nothing where no valid word is near."""
    near = difflib.get_close_matches(found, list(valid), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def missing(kind: str, name: str, there: Collection[str]) -> str:
    """`no report is called harain (did you mean 'harian'?); there are: harian, mingguan`; of many only the first."""
    names = sorted(set(there))
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"no {kind} is called {name}{suggest(name, names)}; there are: {', '.join(names[:_LISTED]) or 'none'}{more}"


def either(words: Collection[str]) -> str:
    """`a, b or c`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def unknown(found: str, kind: str, valid: Collection[str], groups: Collection[str] = ()) -> str:
    """That a name is not one of `valid`."""
    if found in groups:
        return f"found the group {found!r}, must be the name of a {kind}"
    known = f": {either(sorted(set(valid)))}" if 0 < len(valid) <= _LISTED else "" if valid else "; there is none yet"
    return f"found {found!r}, must be the name of a {kind}{known}{suggest(found, valid)}"


def names_in(catalog: Mapping[str, Any], section: str) -> Collection[str]:
    """The names of a section."""
    entries = catalog.get(section)
    return entries.keys() if isinstance(entries, Mapping) else ()


def entries_in(catalog: Mapping[str, Any], section: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The entries of a section that are legible."""
    entries = catalog.get(section)
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        if isinstance(entry, Mapping):
            yield name, entry


def listed(names: object) -> Iterator[tuple[int, str]]:
    """The texts of a list with their places."""
    for at, name in enumerate(names) if isinstance(names, list | tuple) else ():
        if isinstance(name, str):
            yield at, name


def legible_arguments(arguments: object) -> Sequence[tuple[int, Mapping[str, Any]]]:
    """The arguments of a trigger, or the parameters of a report, that have a name, with their places."""
    items = arguments if isinstance(arguments, list | tuple) else ()
    return [
        (number, item)
        for number, item in enumerate(items)
        if isinstance(item, Mapping) and isinstance(item.get("name"), str)
    ]


def binds_of(argument: Mapping[str, Any]) -> list[str]:
    """The binds that a query has of an argument."""
    name = str(argument["name"])
    return [name, f"{name}_start", f"{name}_end"] if argument.get("kind") == "date" else [name]


def needed(argument: Mapping[str, Any]) -> bool:
    """Whether an argument must be given."""
    return argument.get("required", True) is True and argument.get("default") is None
