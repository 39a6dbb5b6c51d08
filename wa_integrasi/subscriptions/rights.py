"""Who may subscribe to what. It is asked again whenever something is to be told."""

from __future__ import annotations

from enum import StrEnum

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import Contact
from wa_integrasi.catalog.triggers import PiTrigger, ReportTrigger, SqlTrigger, Trigger
from wa_integrasi.commands.permission import Allowed, may_run
from wa_integrasi.subscriptions.models import Kind, NewSubscription


class Sleep(StrEnum):
    """Why a subscription is not in force."""

    GONE = "gone"
    """Its owner is no contact any more; so nobody is told."""
    RIGHT = "right"
    CHANGED = "changed"
    """What it watches is not there any more, or is asked for in another way."""


def may_subscribe(catalog: Catalog, contact: Contact | None) -> bool:
    """Whether somebody may subscribe at all."""
    return contact is not None and not set(catalog.intake.subscriptions.roles).isdisjoint(contact.roles)


def watchable(trigger: Trigger) -> bool:
    """Whether a trigger gives values that may be asked for unasked: nothing dangerous, and nothing that is no value."""
    return isinstance(trigger, SqlTrigger | PiTrigger) and not trigger.confirm and not trigger.approval


def report_trigger(catalog: Catalog, report: str, contact: Contact) -> ReportTrigger | None:
    """A trigger by which somebody may have a report in their own chat: who may ask for it may subscribe to it."""
    for trigger in catalog.triggers.values():
        if not isinstance(trigger, ReportTrigger) or trigger.report != report or trigger.confirm or trigger.approval:
            continue
        if isinstance(may_run(trigger, contact.roles, None), Allowed):
            return trigger
    return None


def sleep_reason(catalog: Catalog, contact: Contact | None, what: NewSubscription) -> Sleep | None:
    """Why a subscription of a contact is not in force; None where it is."""
    if contact is None:
        return Sleep.GONE
    if not may_subscribe(catalog, contact):
        return Sleep.RIGHT
    if what.kind is Kind.REPORT:
        if what.name not in catalog.reports or not catalog.reports[what.name].enabled:
            return Sleep.CHANGED
        return None if report_trigger(catalog, what.name, contact) else Sleep.RIGHT
    trigger = catalog.triggers.get(what.name)
    if trigger is None or not trigger.enabled or not watchable(trigger):
        return Sleep.CHANGED
    return None if isinstance(may_run(trigger, contact.roles, None), Allowed) else Sleep.RIGHT
