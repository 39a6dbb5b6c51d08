"""What who asks has subscribed to, and whether they may have more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wa_integrasi.answering.case import Case
from wa_integrasi.answering.decision import Reply
from wa_integrasi.answering.subscribing.sayings import said
from wa_integrasi.answering.subscribing.shown import line, named
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.reporting import LOCALES
from wa_integrasi.subscriptions import Change, NewSubscription, Subscription
from wa_integrasi.text.locale import Locale


def locale_of(case: Case) -> Locale:
    """How who asks reads numbers and times."""
    return Locale(LOCALES[case.asker.language], case.zone)


def elsewhere(case: Case) -> Reply | None:
    """A no to who asks in a group, or is nobody of the catalog."""
    if case.asker.group is not None or case.asker.contact is None:
        return case.refuse(said("own_chat", case.asker.language), "subscription: not in a group")
    return None


def mine(case: Case) -> list[Subscription]:
    """Those of who asks."""
    return case.ledger.subscriptions.of_contact(case.asker.account, case.asker.name) if case.asker.name else []


def lines(case: Case, own: Sequence[Subscription]) -> str:
    """A list of some."""
    locale = locale_of(case)
    return "\n".join(line(each, case.catalog, locale, case.now) for each in own)


def with_changes(reply: Reply, *changes: Change) -> Reply:
    """A reply that changes subscriptions, too."""
    return replace(reply, changes=changes)


def twice(case: Case, what: NewSubscription) -> Reply | None:
    """A no to who has that already."""
    said_so = known_already(mine(case), what, case.catalog, locale_of(case))
    return case.say(said_so, "subscribed already") if said_so else None


def known_already(own: Sequence[Subscription], what: NewSubscription, catalog: Catalog, locale: Locale) -> str | None:
    """What somebody is told who has that already."""
    for each in own:
        if _same(each.what, what):
            return said("twice", locale.language, each.number, named(each.what, catalog, locale))
    return None


def no_room(case: Case) -> Reply | None:
    """A no to who has enough."""
    count, most = len(mine(case)), case.catalog.intake.subscriptions.most
    if count < most:
        return None
    return case.refuse(said("too_many", case.asker.language, count, most), "subscription: too many")


def _same(one: NewSubscription, other: NewSubscription) -> bool:
    if (one.kind, one.name, dict(one.arguments)) != (other.kind, other.name, dict(other.arguments)):
        return False
    if one.limit is None or other.limit is None:
        return one.limit is other.limit
    compared = ("operator", "limit", "column", "row")
    return all(getattr(one.limit, name) == getattr(other.limit, name) for name in compared)
