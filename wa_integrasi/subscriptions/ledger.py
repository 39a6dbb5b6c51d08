"""The subscriptions of one store: read here, changed by their owners (`changes`) and by whoever reads values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, or_, select, tuple_

from wa_integrasi.commands import Command
from wa_integrasi.commands.grammar.conditions import Operator
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import blocked, chats, inbound_messages, message_events, subscriptions, wa_outbox
from wa_integrasi.subscriptions.models import Kind, Limit, NewSubscription, Standing, State, Subscription
from wa_integrasi.typed.words import words_of

PREFIX = "subscription/"
"""Begins the dedupe key of what watchers are told: `subscription/17/3`."""

_EVERY_ACCOUNT = "*"
_KEY = re.compile(rf"{PREFIX}([0-9]{{1,18}})/[0-9]+")
_ACKNOWLEDGED = frozenset(
    {"ok", "oke", "okay", "okey", "k", "ack", "siap", "sip", "baik", "noted", "diterima", "dimengerti", "mengerti"}
    | {
        "paham",
        "acknowledged",
        "roger",
        "got it",
        "ok siap",
        "siap pak",
        "siap bu",
        "ok pak",
        "ok bu",
        "baik pak",
        "baik bu",
    }
)


def is_acknowledgement(text: str) -> bool:
    """Whether a text says that somebody has understood, and nothing else."""
    return len(text) <= 40 and (" ".join(words_of(text)) in _ACKNOWLEDGED or text.strip().startswith("👍"))


def subscription_of(row: Row[Any]) -> Subscription:
    """A row of the table."""
    limit = None
    if row.kind == Kind.LIMIT:
        lasting, repeat = timedelta(seconds=row.lasting_s), timedelta(seconds=row.repeat_s)
        operator = Operator(row.operator)
        limit = Limit(row.asked, operator, row.limit, lasting, repeat, row.value_column, row.value_row)
    kept = {name: getattr(row, name) for name in Standing.__slots__}
    standing = Standing(**{**kept, "state": State(row.state), "told": State(row.told)})
    what = NewSubscription(
        row.account, row.chat, row.contact, row.person, row.language, Kind(row.kind), row.name, row.arguments, limit
    )
    return Subscription(row.id, row.number, what, standing, row.created_at, row.asleep, row.tellings)


class Subscriptions:
    """Looks up the subscriptions of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of_contact(self, account: str, contact: str) -> list[Subscription]:
        """Those of somebody that are not over, in the order of their numbers; `contact` is a name of the catalog."""
        c = subscriptions.c
        return self._found((c.account == account) & (c.contact == contact), c.number)

    def in_force(self) -> list[Subscription]:
        """All that are not over."""
        return self._found(subscriptions.c.id.is_not(None), subscriptions.c.id)

    def of_report(self, report: str, account: str) -> list[Subscription]:
        """Those of a report that is sent by an account, of people who want messages."""
        c = subscriptions.c
        return self._found((c.kind == Kind.REPORT) & (c.name == report) & ~unwanted(account), c.id)

    def open_alarms(self, account: str, chats: Sequence[str]) -> list[Subscription]:
        """Those that somebody was told of in one of some chats and has not said `ok` to."""
        c = subscriptions.c
        return self._found((c.account == account) & c.chat.in_(chats) & _alarmed(), c.id)

    def quoted_by(self, command: Command) -> Subscription | None:
        """The subscription whose message a command answers, whosever it is: one chat may have two names."""
        if command.message_id is None:
            return None
        with self._store.reading() as connection:
            m = inbound_messages.c
            context = connection.execute(select(m.context).where(m.id == command.message_id)).scalar()
            quoted = (context or {}).get("message_id")
            ids = _quoted(connection, [(command.account, quoted)]) if isinstance(quoted, str) else {}
        c = subscriptions.c
        return next(iter(self._found(c.id.in_(list(ids.values())), c.id)), None) if ids else None

    def _found(self, which: ColumnElement[bool], order: ColumnElement[Any]) -> list[Subscription]:
        with self._store.reading() as connection:
            return [subscription_of(row) for row in connection.execute(_in_force().where(which).order_by(order))]


def answers_alarm(
    connection: Connection, messages: Iterable[tuple[str, str, str | None, str]]
) -> set[tuple[str, str, str | None, str]]:
    """Which messages (account, chat, id of what they quote, text) say that their writer knows of an alarm.

    They quote one, or say no more than `ok` where there is one.
    """
    asked = set(messages)
    if not asked:
        return set()
    quoted = _quoted(connection, [(account, quote) for account, _, quote, _ in asked if quote is not None])
    found = {each for each in asked if (each[0], each[2]) in quoted}
    said = {each for each in asked - found if is_acknowledgement(each[3])}
    c = subscriptions.c
    chats = sorted({(account, chat) for account, chat, _, _ in said})
    if not chats:
        return found
    alarmed = select(c.account, c.chat).where(
        c.cancelled_at.is_(None), _alarmed(), tuple_(c.account, c.chat).in_(chats)
    )
    open_ones = set(connection.execute(alarmed).tuples())
    return found | {each for each in said if each[:2] in open_ones}


def unwanted(account: str | None = None) -> ColumnElement[bool]:
    """Whether the owner of a subscription has written STOP, or is blocked; on `account`, too, if one is given."""
    s, c, b = subscriptions.c, chats.c, blocked.c
    since = or_(c.opted_in_at.is_(None), c.opted_in_at <= c.opted_out_at)
    accounts = [s.account, *([account] if account is not None else [])]
    theirs = c.account.in_(accounts) & c.chat.in_([s.chat, s.person])
    stopped = exists().where(theirs, c.opted_out_at.is_not(None), since)
    return stopped | exists().where(b.account.in_([_EVERY_ACCOUNT, *accounts]), b.address.in_([s.chat, s.person]))


def _in_force() -> Select[Any]:
    return select(subscriptions).where(subscriptions.c.cancelled_at.is_(None))


def _alarmed() -> ColumnElement[bool]:
    c = subscriptions.c
    return c.told_of.is_not(None) & c.resolved_at.is_(None) & c.acknowledged_at.is_(None)


def _quoted(connection: Connection, quotes: Sequence[tuple[str, str]]) -> dict[tuple[str, str | None], int]:
    """The subscriptions whose messages are quoted, by account and id of the message."""
    if not quotes:
        return {}
    e, o = message_events.c, wa_outbox.c
    keys = select(o.account, e.provider_message_id, o.dedupe_key).join(wa_outbox, o.id == e.outbox_id)
    rows = connection.execute(
        keys.where(e.provider_message_id.in_({quote for _, quote in quotes}), o.dedupe_key.startswith(PREFIX))
    )
    found = {(account, quote): _KEY.fullmatch(key) for account, quote, key in rows}
    return {quote: int(key[1]) for quote, key in found.items() if key and quote in set(quotes)}
