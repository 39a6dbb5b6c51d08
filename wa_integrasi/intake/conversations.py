"""Conversations: what one person writes in one chat until they fall silent for long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection, insert, select, update

from wa_integrasi.intake.incoming import Incoming, Person
from wa_integrasi.store.tables import conversations

GATHERED_FOR = timedelta(seconds=2)
"""People write one thought in several messages: so long they are waited for, from the first of them on."""


def place(connection: Connection, messages: Iterable[Incoming], quiet: timedelta, now: datetime) -> dict[int, int]:
    """The conversation that each message belongs to, by the ids of their rows; a new one where the last has ended.

    The senders' standings are locked by the caller, so no two open a conversation for the same person.
    """
    placed: dict[int, int] = {}
    ordered = sorted(messages, key=lambda message: (message.person, message.turn))
    for person, theirs in groupby(ordered, key=lambda message: message.person):
        for talk in _talks(list(theirs), quiet):
            conversation = _joined(connection, person, talk, quiet, now) or _opened(connection, person, talk, now)
            placed |= {message.id: conversation for message in talk}
    return placed


def _talks(messages: Sequence[Incoming], quiet: timedelta) -> list[list[Incoming]]:
    """Messages of one person, parted where they fell silent for longer than `quiet`."""
    talks = [[messages[0]]]
    for message in messages[1:]:
        if message.at - talks[-1][-1].at > quiet:
            talks.append([])
        talks[-1].append(message)
    return talks


def _joined(
    connection: Connection, person: Person, talk: Sequence[Incoming], quiet: timedelta, now: datetime
) -> int | None:
    """The open conversation, with these messages; None, and it is closed, when they come too late for it."""
    c = conversations.c
    open_one = (c.account == person[0]) & (c.chat == person[1]) & (c.sender == person[2]) & c.closed_at.is_(None)
    found = connection.execute(select(c.id, c.last_at, c.due_at).where(open_one).with_for_update()).first()
    if found is None:
        return None
    if talk[0].at - found.last_at > quiet:
        connection.execute(update(conversations).where(c.id == found.id).values(closed_at=now))
        return None
    values = {
        "last_at": max(found.last_at, talk[-1].at),
        "messages": c.messages + len(talk),
        "due_at": found.due_at or now + GATHERED_FOR,
    }
    connection.execute(update(conversations).where(c.id == found.id).values(values))
    number: int = found.id
    return number


def _opened(connection: Connection, person: Person, talk: Sequence[Incoming], now: datetime) -> int:
    account, chat, sender = person
    values = {
        "account": account,
        "chat": chat,
        "sender": sender,
        "opened_at": talk[0].at,
        "last_at": talk[-1].at,
        "messages": len(talk),
        "due_at": now + GATHERED_FOR,
    }
    made: int = connection.execute(insert(conversations).values(values).returning(conversations.c.id)).scalar_one()
    return made
