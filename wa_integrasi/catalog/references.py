"""Names by which one part of a catalog means another, told of plain data so that half-right files are checked too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wa_integrasi.catalog.report_references import broken_in_report
from wa_integrasi.catalog.rules import (
    Location,
    entries_in,
    group_problem,
    listed,
    names_in,
    unknown,
)
from wa_integrasi.catalog.trigger_references import broken_in_triggers

_NOT_ASKED = (None, False, "send")


def broken_references(catalog: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """Every name that means nothing, or two things, with where it stands. Skips what has no legible shape."""
    contacts, groups = names_in(catalog, "contacts"), names_in(catalog, "groups")
    for name in groups:
        if name in contacts:
            yield ("groups", name), "found a contact of the same name, must be a name that no contact has"
    yield from _shared_ids(catalog)
    for name, group in entries_in(catalog, "groups"):
        if problem := group_problem(group):
            yield ("groups", name), problem
        for at, member in listed(group.get("members")):
            if member not in contacts:
                yield ("groups", name, "members", at), unknown(member, "contact", contacts, groups)
    for name, report in entries_in(catalog, "reports"):
        yield from broken_in_report(catalog, name, report)
        yield from _broken_in_schedule(catalog, name, report)
    yield from broken_in_triggers(catalog)
    yield from _broken_in_policies(catalog)


def _shared_ids(catalog: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """An id means one person: rights go with it."""
    owners: dict[str, str] = {}
    for name, contact in entries_in(catalog, "contacts"):
        for at, known in listed(contact.get("ids")):
            owner = owners.setdefault(known, name)
            if owner != name:
                yield ("contacts", name, "ids", at), f"found an id that {owner} has too, must be of one person"


def _broken_in_policies(catalog: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    contacts, groups = names_in(catalog, "contacts"), names_in(catalog, "groups")
    for name, policy in entries_in(catalog, "policies"):
        duty = policy.get("duty_group")
        if isinstance(duty, str) and duty not in contacts and duty not in groups:
            yield ("policies", name, "duty_group"), unknown(duty, "contact or group", [*contacts, *groups])
        yield from _broken_in_complaints(catalog, ("policies", name, "complaints"), policy.get("complaints"))


def _broken_in_complaints(catalog: Mapping[str, Any], at: Location, policy: object) -> Iterator[tuple[Location, str]]:
    if not isinstance(policy, Mapping):
        return
    contacts, groups = names_in(catalog, "contacts"), names_in(catalog, "groups")
    templates = names_in(catalog, "chat_templates")
    duty, owner = policy.get("duty_group"), policy.get("owner")
    if isinstance(duty, str) and duty not in contacts and duty not in groups:
        yield (*at, "duty_group"), unknown(duty, "contact or group", [*contacts, *groups])
    if isinstance(owner, str) and owner not in contacts:
        yield (*at, "owner"), unknown(owner, "contact", contacts, groups)
    for language, name in acknowledgements(policy):
        if name not in templates:
            yield (*at, "templates", language), unknown(name, "chat template", templates)


def acknowledgements(policy: object) -> Iterator[tuple[str, str]]:
    """The chat templates of a complaint policy, by language."""
    named = policy.get("templates") if isinstance(policy, Mapping) else None
    for language, name in named.items() if isinstance(named, Mapping) else ():
        if isinstance(name, str):
            yield str(language), name


def _broken_in_schedule(
    catalog: Mapping[str, Any], name: str, report: Mapping[str, Any]
) -> Iterator[tuple[Location, str]]:
    """What a report asks of its calendar."""
    calendars, calendar = dict(entries_in(catalog, "calendars")), report.get("calendar")
    asked = [field for field in ("workdays_only", "on_holiday", "shift") if report.get(field) not in _NOT_ASKED]
    if calendar is None and asked:
        yield ("reports", name, asked[0]), "found no calendar beside it, must be given together with calendar"
    if isinstance(calendar, str) and calendar not in names_in(catalog, "calendars"):
        yield ("reports", name, "calendar"), unknown(calendar, "calendar", names_in(catalog, "calendars"))
    if report.get("cadence") in ("weekly", "monthly"):
        for field in [field for field in asked if field != "on_holiday"]:
            yield ("reports", name, field), f"found it in a {report['cadence']} report, must be in a daily one"
    shifts = calendars.get(str(calendar), {}).get("shifts")
    shift = report.get("shift")
    if isinstance(shift, str) and str(calendar) in calendars and shift not in (shifts or {}):
        yield ("reports", name, "shift"), unknown(shift, "shift of that calendar", shifts or {})
