"""Who asks: a person of the catalog or not, in their own chat or in a group; or a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import Contact
from wa_integrasi.commands import Command
from wa_integrasi.commands.offering import tap_of
from wa_integrasi.intake.asking import contact_of, group_of
from wa_integrasi.recipient import Kind, Recipient
from wa_integrasi.store.tables import inbound_messages


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where."""

    account: str
    chat: str
    sender: str | None
    """None for a program: the answer then goes to who reads `chat`."""
    name: str | None
    """What the catalog calls the person, or who gets the answer; None where it does not know them."""
    contact: Contact | None
    group: str | None
    """What the catalog calls the group chat; its id where it has no name, None in a person's own chat."""
    message_id: str | None = None
    """Of the message that asks, as the channel has it."""
    written_at: datetime | None = None
    program: str | None = field(default=None)
    mentions_us: bool = False
    """Whether the message that asks mentions the account."""
    tapped: str | None = None
    """The question on whose choice they tapped; `Tap.question`."""
    names: Sequence[str] = ()
    """What else the channel knows them by, from their message."""

    @property
    def addresses(self) -> Sequence[str]:
        """Every name by which the channel may know them, the one that they ask under first."""
        own = self.sender or self.chat
        return tuple(dict.fromkeys((own, *self.names, *(self.contact.addresses if self.contact else ()))))

    @property
    def roles(self) -> Sequence[str]:
        """What they may do."""
        return self.contact.roles if self.contact else ()

    @property
    def language(self) -> str:
        """What they are spoken to in."""
        return self.contact.language if self.contact else "id"

    @property
    def shown(self) -> str:
        """What templates and messages call them."""
        if self.contact is not None:
            return self.contact.display_name
        return self.group or Recipient.of_chat(self.sender or self.chat).masked

    @property
    def actor(self) -> str:
        """What the audit log calls them: no number in full."""
        if self.program is not None:
            return self.program
        return f"contact:{self.name}" if self.name else Recipient.of_chat(self.sender or self.chat).masked


def askers_of(
    connection: Connection, commands: Sequence[Command], catalog: Catalog, group_ids: Mapping[str, str]
) -> dict[int, Asker]:
    """Who asked each command, by its id."""
    m = inbound_messages.c
    columns = (m.id, m.message_id, m.at, m.sender_phone, m.sender_user_id, m.sender_lid, m.context, m.details)
    ids = [command.message_id for command in commands if command.message_id is not None]
    rows = connection.execute(select(*columns).where(m.id.in_(ids))).all() if ids else []
    messages = {row.id: row for row in rows}
    found = {}
    for command in commands:
        row = messages.get(command.message_id) if command.message_id is not None else None
        told = (row.sender_phone, row.sender_user_id, row.sender_lid) if row else ()
        known = [address for address in told if address]
        in_group = Recipient.of_chat(command.chat).kind is Kind.GROUP
        who = [command.sender, *known] if command.sender else [] if in_group else [command.chat]
        contact = contact_of(catalog, who)
        found[command.id] = Asker(
            command.account,
            command.chat,
            command.sender,
            name_of(catalog, contact),
            contact,
            group_of(catalog, command.chat if in_group else None, group_ids),
            row.message_id if row else None,
            row.at if row else None,
            None if command.sender else command.asked_by,
            mentions_us=bool(row and row.context and row.context.get("mentions_us")),
            tapped=_tapped(row.details) if row else None,
            names=known,
        )
    return found


def _tapped(details: Mapping[str, Any] | None) -> str | None:
    tap = tap_of((details or {}).get("id"))
    return tap.question if tap else None


def name_of(catalog: Catalog, contact: Contact | None) -> str | None:
    """What the catalog calls a contact."""
    return next((name for name, each in catalog.contacts.items() if each is contact), None)
