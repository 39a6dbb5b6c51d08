"""What must hold between triggers, and between a trigger and the rest of the catalog, told of plain data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from wa_integrasi.catalog.arguments import Argument
from wa_integrasi.catalog.phrases import phrase_problem
from wa_integrasi.catalog.rules import (
    Location,
    bind_problems,
    binds_of,
    either,
    entries_in,
    legible_arguments,
    listed,
    names_in,
    needed,
    suggest,
    unknown,
)
from wa_integrasi.typed.words import words_of

_PLACE = re.compile(r"\{([^{}]*)\}")
_NOW = "now"
"""The bind of every trigger's query besides its arguments: the moment at which it is asked, as UTC text."""

_KINDS = ("int", "number", "date", "choice", "tag", "text")
_PLACED_KINDS = ("int", "choice", "tag")
"""Kinds of arguments that may stand within a tag or a path: what they let through is known beforehand."""

_ARGUMENT: TypeAdapter[Argument] = TypeAdapter(Argument)

Found = Iterator[tuple[Location, str]]
Fields = Mapping[str, Any]


def broken_in_triggers(catalog: Fields) -> Found:
    """Every mistake of a trigger that its own fields do not show. Skips what has no legible shape."""
    triggers = dict(entries_in(catalog, "triggers"))
    phrases: dict[tuple[str, ...], str] = {}
    roles = {role for _, contact in entries_in(catalog, "contacts") for _, role in listed(contact.get("roles"))}
    for name, trigger in triggers.items():
        at = ("triggers", name)
        yield from _phrases(at, name, trigger, phrases)
        yield from _audience(at, trigger, catalog, roles)
        yield from _names(at, trigger, catalog)
        yield from _arguments(at, trigger, catalog)
        if trigger.get("kind") == "group":
            yield from _members(at, name, trigger, triggers)


def query_binds(trigger: Fields) -> list[str]:
    """What the query of a trigger may bind."""
    arguments = legible_arguments(trigger.get("arguments"))
    return [*(bind for _, argument in arguments for bind in binds_of(argument)), _NOW]


def _phrases(at: Location, name: str, trigger: Fields, known: dict[tuple[str, ...], str]) -> Found:
    for number, phrase in listed(trigger.get("phrases")):
        words = words_of(phrase)
        if problem := phrase_problem(phrase):
            yield (*at, "phrases", number), problem
        elif words in known:
            whose = "this trigger" if known[words] == name else repr(known[words])
            yield (*at, "phrases", number), f"found {phrase!r}, which is a phrase of {whose} too, must be there once"
        else:
            known[words] = name


def _audience(at: Location, trigger: Fields, catalog: Fields, roles: set[str]) -> Found:
    groups = dict(entries_in(catalog, "groups"))
    for number, group in listed(trigger.get("groups")):
        if group not in groups:
            yield (*at, "groups", number), unknown(group, "group", groups)
        elif groups[group].get("chat_id") is None:
            text = f"found the distribution list {group!r}, must be a group with a chat_id"
            yield (*at, "groups", number), text
    asked = [((*at, "roles", number), role) for number, role in listed(trigger.get("roles"))]
    approval = trigger.get("approval")
    for place, role in [*asked, ((*at, "approval"), approval)] if isinstance(approval, str) else asked:
        # One that nobody has yet is no mistake: the person may come later.
        if role not in roles and (near := suggest(role, roles)):
            yield place, f"found {role!r}, which is the role of no contact{near}"


def _names(at: Location, trigger: Fields, catalog: Fields) -> Found:
    for field, section, kind in (("template", "chat_templates", "chat template"), ("report", "reports", "report")):
        name, valid = trigger.get(field), names_in(catalog, section)
        if isinstance(name, str) and name not in valid:
            yield (*at, field), unknown(name, kind, valid)


def _arguments(at: Location, trigger: Fields, catalog: Fields) -> Found:
    arguments = legible_arguments(trigger.get("arguments"))
    taken: dict[str, str] = {}
    for number, argument in arguments:
        name = str(argument["name"])
        for bind in binds_of(argument):
            if bind in taken or bind == _NOW:
                whose = repr(taken.get(bind, "the present moment"))
                text = f"found {name!r}, whose bind :{bind} is already that of {whose}; must be another name"
                yield (*at, "arguments", number), text
            taken.setdefault(bind, name)
    kinds = {str(argument["name"]): str(argument.get("kind")) for _, argument in arguments}
    match trigger.get("kind"):
        case "sql" if isinstance(query := trigger.get("query"), str):
            yield from (((*at, "query"), problem) for problem in bind_problems(query, (*taken, _NOW)))
        case "pi":
            for number, tag in listed(trigger.get("tags")):
                yield from _places((*at, "tags", number), tag, kinds)
            yield from _period(at, trigger, kinds)
        case "api" if isinstance(path := trigger.get("path"), str):
            yield from _places((*at, "path"), path, kinds)
            yield from _parameters(at, trigger, path, (*taken, _NOW))
        case "ai" if "text" not in kinds.values() and all(kind in _KINDS for kind in kinds.values()):
            yield (*at, "arguments"), "found no argument of kind text, must be one at least: what is asked"
        case "report":
            yield from _of_report(at, arguments, dict(entries_in(catalog, "reports")).get(str(trigger.get("report"))))


def _places(at: Location, text: str, kinds: Mapping[str, str]) -> Found:
    if _PLACE.sub("", text).strip("{}") != _PLACE.sub("", text):
        yield at, f"found {text!r}, must close each {{ with a }}"
    placed = [name for name, kind in kinds.items() if kind in _PLACED_KINDS]
    for name in dict.fromkeys(_PLACE.findall(text)):
        if name in kinds and name not in placed:
            yield at, f"found {{{name}}}, which is of kind {kinds[name]}, must be {either(_PLACED_KINDS)}"
        elif name not in kinds:
            must = f"must be {either([f'{{{each}}}' for each in placed])}" if placed else "there is no such argument"
            yield at, f"found {{{name}}}, {must}{suggest(name, placed)}"


