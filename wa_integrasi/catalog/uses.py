"""Who uses a part of a catalog, and what two parts share that should be of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import Contact
from wa_integrasi.catalog.report_references import templates_of
from wa_integrasi.catalog.triggers import GroupTrigger, ReportTrigger


def users_of(catalog: Catalog) -> Mapping[str, list[str]]:
    """By each part that others need those others, both named as `reports.rekap-harian`."""
    users: dict[str, list[str]] = defaultdict(list)
    for user, part in _uses(catalog):
        if user not in users[part]:
            users[part].append(user)
    return users


def shared_phones(contacts: Mapping[str, Contact]) -> Mapping[str, str]:
    """By the name of a contact, who else has the same number and is the one that the number stands for."""
    first: dict[str, str] = {}
    for name in sorted(contacts):  # as the store keeps them, so that it is the same one everywhere
        first.setdefault(contacts[name].phone, name)
    return {name: first[each.phone] for name, each in contacts.items() if first[each.phone] != name}


def shared_phone_text(other: str) -> str:
    """What a contact is told who is `shared_phones`."""
    return (
        f"found the number of the contact {other!r}, should be another one: what is written from it counts as "
        f"written by {other!r}, with the roles of that contact"
    )


def _uses(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Each part that names another one, and that other one."""
    for name, group in catalog.groups.items():
        yield from _each(f"groups.{name}", contacts=group.members)
    for name, report in catalog.reports.items():
        user = f"reports.{name}"
        yield from _people(catalog, user, (report.owner, *report.recipients))
        yield from _each(user, chat_templates=(report.template, *report.templates.values()))
        yield from _each(user, calendars=() if report.calendar is None else (report.calendar,))
    for name, trigger in catalog.triggers.items():
        user = f"triggers.{name}"
        yield from _each(user, groups=trigger.groups, chat_templates=templates_of(trigger.model_dump()))
        match trigger:
            case ReportTrigger():
                yield from _each(user, reports=(trigger.report,))
            case GroupTrigger():
                yield from _each(user, triggers=trigger.triggers)
    for name, policy in catalog.policies.items():
        user, complaints = f"policies.{name}", policy.complaints
        duty = [each for each in (policy.duty_group, complaints.duty_group, complaints.owner) if each is not None]
        yield from _people(catalog, user, duty)
        yield from _each(user, chat_templates=complaints.templates.values())


def _people(catalog: Catalog, user: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((user, f"{'groups' if name in catalog.groups else 'contacts'}.{name}") for name in names)


def _each(user: str, **named: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((user, f"{kind}.{name}") for kind, names in named.items() for name in names)
