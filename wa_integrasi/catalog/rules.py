"""What must hold between the fields of a catalog, told of plain data so that half-right files are checked too."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

Location = tuple[str | int, ...]

REFERENCES = "broken_references"
"""The type of the validation error that carries what `broken_references` found."""

SLOT_BINDS = ("slot_start", "slot_end", "slot_date")
"""What a report's query may bind: the period's start and end as UTC text, and its first local day."""

REPORT_FIELDS = ("rows", "report", "slot", "now", "recipient")
"""What a report gives to its chat template."""

_BIND = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w])")  # as sqlalchemy.text() finds them, also inside literals
_CAST = re.compile(r"(?<![:\w\\]):(\w+)::")
_SETS = re.compile(r"\{%[-+]?\s*set\s+([\w,\s]+?)\s*[=|%-]")  # one that is set in a branch counts as a field too
_WORD = re.compile(r"\w+")
_LISTED = 12


def bind_problems(query: str) -> Iterator[str]:
    """What is wrong with the binds of a query, one text for each."""
    for name in dict.fromkeys(_CAST.findall(query)):
        yield f"found ':{name}::', must be CAST(:{name} AS …)"
    for name in dict.fromkeys(_BIND.findall(query)):
        if name not in SLOT_BINDS:
            valid = either([f":{bind}" for bind in SLOT_BINDS])
            yield f"found ':{name}', must be {valid}{suggest(name, SLOT_BINDS)}; write \\:{name} for a plain colon"


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
        case _:
            return None


def broken_references(catalog: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """Every name that means nothing, or two things, with where it stands. Skips what has no legible shape."""
    contacts, groups = _names(catalog, "contacts"), _names(catalog, "groups")
    for name in groups:
        if name in contacts:
            yield ("groups", name), "found a contact of the same name, must be a name that no contact has"
    for name, group in _entries(catalog, "groups"):
        if problem := group_problem(group):
            yield ("groups", name), problem
        for at, member in _listed(group.get("members")):
            if member not in contacts:
                yield ("groups", name, "members", at), _unknown(member, "contact", contacts, groups)
    reports = list(_entries(catalog, "reports"))
    for name, report in reports:
        yield from _broken_in_report(catalog, name, report)
    yield from _broken_policies(catalog)
    used = {report.get("template") for _, report in reports}
    for name, template in _entries(catalog, "chat_templates"):
        for unknown in _unknown_fields(template.get("body")) if name in used else ():
            text = f"found {unknown!r}, must be {either(REPORT_FIELDS)} in a report{suggest(unknown, REPORT_FIELDS)}"
            yield ("chat_templates", name, "body"), text


def _broken_policies(catalog: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    contacts, groups = _names(catalog, "contacts"), _names(catalog, "groups")
    for name, policy in _entries(catalog, "policies"):
        duty = policy.get("duty_group")
        if isinstance(duty, str) and duty not in contacts and duty not in groups:
            yield ("policies", name, "duty_group"), _unknown(duty, "contact or group", [*contacts, *groups])


def _broken_in_report(
    catalog: Mapping[str, Any], name: str, report: Mapping[str, Any]
) -> Iterator[tuple[Location, str]]:
    contacts, groups = _names(catalog, "contacts"), _names(catalog, "groups")
    owner, template = report.get("owner"), report.get("template")
    if isinstance(owner, str) and owner not in contacts:
        yield ("reports", name, "owner"), _unknown(owner, "contact", contacts, groups)
    templates = _names(catalog, "chat_templates")
    if isinstance(template, str) and template not in templates:
        yield ("reports", name, "template"), _unknown(template, "chat template", templates)
    for at, recipient in _listed(report.get("recipients")):
        if recipient not in contacts and recipient not in groups:
            yield ("reports", name, "recipients", at), _unknown(recipient, "contact or group", [*contacts, *groups])


def suggest(found: str, valid: Collection[str]) -> str:
    """` (did you mean 'x'?)`, or nothing where no valid word is near."""
    near = difflib.get_close_matches(found, list(valid), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def either(words: Collection[str]) -> str:
    """`a, b or c`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _unknown_fields(body: object) -> Iterator[str]:
    """Names that a report's template reads and nobody sets; none where it has no legible body."""
    from wa_integrasi.text.template import TemplateError, compile_template

    if not isinstance(body, str):
        return
    try:
        fields = compile_template(body).fields
    except TemplateError:
        return
    set_by_itself = {word for tag in _SETS.findall(body) for word in _WORD.findall(tag)}
    yield from sorted(fields - {*REPORT_FIELDS, *set_by_itself})


def _unknown(found: str, kind: str, valid: Collection[str], groups: Collection[str] = ()) -> str:
    if found in groups:
        return f"found the group {found!r}, must be the name of a {kind}"
    known = f": {either(sorted(set(valid)))}" if 0 < len(valid) <= _LISTED else "" if valid else "; there is none yet"
    return f"found {found!r}, must be the name of a {kind}{known}{suggest(found, valid)}"


def _names(catalog: Mapping[str, Any], section: str) -> Collection[str]:
    entries = catalog.get(section)
    return entries.keys() if isinstance(entries, Mapping) else ()


def _entries(catalog: Mapping[str, Any], section: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    entries = catalog.get(section)
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        if isinstance(entry, Mapping):
            yield name, entry


def _listed(names: object) -> Iterator[tuple[int, str]]:
    for at, name in enumerate(names) if isinstance(names, list | tuple) else ():
        if isinstance(name, str):
            yield at, name
