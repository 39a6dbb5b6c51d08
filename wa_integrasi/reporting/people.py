"""Who receives a report, and what a template may call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wa_integrasi.catalog.models import Catalog, Contact, GroupUnresolvedError
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.recipient import Recipient, RecipientError
from wa_integrasi.store.engine import Store


@dataclass(frozen=True, slots=True)
class Addressee:
    """One who receives a report: a chat, and what a template may call them."""

    recipient: Recipient
    name: str
    salutation: str = ""
    language: str = "id"


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
        return [person(catalog.contacts[name])]
    group = catalog.groups[name]
    if chat := group.chat(name, group_ids):
        return [Addressee(Recipient.of_chat(chat), name)]
    return [person(catalog.contacts[member]) for member in group.members]


def person(contact: Contact) -> Addressee:
    """A contact as one who receives something."""
    return Addressee(Recipient.of_chat(contact.phone), contact.display_name, contact.salutation, contact.language)
