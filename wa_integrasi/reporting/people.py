"""Who receives a report, and what a template may call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import Contact, Group, GroupUnresolvedError
from wa_integrasi.catalog.rules import suggest
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.policy.hours import SendHours
from wa_integrasi.recipient import Recipient, RecipientError
from wa_integrasi.store.engine import Store
from wa_integrasi.text.locale import Locale

_EVERYBODY = {"id": "rekan-rekan", "en": ""}
_CLOSINGS = {"id": "Terima kasih.", "en": "Thank you."}


@dataclass(frozen=True, slots=True)
class Addressee:
    """One who receives a report: a chat, and what a template may call them."""

    recipient: Recipient
    name: str
    salutation: str = ""
    honorific: str = ""
    closing: str = ""
    language: str = "id"
    group: bool = False
    """Whether it is a group chat."""
    hours: str | None = None
    """In which they may be sent what does not hurry, as `SendHours` writes them; None for the whole day."""

    @classmethod
    def of(cls, contact: Contact, zone: str = "Asia/Jakarta", hours: str | None = None) -> Addressee:
        """A contact as one who receives something; `hours` are those of a group, where the contact has none."""
        own = contact.send_hours or contact.quiet_hours
        return cls(
            Recipient.of_chat(contact.phone),
            contact.display_name,
            contact.salutation,
            contact.honorific,
            contact.closing,
            contact.language,
            hours=_hours(contact, zone) if own else hours,
        )

    @classmethod
    def of_group(cls, name: str, group: Group, chat: str, hours: str | None = None) -> Addressee:
        """A group chat as one who receives something."""
        return cls(
            Recipient.of_chat(chat),
            group.display_name or name,
            group.salutation,
            group.honorific or ("" if group.salutation else _EVERYBODY[group.language]),
            group.closing,
            group.language,
            group=True,
            hours=hours,
        )

    def for_template(self, locale: Locale, now: datetime) -> dict[str, Any]:
        """The `recipient` of a chat template, in the language of the template."""
        return {
            "name": self.name,
            "salutation": self.salutation,
            "honorific": self.honorific,
            "called": self._called,
            "greeting": self._greeting(locale, now),
            "closing": self.closing or _CLOSINGS[locale.language],
            "language": self.language,
            "group": self.group,
        }

    @property
    def _called(self) -> str:
        return " ".join(filter(None, (self.salutation, self.honorific, self.name)))

    def _greeting(self, locale: Locale, now: datetime) -> str:
        hello = locale.greeting(now)
        if self.salutation and self.honorific:
            return f"{self._called}, {hello[:1].lower()}{hello[1:]}"
        return f"{hello}, {self._called}" if self._called else hello


def addressees(
    catalog: Catalog, names: Sequence[str], group_ids: Mapping[str, str], zone: str = "Asia/Jakarta"
) -> list[Addressee]:
    """Everybody whom contacts and groups stand for, each chat once; hours without a zone are those of `zone`.

    Raises `GroupUnresolvedError`.
    """
    found: dict[str, Addressee] = {}
    for name in names:
        for addressee in _resolve(catalog, name, group_ids, zone):
            found.setdefault(addressee.recipient.chat, addressee)
    return list(found.values())


class UnknownRecipientError(RecipientError):
    """It is neither an address nor a name of the catalog.

    Its message goes to callers of the Bot API, too; `near` holds names of the catalog and is for people of ours.
    """

    def __init__(self, text: str, near: str) -> None:
        super().__init__(text)
        self.near = near


def recipients_of(store: Store, name: str, group_ids: Mapping[str, str]) -> list[Recipient]:
    """Whom a number, a chat id or a name of the catalog means; a distribution list means each of its members.

    Raises `RecipientError`; `UnknownRecipientError` where it means nobody.
    """
    try:
        return [Recipient.parse(name)]
    except RecipientError as error:
        reason = error
    catalog = load_catalog(store)
    if name not in catalog.contacts and name not in catalog.groups:
        near = suggest(name, [*catalog.contacts, *catalog.groups])
        raise UnknownRecipientError(f"{reason}, and no contact or group of the catalog is called so", near)
    try:
        return [addressee.recipient for addressee in addressees(catalog, [name], group_ids)]
    except GroupUnresolvedError as error:
        raise RecipientError(str(error)) from None


def _resolve(catalog: Catalog, name: str, group_ids: Mapping[str, str], zone: str) -> list[Addressee]:
    if name in catalog.contacts:
        return [Addressee.of(catalog.contacts[name], zone)]
    group = catalog.groups[name]
    hours = _hours(group, zone)
    if chat := group.chat(name, group_ids):
        return [Addressee.of_group(name, group, chat, hours)]
    return [Addressee.of(catalog.contacts[member], zone, hours) for member in group.members]


def _hours(of: Contact | Group, zone: str) -> str | None:
    found = SendHours.of(of.send_hours or "", of.quiet_hours or "", of.zone or zone)
    return str(found) if found is not None else None
