"""Who receives a report, and what a template may call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wa_integrasi.catalog.models import Catalog, Contact, Group, GroupUnresolvedError
from wa_integrasi.catalog.storing import load_catalog
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

    @classmethod
    def of(cls, contact: Contact) -> Addressee:
        """A contact as one who receives something."""
        return cls(
            Recipient.of_chat(contact.phone),
            contact.display_name,
            contact.salutation,
            contact.honorific,
            contact.closing,
            contact.language,
        )

    @classmethod
    def of_group(cls, name: str, group: Group, chat: str) -> Addressee:
        """A group chat as one who receives something."""
        return cls(
            Recipient.of_chat(chat),
            group.display_name or name,
            group.salutation,
            group.honorific or ("" if group.salutation else _EVERYBODY[group.language]),
            group.closing,
            group.language,
            group=True,
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


def addressees(catalog: Catalog, names: Sequence[str], group_ids: Mapping[str, str]) -> list[Addressee]:
    """Everybody whom contacts and groups stand for, each chat once. Raises `GroupUnresolvedError`."""
    found: dict[str, Addressee] = {}
    for name in names:
        for addressee in _resolve(catalog, name, group_ids):
            found.setdefault(addressee.recipient.chat, addressee)
    return list(found.values())


def recipients_of(store: Store, name: str, group_ids: Mapping[str, str]) -> list[Recipient]:
    """Whom a number, a chat id or a name of the catalog means; a distribution list means each of its members.

    Raises `RecipientError`.
    """
    try:
        return [Recipient.parse(name)]
    except RecipientError as error:
        reason = error
    catalog = load_catalog(store)
    if name not in catalog.contacts and name not in catalog.groups:
        raise RecipientError(f"{reason}, and no contact or group of the catalog is called so")
    try:
        return [addressee.recipient for addressee in addressees(catalog, [name], group_ids)]
    except GroupUnresolvedError as error:
        raise RecipientError(str(error)) from None


def _resolve(catalog: Catalog, name: str, group_ids: Mapping[str, str]) -> list[Addressee]:
    if name in catalog.contacts:
        return [Addressee.of(catalog.contacts[name])]
    group = catalog.groups[name]
    if chat := group.chat(name, group_ids):
        return [Addressee.of_group(name, group, chat)]
    return [Addressee.of(catalog.contacts[member]) for member in group.members]
