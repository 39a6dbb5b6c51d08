"""What the bot remembers of each person in a chat, kept in the table `dialogs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from wa_integrasi.commands.conversation import LASTS, Memory, Question
from wa_integrasi.store.bulk import upsert
from wa_integrasi.store.tables import dialogs

_KEPT = timedelta(hours=1)
"""How long after its end a row may still be there."""

Key = tuple[str, str, str]
"""Account, chat and sender."""


@dataclass(frozen=True, slots=True)
class Dialog:
    """What is remembered of one person in one chat."""

    memory: Memory
    pages: tuple[str, ...] = ()
    """The texts of the long answer that `memory.page` is a page of."""
    confirmed_in: Key | None = None
    """The dialog that what waits for a code is remembered in, where that is one under another name of the person."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a command changes of it; what stays the same is left to whoever else changes it."""

    key: Key
    before: Memory
    after: Memory
    pages: tuple[str, ...] | None = None
    """None: as they are."""


def recall(connection: Connection, key: Key, now: datetime, others: Sequence[Key] = ()) -> Dialog:
    """What is still remembered of somebody.

    `others` are their dialogs under other names: what waits there for a code is theirs to confirm. The newest counts.
    """
    found = connection.execute(select(dialogs.c.memory, dialogs.c.pages).where(*_is(key))).first()
    own = Dialog(_read(found.memory).at(now), tuple(found.pages or ())) if found else Dialog(Memory())
    for other in others:
        waiting, newest = recall(connection, other, now).memory.confirmation, own.memory.confirmation
        if waiting is not None and (newest is None or waiting.expires_at > newest.expires_at):
            own = replace(own, memory=replace(own.memory, confirmation=waiting), confirmed_in=other)
    return own


def changes_of(key: Key, before: Dialog, after: Memory, pages: tuple[str, ...] | None) -> list[Change]:
    """What is to be written down of a dialog that was recalled, each part where it was found."""
    other = before.confirmed_in
    if other is None or after.confirmation == before.memory.confirmation:
        return [Change(key, before.memory, after, pages)]
    confirmed = before.memory.confirmation
    own = Change(key, replace(before.memory, confirmation=None), replace(after, confirmation=None), pages)
    return [own, Change(other, Memory(confirmation=confirmed), Memory(confirmation=after.confirmation))]


def remember(connection: Connection, changes: Sequence[Change], now: datetime) -> None:
    """Write down what has changed, in one order for everybody."""
    for change in sorted(changes, key=lambda change: change.key):
        found = connection.execute(select(dialogs).where(*_is(change.key)).with_for_update()).first()
        current = _read(found.memory).at(now) if found else Memory()
        merged = Memory(
            *(
                getattr(change.after if getattr(change.after, part) != getattr(change.before, part) else current, part)
                for part in Memory.__slots__
            )
        )
        if merged.empty:
            connection.execute(delete(dialogs).where(*_is(change.key)))
            continue
        kept = found.pages if found and change.pages is None else list(change.pages or ())
        account, chat, sender = change.key
        row = {"account": account, "chat": chat, "sender": sender, "memory": merged.to_json()}
        until = merged.asked.asked_at + LASTS if merged.asked else now
        same = found is not None and merged.asked == current.asked
        warn_at = found.warn_at if found is not None and same else _warn_at(merged)
        upsert(
            connection, dialogs, [{**row, "until": until, "pages": kept if merged.page else None, "warn_at": warn_at}]
        )


def first_warning(connection: Connection) -> datetime | None:
    """When the next person is to be told that a question is soon forgotten."""
    waits = select(dialogs.c.warn_at).where(dialogs.c.warn_at.is_not(None))
    return connection.execute(waits.order_by(dialogs.c.warn_at).limit(1)).scalar()


def take_warnings(connection: Connection, now: datetime, limit: int = 50) -> list[Key]:
    """Who is to be told so now, each once; nobody whose question is forgotten already."""
    d = dialogs.c
    due = select(d.account, d.chat, d.sender, d.until).where(d.warn_at <= now).order_by(d.warn_at).limit(limit)
    rows = connection.execute(due.with_for_update(skip_locked=True)).all()
    for account, chat, sender, _ in rows:
        connection.execute(update(dialogs).where(*_is((account, chat, sender))).values(warn_at=None))
    return [(account, chat, sender) for account, chat, sender, until in rows if until > now]


def forget_old(connection: Connection, now: datetime) -> int:
    """Delete what nothing is remembered of any more."""
    return connection.execute(delete(dialogs).where(dialogs.c.until < now - _KEPT)).rowcount


def _read(stored: Mapping[str, Any]) -> Memory:
    """The memory of a row; one that another version wrote otherwise is as good as forgotten."""
    try:
        return Memory.from_json(stored)
    except (KeyError, TypeError, ValueError):
        return Memory()


def _warn_at(memory: Memory) -> datetime | None:
    """Of a question only: who leaves a menu unanswered has read it."""
    return memory.warn_at if isinstance(memory.asked, Question) else None


def _is(key: Key) -> tuple[Any, ...]:
    account, chat, sender = key
    return dialogs.c.account == account, dialogs.c.chat == chat, dialogs.c.sender == sender
