"""Which ids are whose: what channels have proved of contacts, so that who shows only an id is known by it.

Only what the envelope of a signed webhook says of its sender counts, never what somebody has written: the sender of a
message can make neither say another's number. The catalog counts more than any of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, or_, select

from wa_integrasi.audit.log import AuditOutcome, audit
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.inbox import Consent
from wa_integrasi.intake.incoming import Incoming
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.bulk import bulk, upsert
from wa_integrasi.store.tables import chats, contacts, learned_ids

_TELLS = {"meta": "sender_user_id", "waha": "sender_lid"}
"""The channels that are believed, and the id that each tells beside the number.

Twilio and wwebjs-api are not known to tell both of one sender, and what Watzap says is not signed.
"""

_NOT_WRITTEN = "system"
_LID = "@lid"

_NAME = bulk(
    "UPDATE inbound_messages SET sender_phone = x.sender_phone, sender_user_id = x.sender_user_id, "
    "sender_lid = x.sender_lid FROM {x} WHERE inbound_messages.id = x.id",
    id="bigint",
    sender_phone="text",
    sender_user_id="text",
    sender_lid="text",
)

log = logging.getLogger(__name__)

_Key = tuple[str, str]
"""Account and id."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a message says of its sender."""

    provider: str
    account: str
    address: str
    phone: str
    at: datetime

    @property
    def key(self) -> _Key:
        return self.account, self.address


def learn(
    connection: Connection, messages: Sequence[Incoming], catalog: Catalog, now: datetime
) -> tuple[list[Incoming], list[Consent]]:
    """Messages with every name by which their writers are known by now, and what those said under other names.

    The names are written down with the messages, too.
    """
    rows = _rows(connection, messages, catalog)
    told = [pair for pair in _newest(messages) if _is_news(pair, rows, catalog)]
    new: list[_Told] = []
    if told:
        since = _held_since(connection, told, catalog)
        rows = _rows(connection, messages, catalog)  # what another one has learned until the lock
        told = [pair for pair in told if _is_news(pair, rows, catalog)]
        new = [pair for pair in told if _keep(connection, pair, rows.get(pair.key), catalog, since, now)]
        rows = _rows(connection, messages, catalog)
    named = _named(messages, rows, catalog)
    changed = [message for message, before in zip(named, messages, strict=True) if message is not before]
    if changed:
        columns = ("id", "sender_phone", "sender_user_id", "sender_lid")
        _NAME(connection, [{name: getattr(message, name) for name in columns} for message in changed])
    return named, [consent for pair in new for consent in _said(connection, pair, catalog)]


def _newest(messages: Sequence[Incoming]) -> list[_Told]:
    """What they say of each id last, in its order."""
    found: dict[_Key, _Told] = {}
    for message in messages:
        address = getattr(message, _TELLS[message.provider]) if message.provider in _TELLS else None
        phone = message.sender_phone
        if address is None or phone is None or not phone.startswith("+") or message.kind == _NOT_WRITTEN:
            continue
        pair = _Told(message.provider, message.account, address, phone, message.at)
        if pair.key not in found or found[pair.key].at <= pair.at:
            found[pair.key] = pair
    return sorted(found.values(), key=lambda pair: (pair.at, pair.key))


def _is_news(told: _Told, rows: Mapping[_Key, Row[Any]], catalog: Catalog) -> bool:
    """Whether it is not known yet, and nothing newer is known of the id or of the number.

    Strangers are none, nor is what the catalog says itself: for most messages there is nothing to lock.
    """
    row = rows.get(told.key)
    if row is not None:
        return bool(row.phone != told.phone and row.at < told.at)
    if catalog.holders.get(told.phone) in (None, catalog.owners.get(told.address)):
        return False
    others = (each for each in rows.values() if each.account == told.account and each.phone == told.phone)
    return all(each.at < told.at for each in others if each.believed and _alike(each.address, told.address))


def _rows(connection: Connection, messages: Sequence[Incoming], catalog: Catalog) -> dict[_Key, Row[Any]]:
    """What is known of the ids and numbers of contacts that have written."""
    addresses = {address for message in messages for address in message.addresses}
    phones = addresses & catalog.holders.keys()
    c = learned_ids.c
    rows = connection.execute(select(learned_ids).where(or_(c.address.in_(addresses), c.phone.in_(phones))))
    return {(row.account, row.address): row for row in rows}


