"""What a new number or id of a contact takes along, that they want no messages; and what it makes us forget."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from wa_integrasi.audit.log import audit
from wa_integrasi.catalog.people import Contact
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.bulk import bulk, moment
from wa_integrasi.store.tables import contacts, learned_ids

_CARRY = bulk(
    "INSERT INTO chats (account, chat, opted_out_at, opted_out_by) "
    "SELECT x.account, x.chat, x.opted_out_at, x.opted_out_by FROM {x} WHERE true ORDER BY x.account, x.chat "
    "ON CONFLICT (account, chat) DO UPDATE SET opted_out_at = excluded.opted_out_at, "
    "opted_out_by = excluded.opted_out_by "
    "WHERE chats.opted_out_at IS NULL OR chats.opted_out_at < excluded.opted_out_at "
    "RETURNING account, chat, opted_in_at, opted_out_at",
    account="text",
    chat="text",
    opted_out_at="timestamptz",
    opted_out_by="text",
)
_REFUSED = bulk(
    "SELECT account, chat, opted_out_at, opted_out_by FROM chats WHERE opted_out_at IS NOT NULL "
    "AND (opted_in_at IS NULL OR opted_in_at <= opted_out_at) AND chat IN (SELECT x.chat FROM {x})",
    chat="text",
)

Addresses = Mapping[str, Sequence[str]]
"""By name of a contact all that channels know them by, the number first."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A word of refusal that went along. Its numbers and ids are masked."""

    contact: str
    account: str
    said_under: str
    holds_for: tuple[str, ...]


def lock_contacts(connection: Connection) -> None:
    """Let nobody learn an id of a contact until the commit: they would learn it of who had the number before."""
    c = contacts.c
    connection.execute(select(c.name).where(c.retired_at.is_(None)).order_by(c.name).with_for_update())


def addresses_before(connection: Connection, names: Collection[str]) -> Addresses:
    """What contacts were known by last, also those that were removed since: they are who they were."""
    c = contacts.c
    rows = connection.execute(select(c.name, c.definition).order_by(c.version)).tuples()
    return {name: (definition["phone"], *definition.get("ids", ())) for name, definition in rows if name in names}


def carry_refusals(
    connection: Connection, before: Addresses, now: Mapping[str, Contact], actor: str, at: datetime
) -> list[Carried]:
    """Let contacts who had said STOP have said it under their new numbers and ids, at the same moment.

    What they said later under a new one counts more.
    """
    gained = {
        name: [address for address in contact.addresses if address not in before[name]]
        for name, contact in now.items()
        if name in before
    }
    refusals = _refusals(connection, {address for name, new in gained.items() if new for address in before[name]})
    wanted: dict[tuple[str, str], dict[str, Any]] = {}
    reasons: dict[tuple[str, str], tuple[str, str]] = {}
    for name, new in gained.items():
        for said in (refusal for address in before[name] if new for refusal in refusals.get(address, ())):
            for chat in new:
                key = (said["account"], chat)
                if key not in wanted or wanted[key]["opted_out_at"] < said["opted_out_at"]:
                    wanted[key] = {**said, "chat": chat}
                    reasons[key] = (name, said["chat"])
    if not wanted:
        return []
    found: dict[tuple[str, str, str], list[str]] = {}
    for account, chat, agreed_at, refused_at in sorted(_CARRY(connection, list(wanted.values())).tuples()):
        agreed, refused = moment(agreed_at, connection.dialect), moment(refused_at, connection.dialect)
        if agreed is None or refused is None or agreed <= refused:
            name, said_under = reasons[account, chat]
            found.setdefault((name, account, Recipient.of_chat(said_under).masked), []).append(
                Recipient.of_chat(chat).masked
            )
    carried = [Carried(*key, tuple(chats)) for key, chats in sorted(found.items())]
    for each in carried:
        told = {"account": each.account, "from": each.said_under, "to": list(each.holds_for)}
        audit(connection, at, actor, "contact.stop_follows", f"contact:{each.contact}", details=told)
    return carried


def holders(connection: Connection) -> Mapping[str, str]:
    """By number the contact whose it is: of those who share one the first."""
    c = contacts.c
    rows = connection.execute(select(c.name, c.definition).where(c.retired_at.is_(None)))
    return {definition["phone"]: name for name, definition in sorted(rows.tuples(), reverse=True)}


def forget_ids(connection: Connection, before: Mapping[str, str], now: Mapping[str, Contact]) -> None:
    """Forget the ids that were learned of numbers with another holder than `before`, and whatever the catalog decides.

    Who had the number has the id still: it would give them the rights of whoever has the number now.
    """
    holding = holders(connection)
    named = {address for contact in now.values() for address in contact.ids}
    c = learned_ids.c
    for row in connection.execute(select(c.address, c.account, c.phone, c.believed)).all():
        kept = row.phone in holding and before.get(row.phone) == holding[row.phone]
        if not kept or (row.address in named) == row.believed:
            connection.execute(delete(learned_ids).where(c.address == row.address, c.account == row.account))


def _refusals(connection: Connection, addresses: Collection[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The refusals in force of some chats, in every account, by chat."""
    if not addresses:
        return {}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in _REFUSED(connection, [{"chat": address} for address in sorted(addresses)]).mappings():
        refusal = {**row, "opted_out_at": moment(row["opted_out_at"], connection.dialect)}
        found.setdefault(row["chat"], []).append(refusal)
    return found