def _parameters(at: Location, trigger: Fields, path: str, binds: Collection[str]) -> Found:
    """Places of parameters that nothing fills, and arguments that would not come through."""
    in_path, declared = set(_PLACE.findall(path)), trigger.get("parameters")
    for number, argument in legible_arguments(trigger.get("arguments")):
        name, days = str(argument["name"]), argument.get("kind") == "date" and argument.get("range") is True
        if name in in_path and not (needed(argument) or argument.get("default") is not None):
            text = f"found {name!r}, which may be left out, must be required or have a default in a path"
            yield (*at, "arguments", number), text
        elif days and declared is None:
            text = f"found {name!r} of several days, must have parameters with {{{name}_start}} and {{{name}_end}}"
            yield (*at, "arguments", number), text
    for key, text in declared.items() if isinstance(declared, Mapping) else ():
        for name in dict.fromkeys(_PLACE.findall(text)) if isinstance(text, str) else ():
            if name not in binds:
                must = f"must be {either([f'{{{bind}}}' for bind in binds])}{suggest(name, binds)}"
                yield (*at, "parameters", str(key)), f"found {{{name}}}, {must}"


def _of_report(at: Location, arguments: Sequence[tuple[int, Fields]], report: Fields | None) -> Found:
    """Arguments of a report are its parameters, and one date more: for which period."""
    if report is None:
        return
    wanted = {str(each["name"]): each for _, each in legible_arguments(report.get("parameters"))}
    periods = 0
    for number, argument in arguments:
        name, place = str(argument["name"]), (*at, "arguments", number)
        if name in wanted:
            if _differ(_meaning(argument), _meaning(wanted[name])):
                yield place, f"found {name!r}, which is another in the report's parameters, must be the same here"
            continue
        periods += 1
        if argument.get("kind") != "date" or periods > 1:
            must = "must be a parameter of the report, or the one date that says for which period"
            yield place, f"found {name!r}, {must}{suggest(name, wanted)}"


def _period(at: Location, trigger: Fields, kinds: Mapping[str, str]) -> Found:
    dates, read = list(kinds.values()).count("date"), trigger.get("read", "value")
    if read == "value" and dates:
        yield (
            (*at, "read"),
            "found value, which has no period, must be recorded or summary for an argument of kind date",
        )
    elif read != "value" and dates != 1:
        yield (*at, "arguments"), f"found {dates} of kind date, must be one: the period of {read}"


def _members(at: Location, name: str, trigger: Fields, triggers: Mapping[str, Fields]) -> Found:
    arguments = {str(argument["name"]): argument for _, argument in legible_arguments(trigger.get("arguments"))}
    for number, member in listed(trigger.get("triggers")):
        place = (*at, "triggers", number)
        if member not in triggers:
            yield place, unknown(member, "trigger", triggers)
        elif way := _way_back(name, member, triggers):
            yield place, f"found a circle: {' → '.join(way)}; must not lead back to itself"
        else:
            yield from ((place, problem) for problem in _unfit(member, triggers[member], trigger, arguments))


def _way_back(name: str, member: str, triggers: Mapping[str, Fields]) -> list[str]:
    """How a group leads back to itself over one of its members; empty where it does not."""
    ways, seen = [[name, member]], {member}
    while ways:
        way = ways.pop()
        if way[-1] == name:
            return way
        further = triggers.get(way[-1], {})
        for _, after in listed(further.get("triggers")) if further.get("kind") == "group" else ():
            if after not in seen:
                seen.add(after)
                ways.append([*way, after])
    return []


def _unfit(name: str, member: Fields, group: Fields, arguments: Mapping[str, Fields]) -> Iterator[str]:
    """Why a trigger cannot run as a part of a group: so nobody runs by a group what they may not run by itself."""
    for _, wanted in legible_arguments(member.get("arguments")):
        given = arguments.get(str(wanted["name"]))
        if given is None and needed(wanted):
            yield f"found {name!r}, which needs the argument {wanted['name']!r}, must be an argument here too"
        elif given is not None and _differ(_meaning(given), _meaning(wanted)):
            yield f"found {name!r}, whose argument {wanted['name']!r} is another, must be the same here"
    for field in ("confirm", "approval"):
        if member.get(field) and group.get(field) != member.get(field):
            yield f"found {name!r}, which asks for {field}, must be so here too"
    allowed, asked = _texts(member, "roles"), _texts(group, "roles")
    if more := sorted(asked - allowed):
        yield f"found {name!r}, which the role {more[0]!r} may not run, must be a role of it too"
    if chats := sorted(_texts(group, "groups") - _texts(member, "groups")):
        yield f"found {name!r}, which may not run in {chats[0]!r}, must be a group of it too"
    elif _texts(group, "groups") and allowed and not asked:
        yield f"found {name!r}, which only the role {either(sorted(allowed))} may run, must have roles here too"


def _meaning(argument: Fields) -> dict[str, Any] | None:
    """What an argument lets through, without how it is asked for; None where it is not legible."""
    try:
        read = _ARGUMENT.validate_python(argument)
    except ValidationError:
        return None
    return read.model_dump(exclude={"title", "required", "default", "example"})


def _differ(given: dict[str, Any] | None, wanted: dict[str, Any] | None) -> bool:
    return given is not None and wanted is not None and given != wanted


def _texts(trigger: Fields, field: str) -> set[str]:
    return {text for _, text in listed(trigger.get(field))}
