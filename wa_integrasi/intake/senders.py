"""What is kept of those who write: how much they do, and who is blocked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from wa_integrasi.audit.log import audit
from wa_integrasi.intake.incoming import Incoming, Person
from wa_integrasi.policy.spam import Standing
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.bulk import bulk, locked, moment, upsert
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import blocked, senders

EVERY_ACCOUNT = "*"

_KEY = {"account": "text", "chat": "text", "sender": "text"}
_MOMENTS = ("filled_until", "last_at", "silent_until", "alarmed_at")
_MAKE = bulk(
    "INSERT INTO senders (account, chat, sender) SELECT x.account, x.chat, x.sender FROM {x} WHERE true "
    "ORDER BY x.account, x.chat, x.sender ON CONFLICT (account, chat, sender) DO NOTHING",
    **_KEY,
)
# A join, since PostgreSQL reads the whole index for `(account, chat, sender) IN (…)`; CROSS, so that SQLite begins with
# the few.
_READ = (
    f"SELECT {', '.join(f'senders.{name}' for name in (*_KEY, *Standing.__slots__))} FROM {{x}} "  # noqa: S608 - fixed words
    "CROSS JOIN senders WHERE senders.account = x.account AND senders.chat = x.chat AND senders.sender = x.sender "
    "ORDER BY senders.account, senders.chat, senders.sender"
)


@dataclass(frozen=True, slots=True)
class Block:
    """Somebody whose messages are kept and not answered."""

    account: str
    """`*` for all."""
    address: str
    """As `Recipient.chat`."""
    since: datetime
    by: str
    reason: str


def lock_standings(connection: Connection, people: Iterable[Person]) -> dict[Person, Standing]:
    """How much each of them has written, locked until the commit; left out are those whom somebody else has locked."""
    found = [_named(person) for person in sorted(set(people))]
    _MAKE(connection, found)
    reading = bulk(_READ + locked(connection, "senders"), **_KEY)
    return {(row.account, row.chat, row.sender): _standing(row, connection) for row in reading(connection, found)}


def keep_standings(connection: Connection, standings: Mapping[Person, Standing]) -> None:
    """Write down how much each of them has written now."""
    upsert(connection, senders, [{**_named(person), **asdict(standings[person])} for person in sorted(standings)])


def blocked_of(connection: Connection, messages: Sequence[Incoming]) -> set[int]:
    """The ids of those of these messages that somebody has written who is blocked, by any of their addresses."""
    named = {address for message in messages for address in message.addresses}
    rows = connection.execute(select(blocked.c.account, blocked.c.address).where(blocked.c.address.in_(named)))
    found = set(rows.tuples())
    return {
        message.id
        for message in messages
        for account in (message.account, EVERY_ACCOUNT)
        if any((account, address) in found for address in message.addresses)
    }


def block(store: Store, new: Block) -> None:
    """Block somebody; who is blocked already stays so, for the new reason."""
    with store.writing() as connection:
        upsert(connection, blocked, [asdict(new)])
        audit(connection, new.since, new.by, "block_contact", details=_shown(new.account, new.address))


def unblock(store: Store, account: str, address: str, by: str, at: datetime) -> bool:
    """Hear somebody again; False when they were not blocked."""
    with store.writing() as connection:
        gone = delete(blocked).where(blocked.c.account == account, blocked.c.address == address)
        if connection.execute(gone).rowcount == 0:
            return False
        audit(connection, at, by, "unblock_contact", details=_shown(account, address))
    return True


def blocks(store: Store) -> list[Block]:
    """Everybody who is blocked."""
    columns = (blocked.c[name] for name in Block.__slots__)
    with store.reading() as connection:
        rows = connection.execute(select(*columns).order_by(blocked.c.account, blocked.c.address))
        return [Block(*row) for row in rows.tuples()]


def _shown(account: str, address: str) -> dict[str, str]:
    return {"account": account, "contact": Recipient.of_chat(address).masked}


def _standing(row: Row[Any], connection: Connection) -> Standing:
    values = {name: getattr(row, name) for name in Standing.__slots__}
    return Standing(**{**values, **{name: moment(values[name], connection.dialect) for name in _MOMENTS}})


def _named(person: Person) -> dict[str, str]:
    account, chat, sender = person
    return {"account": account, "chat": chat, "sender": sender}
