"""What chat templates are given, told of plain data; and what they read that nobody gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wa_integrasi.catalog.problems import path_of
from wa_integrasi.catalog.references import acknowledgements
from wa_integrasi.catalog.report_references import templates_of
from wa_integrasi.catalog.rules import Location, either, entries_in, legible_arguments, suggest


@dataclass(frozen=True, slots=True)
class Given:
    """Something that has fields: these and no others. One that is None may have any."""

    fields: Mapping[str, Given | None] = field(default_factory=dict)
    whose: str = ""
    """Who declares them, where not every template is given the same."""


def _of(*names: str) -> Given:
    return Given(dict.fromkeys(names))


ROWS = Given()
"""A list of rows: it has no fields itself, and what its rows have is known once a query has run."""

RECIPIENT = _of("greeting", "called", "name", "salutation", "honorific", "closing", "language", "group")
DAYS = _of("first", "last", "label")

REPORT: Mapping[str, Given | None] = {
    "rows": ROWS,
    "report": _of("name", "title", "description"),
    "slot": _of("label", "start", "end", "name"),
    "now": None,
    "recipient": RECIPIENT,
    "queries": None,
    "previous": ROWS,
    "parameters": None,
    "as_of": None,
    "summary": None,
    "cut": None,
}
"""What every report gives; its queries and parameters are its own."""

TRIGGER: Mapping[str, Given | None] = {
    "rows": ROWS,
    "trigger": _of("name", "title", "description"),
    "arguments": None,
    "now": None,
    "recipient": RECIPIENT,
    "source": None,
    "quality": None,
    "cut": None,
}
"""What every trigger gives; its arguments are its own."""

COMPLAINT: Mapping[str, Given | None] = {
    "complaint": _of("ticket", "name", "text", "fields", "created_at"),
    "now": None,
    "recipient": _of("name", "salutation", "language"),
}
"""What a complaint gives to its acknowledgement."""

Broken = Iterator[tuple[Location, int, str]]


def broken_names(catalog: Mapping[str, Any]) -> Broken:
    """Every name that a template reads and who uses it does not give, with its line in the text."""
    for at, body, users in _used(catalog):
        kinds = dict(users)
        for line, name in dict.fromkeys((read.line, read.path[0]) for read in _reads(body)):
            for what, given in kinds.items():
                if name not in given:
                    yield at, line, f"found {name!r}, must be {either(given)} in a {what}{suggest(name, given)}"


def broken_fields(catalog: Mapping[str, Any]) -> Broken:
    """Every field of a known name that nobody gives, such as `recipient.nmae`, with its line in the text.

    Only files are checked so: what is stored was good when it was applied, and goes on.
    """
    for at, body, users in _used(catalog):
        for read in _reads(body):
            problems = [_problem(read.path, given) for _, given in users if read.path[0] in given]
            broken = [problem for problem in problems if problem]
            # A template of several reports may ask for what only some of them have.
            if broken and not (read.asked_first and len(broken) < len(problems)):
                yield at, read.line, broken[0]


def _used(catalog: Mapping[str, Any]) -> Iterator[tuple[Location, str, list[tuple[str, Mapping[str, Given | None]]]]]:
    """Each template with what those give it who use it."""
    users: dict[str, list[tuple[str, Mapping[str, Given | None]]]] = {}
    for name, report in entries_in(catalog, "reports"):
        for template in templates_of(report):
            users.setdefault(template, []).append(("report", _of_report(name, report)))
    for name, trigger in entries_in(catalog, "triggers"):
        for template in templates_of(trigger):
            own = _of_arguments(trigger.get("arguments"), f"the trigger {name!r}")
            users.setdefault(template, []).append(("trigger", {**TRIGGER, "arguments": own}))
    for _, policy in entries_in(catalog, "policies"):
        for _, template in acknowledgements(policy.get("complaints")):
            users.setdefault(template, []).append(("complaint", COMPLAINT))
    for name, entry in entries_in(catalog, "chat_templates"):
        if name in users and isinstance(body := entry.get("body"), str):
            yield ("chat_templates", name, "body"), body, users[name]


def _of_report(name: str, report: Mapping[str, Any]) -> Mapping[str, Given | None]:
    queries, whose = report.get("queries"), f"the report {name!r}"
    named = queries if isinstance(queries, Mapping) else {}
    own = _of_arguments(report.get("parameters"), whose)
    return {**REPORT, "queries": Given(dict.fromkeys(named, ROWS), whose), "parameters": own}


def _of_arguments(arguments: object, whose: str) -> Given:
    named = {
        str(each["name"]): DAYS if each.get("kind") == "date" else None for _, each in legible_arguments(arguments)
    }
    return Given(named, whose)


def _reads(body: str) -> tuple[Any, ...]:
    from wa_integrasi.text.template import TemplateError, compile_template

    try:
        return compile_template(body).reads
    except TemplateError:
        return ()


def _problem(path: tuple[str, ...], given: Mapping[str, Given | None]) -> str | None:
    """What is wrong with a path, at the first step that is not there."""
    at = given[path[0]]
    for depth, step in enumerate(path[1:], 1):
        if at is None:
            return None
        if step not in at.fields:
            return _explained(path_of(path[:depth]), step, at)
        at = at.fields[step]
    return None


def _explained(of: str, step: str, at: Given) -> str:
    found = f"found '{of}.{step}'"
    if at is ROWS:
        return f"{found}, must be of one row, such as {of}[0].{step}, or in a loop: {of} is a list"
    if not at.fields:
        return f"{found}, must not be there: {at.whose} has no {of}"
    own = f" of {at.whose}" if at.whose else ""
    return f"{found}, must be a field of {of}{own}: {either(at.fields)}{suggest(step, at.fields)}"
