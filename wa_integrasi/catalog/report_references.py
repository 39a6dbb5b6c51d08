"""What must hold between a report and the rest of the catalog, told of plain data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from wa_integrasi.catalog.rules import (
    SLOT_BINDS,
    Location,
    bind_problems,
    binds_of,
    entries_in,
    legible_arguments,
    listed,
    names_in,
    needed,
    unknown,
)

Found = Iterator[tuple[Location, str]]
Fields = Mapping[str, Any]


def broken_in_report(catalog: Fields, name: str, report: Fields) -> Found:
    """Every mistake of a report that its own fields do not show. Skips what has no legible shape."""
    at = ("reports", name)
    yield from _people(at, catalog, report)
    yield from _templates(at, catalog, report)
    chart, queries = report.get("chart"), report.get("queries") or {}
    drawn = chart.get("query") if isinstance(chart, Mapping) else ""
    if drawn and isinstance(queries, Mapping) and drawn not in queries:
        yield (*at, "chart", "query"), unknown(str(drawn), "query of this report", queries)
    taken: dict[str, str] = dict.fromkeys(SLOT_BINDS, "")
    yield from _parameters(at, report, taken)
    yield from _queries(at, report, queries, taken)


def templates_of(entry: Fields) -> Iterator[str]:
    """The names of the chat templates that a report or a trigger uses."""
    others = entry.get("templates")
    for name in (entry.get("template"), *(others.values() if isinstance(others, Mapping) else ())):
        if isinstance(name, str):
            yield name


def _people(at: Location, catalog: Fields, report: Fields) -> Found:
    contacts, groups = names_in(catalog, "contacts"), names_in(catalog, "groups")
    owner = report.get("owner")
    if isinstance(owner, str) and owner not in contacts:
        yield (*at, "owner"), unknown(owner, "contact", contacts, groups)
    for number, recipient in listed(report.get("recipients")):
        if recipient not in contacts and recipient not in groups:
            yield (*at, "recipients", number), unknown(recipient, "contact or group", [*contacts, *groups])


def _templates(at: Location, catalog: Fields, report: Fields) -> Found:
    templates = dict(entries_in(catalog, "chat_templates"))
    named, others = report.get("template"), report.get("templates")
    if isinstance(named, str) and named not in names_in(catalog, "chat_templates"):
        yield (*at, "template"), unknown(named, "chat template", names_in(catalog, "chat_templates"))
    for language, name in others.items() if isinstance(others, Mapping) else ():
        place = (*at, "templates", language)
        if not isinstance(name, str):
            continue
        if name not in names_in(catalog, "chat_templates"):
            yield place, unknown(name, "chat template", names_in(catalog, "chat_templates"))
        elif (said := templates.get(name, {}).get("language", "id")) != language:
            yield place, f"found {name!r}, whose language is {said}, must be a chat template with language: {language}"


def _parameters(at: Location, report: Fields, taken: dict[str, str]) -> Found:
    """Mistakes of parameters; notes in `taken` whose the binds are."""
    for number, parameter in legible_arguments(report.get("parameters")):
        name, place = str(parameter["name"]), (*at, "parameters", number)
        if needed(parameter):
            text = f"found {name!r} without a default, must have one or required: false, for runs on schedule"
            yield place, text
        for bind in binds_of(parameter):
            if bind in taken:
                whose = repr(taken[bind]) if taken[bind] else "every report"
                yield place, f"found {name!r}, whose bind :{bind} is already that of {whose}; must be another name"
            taken.setdefault(bind, name)


def _queries(at: Location, report: Fields, queries: object, binds: Collection[str]) -> Found:
    more = queries.items() if isinstance(queries, Mapping) else ()
    for place, query in ((("query",), report.get("query")), *((("queries", name), each) for name, each in more)):
        for problem in bind_problems(query, binds) if isinstance(query, str) else ():
            yield (*at, *place), problem