def _keep(
    connection: Connection,
    told: _Told,
    row: Row[Any] | None,
    catalog: Catalog,
    since: Mapping[tuple[str, str], datetime],
    now: datetime,
) -> bool:
    """Write down what a channel says, and instead of what; whether it is believed."""
    c = learned_ids.c
    holder, owner = catalog.holders.get(told.phone), catalog.owners.get(told.address)
    if holder is None or holder == owner:
        if row is not None:
            connection.execute(delete(learned_ids).where(c.address == told.address, c.account == told.account))
        return False
    held_since = since.get((holder, told.phone))
    if held_since is None or held_since > told.at:
        return False  # who had the number before them has another id
    values = {"address": told.address, "account": told.account, "phone": told.phone}
    upsert(connection, learned_ids, [{**values, "believed": owner is None, "at": told.at}])
    shown = {"account": told.account, "id": _shown(told.address), "phone": _shown(told.phone)}
    actor, subject = f"channel:{told.provider}", f"contact:{holder}"
    if owner is not None:
        log.warning("%(account)s: %(id)s is said to be %(phone)s, whom the catalog knows as another contact", shown)
        details = {**shown, "belongs_to": owner}
        audit(connection, now, actor, "contact.id_refused", subject, AuditOutcome.REFUSED, details)
        return False
    of_it_before = (c.account == told.account) & (c.phone == told.phone) & (c.address != told.address)
    alike = c.address.endswith(_LID) if told.address.endswith(_LID) else ~c.address.endswith(_LID)
    connection.execute(delete(learned_ids).where(of_it_before, alike, c.at < told.at))
    before = {"before": _shown(row.phone)} if row is not None else {}
    audit(connection, now, actor, "contact.id_learned", subject, details={**shown, **before})
    return True


def _held_since(connection: Connection, told: Sequence[_Told], catalog: Catalog) -> dict[tuple[str, str], datetime]:
    """Since when contacts have the numbers that are told, locked: who applies a catalog forgets what is learned now."""
    c, names = contacts.c, {catalog.holders[pair.phone] for pair in told if pair.phone in catalog.holders}
    in_force = select(c.name, c.definition, c.created_at).where(c.name.in_(names), c.retired_at.is_(None))
    rows = connection.execute(in_force.order_by(c.name).with_for_update()).tuples()
    return {(name, definition["phone"]): created_at for name, definition, created_at in rows}


def _named(messages: Sequence[Incoming], rows: Mapping[_Key, Row[Any]], catalog: Catalog) -> list[Incoming]:
    phones = {
        key: row.phone
        for key, row in sorted(rows.items())
        if row.believed and row.phone in catalog.holders and row.address not in catalog.owners
    }
    ids: dict[tuple[str, str | None], list[str]] = {}
    for (account, address), phone in phones.items():
        ids.setdefault((account, phone), []).append(address)

    def named(message: Incoming) -> Incoming:
        keys = [(message.account, address) for address in message.addresses]
        phone = message.sender_phone or next((phones[key] for key in keys if key in phones), None)
        theirs = ids.get((message.account, phone), [])
        lid = message.sender_lid or next((each for each in theirs if each.endswith(_LID)), None)
        user_id = message.sender_user_id or next((each for each in theirs if not each.endswith(_LID)), None)
        if (phone, lid, user_id) == (message.sender_phone, message.sender_lid, message.sender_user_id):
            return message
        return replace(message, sender_phone=phone, sender_lid=lid, sender_user_id=user_id)

    return [message if message.kind == _NOT_WRITTEN else named(message) for message in messages]


def _said(connection: Connection, told: _Told, catalog: Catalog) -> Iterator[Consent]:
    """What somebody said under one of their names before the names were known to be one person's, under the others."""
    names = dict.fromkeys((told.address, *catalog.contacts[catalog.holders[told.phone]].addresses))
    c = chats.c
    columns = (c.chat, c.opted_out_at, c.opted_out_by, c.opted_in_at, c.opted_in_by)
    for row in connection.execute(select(*columns).where(c.account == told.account, c.chat.in_(names))).all():
        for name in names.keys() - {row.chat}:
            if row.opted_out_at is not None:
                yield Consent(told.account, name, False, row.opted_out_at, row.opted_out_by or "")
            if row.opted_in_at is not None:
                yield Consent(told.account, name, True, row.opted_in_at, row.opted_in_by or "")


def _alike(one: str, other: str) -> bool:
    """Whether both are linked ids, or both user ids."""
    return one.endswith(_LID) == other.endswith(_LID)


def _shown(address: str) -> str:
    return Recipient.of_chat(address).masked
