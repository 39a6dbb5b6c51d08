"""What is kept of those who write: how much they do, and who is blocked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, tuple_

from wa_integrasi.intake.incoming import Person
from wa_integrasi.policy.spam import Standing
from wa_integrasi.store.bulk import bulk, upsert
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import blocked, senders

EVERY_ACCOUNT = "*"

_KEY = (senders.c.account, senders.c.chat, senders.c.sender)
_STANDING = tuple(senders.c[name] for name in Standing.__slots__)
_MAKE = bulk(
    "INSERT INTO senders (account, chat, sender) SELECT x.account, x.chat, x.sender FROM {x} WHERE true "
    "ORDER BY x.account, x.chat, x.sender ON CONFLICT (account, chat, sender) DO NOTHING",
    account="text",
    chat="text",
    sender="text",
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
    """How much each of them has written, locked until the commit; everything locks them in this one order."""
    found = sorted(set(people))
    _MAKE(connection, [_named(person) for person in found])
    chosen = select(*_KEY, *_STANDING).where(tuple_(*_KEY).in_(found)).order_by(*_KEY).with_for_update()
    rows = connection.execute(chosen).tuples()
    return {(account, chat, sender): Standing(*values) for account, chat, sender, *values in rows}


def keep_standings(connection: Connection, standings: Mapping[Person, Standing]) -> None:
    """Write down how much each of them has written now."""
    upsert(connection, senders, [{**_named(person), **asdict(standings[person])} for person in sorted(standings)])


def blocked_among(connection: Connection, addresses: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these, each an account and an address, are blocked."""
    named = {address for _, address in addresses}
    rows = connection.execute(select(blocked.c.account, blocked.c.address).where(blocked.c.address.in_(named)))
    found = set(rows.tuples())
    return {(a, b) for a, b in addresses if (a, b) in found or (EVERY_ACCOUNT, b) in found}


def block(store: Store, new: Block) -> None:
    """Block somebody; who is blocked already stays so, for the new reason."""
    with store.writing() as connection:
        upsert(connection, blocked, [asdict(new)])


def unblock(store: Store, account: str, address: str) -> bool:
    """Hear somebody again; False when they were not blocked."""
    with store.writing() as connection:
        gone = delete(blocked).where(blocked.c.account == account, blocked.c.address == address)
        return connection.execute(gone).rowcount > 0


def blocks(store: Store) -> list[Block]:
    """Everybody who is blocked."""
    columns = (blocked.c[name] for name in Block.__slots__)
    with store.reading() as connection:
        rows = connection.execute(select(*columns).order_by(blocked.c.account, blocked.c.address))
        return [Block(*row) for row in rows.tuples()]


def _named(person: Person) -> dict[str, str]:
    account, chat, sender = person
    return {"account": account, "chat": chat, "sender": sender}
