"""Whether a subscription is in force now, and what is asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wa_integrasi.answering.leaves import Leaf, leaves_of
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import Contact
from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.commands.grammar import Phrasebook, Run, read
from wa_integrasi.commands.permission import Allowed, may_run
from wa_integrasi.reporting import LOCALES
from wa_integrasi.subscriptions import Sleep, Subscription, sleep_reason
from wa_integrasi.text.locale import Locale


@dataclass(frozen=True)
class Judge:
    """Judges by one version of the catalog, at one moment."""

    catalog: Catalog
    book: Phrasebook
    now: datetime

    @classmethod
    def of(cls, catalog: Catalog, zone: str, now: datetime) -> Judge:
        """A judge by a catalog; `zone` is the business zone."""
        return cls(catalog, Phrasebook.of(catalog.triggers, zone=zone), now)

    def judge(self, each: Subscription) -> Leaf | Sleep | None:
        """What is asked for it, or why it is not in force; None where nothing is asked now.

        Its command is read anew, with the rights of its owner as they are now.
        """
        limit, owner = each.what.limit, self._owner(each)
        why = sleep_reason(self.catalog, owner, each.what)
        if why is not None or limit is None or owner is None:
            return why
        language = each.what.language
        reading = read(limit.asked, self.book, now=self.now, language=language, shown=lambda each: _may(each, owner))
        if not isinstance(reading, Run) or reading.trigger != each.what.name:
            return Sleep.CHANGED
        [leaf] = leaves_of(reading.trigger, reading.arguments, self.catalog, self.book.zone, self.now)
        seen_at, rest = each.standing.seen_at, timedelta(seconds=leaf.trigger.cooldown_s)
        return None if seen_at is not None and timedelta() <= self.now - seen_at < rest else leaf

    def locale(self, each: Subscription) -> Locale:
        """How its owner reads numbers and times."""
        owner = self._owner(each)
        return Locale(LOCALES[owner.language if owner else each.what.language], self.book.zone)

    def _owner(self, each: Subscription) -> Contact | None:
        return self.catalog.contacts.get(each.what.contact)


def _may(trigger: Trigger, owner: Contact) -> bool:
    return isinstance(may_run(trigger, owner.roles, None), Allowed)
