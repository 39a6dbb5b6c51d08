"""Whose turn it is in each chat: a worker locks the chat, not its messages, and so their order holds.

In `chats`, `head_id` is the message whose turn it is, `due_at` when it may go (null: nothing waits), `priority` its
class, and `held_by` the lease of the claim that has it, or `UNKNOWN` while nobody knows whether it arrived. Whatever
opens, ends or moves a message locks its chat first and says `pass_on` at its end. A claim reads the heads of free
chats by one index, so what it costs does not depend on how many messages wait or have ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Executable, Row, bindparam, text

from wa_integrasi.message import Priority
from wa_integrasi.store.bulk import bulk, plain
from wa_integrasi.store.tables import UtcDateTime

UNKNOWN = "unknown"

Key = tuple[str, str]
"""Account and chat."""

_CLASSES = " ".join(f"WHEN o.priority <= {priority:d} THEN {priority:d}" for priority in sorted(Priority))
_HEAD = f"""
    SELECT o.id, CASE {_CLASSES} ELSE {max(Priority):d} END, o.next_attempt_at FROM wa_outbox o
    WHERE o.account = chats.account AND o.chat = chats.chat AND o.stage = 'open' AND o.status = 'pending'
    ORDER BY o.priority, o.id LIMIT 1"""

_LOCK = bulk(
    "SELECT 1 FROM chats JOIN {x} ON chats.account = x.account AND chats.chat = x.chat "
    "ORDER BY chats.account, chats.chat FOR UPDATE OF chats",
    account="text",
    chat="text",
)
_MAKE = bulk(
    "INSERT INTO chats (account, chat) SELECT x.account, x.chat FROM {x} WHERE true ORDER BY x.account, x.chat "
    "ON CONFLICT (account, chat) DO NOTHING",
    account="text",
    chat="text",
)
_PASS_ON = bulk(
    f"UPDATE chats SET held_by = NULL, (head_id, priority, due_at) = ({_HEAD}) FROM {{x}} "
    "WHERE chats.account = x.account AND chats.chat = x.chat AND (chats.held_by IS NULL OR chats.held_by = x.token "
    f"OR (chats.held_by = '{UNKNOWN}' AND chats.head_id = x.id))",
    account="text",
    chat="text",
    token="text",  # noqa: S106 - an SQL type
    id="bigint",
)
_HOLD = bulk(
    f"UPDATE chats SET held_by = '{UNKNOWN}', head_id = x.id FROM {{x}} "
    "WHERE chats.account = x.account AND chats.chat = x.chat AND chats.held_by = x.token",
    account="text",
    chat="text",
    token="text",  # noqa: S106 - an SQL type
    id="bigint",
)
WAITS = (
    "ON CONFLICT (account, chat) DO UPDATE "
    "SET head_id = excluded.head_id, priority = excluded.priority, due_at = excluded.due_at "
    "WHERE chats.held_by IS NULL AND (chats.due_at IS NULL OR excluded.priority < chats.priority)"
)
"""What becomes of a chat for which new messages wait; on PostgreSQL it is locked in any case."""

_WAIT = bulk(
    "INSERT INTO chats (account, chat, head_id, priority, due_at) "
    f"SELECT x.account, x.chat, x.id, x.priority, :now FROM {{x}} WHERE true ORDER BY x.account, x.chat {WAITS}",
    account="text",
    chat="text",
    id="bigint",
    priority="int",
)


def lock_chats(connection: Connection, keys: Iterable[Key]) -> None:
    """Lock chats in one order, as everything does: so no two wait for each other. On SQLite all is locked already."""
    if connection.dialect.name == "postgresql" and (found := sorted(set(keys))):
        _LOCK(connection, [{"account": account, "chat": chat} for account, chat in found]).all()


def lock_all(connection: Connection, keys: Iterable[Key]) -> None:
    """As `lock_chats`, also those that are not there yet."""
    found = sorted(set(keys))
    _MAKE(connection, [{"account": account, "chat": chat} for account, chat in found])
    lock_chats(connection, found)


def pass_on(connection: Connection, turns: Sequence[tuple[Key, str | None, int]]) -> None:
    """Give the turn of locked chats to what waits now: of each its key, the lease that held it, and its message.

    A chat that another lease holds, or another message of unknown fate, stays as it is.
    """
    if turns:
        _PASS_ON(connection, _rows(turns))


def hold(connection: Connection, turns: Sequence[tuple[Key, str | None, int]]) -> None:
    """Nothing may pass these messages, whose lease has ended and whose fate is unknown."""
    if turns:
        _HOLD(connection, _rows(turns))


def wait(connection: Connection, heads: Sequence[tuple[Key, int, int]], now: datetime) -> None:
    """New messages wait: of each chat its first, as key, message and priority. They come before less urgent ones."""
    ordered = sorted(heads)
    rows = [{"account": a, "chat": c, "id": id_, "priority": priority} for (a, c), id_, priority in ordered]
    if rows:
        _WAIT(connection, rows, now=now)


class Bounds:
    """From where on a worker looks for due chats: past those it has taken.

    While somebody keeps an old transaction open, PostgreSQL keeps every version of a chat since, and a search from the
    beginning would walk over all of them. A chat may become due behind the bound, though, as its transaction can
    commit late; so a search that finds too little starts again at the beginning, and so does one a second.
    """

    def __init__(self) -> None:
        self._low: dict[tuple[str, int], datetime] = {}

    def forget(self) -> None:
        """Look from the beginning."""
        self._low.clear()

    def low(self, account: str, priority: int) -> datetime | None:
        """Where to begin; None for the beginning."""
        return self._low.get((account, priority))

    def move(self, account: str, priority: int, taken: Sequence[Row[Any]], *, full: bool) -> None:
        """Begin there next time, if this time there was enough."""
        moments = [row.due_at for row in taken if row.due_at is not None]
        if full and moments:
            self._low[account, priority] = max(moments)
        else:
            self._low.pop((account, priority), None)


def take(
    connection: Connection, account: str, token: str, now: datetime, limit: int, bounds: Bounds
) -> dict[str, Row[Any]]:
    """Take up to `limit` free chats whose turn has come, the most urgent first; returns what is known of each."""
    taken: dict[str, Row[Any]] = {}
    for priority in sorted(Priority):
        low = bounds.low(account, priority)
        for begin in [low, None] if low else [None]:
            if (wanted := limit - len(taken)) > 0:
                values = {"account": account, "token": token, "priority": int(priority), "limit": wanted, "now": now}
                bounded = {"low": begin} if begin else {}
                rows = connection.execute(_taking(connection.dialect.name, bool(begin)), values | bounded).all()
                bounds.move(account, priority, rows, full=len(rows) == wanted)
                taken |= {row.chat: row for row in rows}
    return taken


def heads(connection: Connection, account: str, token: str) -> Sequence[Row[Any]]:
    """The messages whose turn it is in the chats that `token` has taken."""
    return connection.execute(_heads(connection.dialect.name), {"account": account, "token": token}).all()


def adopt_orphans(connection: Connection, after: Place) -> Place:
    """Messages that wait without a turn, since another program wrote them so, are read anew like any foreign row.

    Looks at some of those that wait, from `after` on; returns where to go on, in the end `START`.
    """
    place = dict(zip(("account", "chat", "priority", "id"), after, strict=True))
    plain(connection, _ORPHANS, some=_SOME, **place)
    last = plain(connection, f"{_FROM_PLACE} LIMIT 1 OFFSET {_SOME - 1}", **place).first()
    return START if last is None else (last.account, last.chat, last.priority, last.id)


_TAKEN = """
    SELECT o.id, o.account, o.chat, o.type, o.content, o.attempts, o.priority, o.reply_to, o.status, o.created_at,
    o.not_before, o.expires_at, o.send_hours, o.dedupe_key
    FROM chats c JOIN wa_outbox o ON o.id = c.head_id AND o.account = c.account AND o.chat = c.chat
    WHERE c.held_by = :token AND c.account = :account"""


def resume(connection: Connection, account: str, code: str) -> None:
    """What waits because its account was held, for `code`, goes as if nothing had been."""
    held = plain(connection, _HELD, account=account, code=code).all()
    lock_chats(connection, [(row.account, row.chat) for row in held])
    plain(connection, _RESUME, account=account, code=code)
    pass_on(connection, [((row.account, row.chat), None, 0) for row in held])


_WAITS_FOR = "account = :account AND stage = 'open' AND status = 'pending' AND chat IS NOT NULL AND error_code = :code"
_HELD = f"SELECT DISTINCT account, chat FROM wa_outbox WHERE {_WAITS_FOR}"
_RESUME = f"UPDATE wa_outbox SET next_attempt_at = created_at WHERE {_WAITS_FOR}"


def set_back(connection: Connection, now: datetime, before: datetime) -> None:
    """The clock, at `before` a moment ago, says `now`: what was due by then is due."""
    plain(
        connection, "UPDATE chats SET due_at = :now WHERE due_at > :now AND due_at <= :before", now=now, before=before
    )


Place = tuple[str, str, int, int]
START: Place = ("", "", 0, 0)
_SOME = 500

_FROM_PLACE = """
    SELECT o.account, o.chat, o.priority, o.id FROM wa_outbox o
    WHERE o.stage = 'open' AND o.chat IS NOT NULL
    AND (o.account, o.chat, o.priority, o.id) > (:account, :chat, :priority, :id)
    ORDER BY o.account, o.chat, o.priority, o.id"""
_ORPHANS = f"""
    UPDATE wa_outbox SET chat = NULL WHERE status = 'pending' AND id IN (
        SELECT w.id FROM ({_FROM_PLACE} LIMIT :some) w WHERE NOT EXISTS (
            SELECT 1 FROM chats c WHERE c.account = w.account AND c.chat = w.chat
            AND (c.due_at IS NOT NULL OR c.held_by IS NOT NULL)))"""


def _rows(turns: Sequence[tuple[Key, str | None, int]]) -> list[dict[str, Any]]:
    return [{"account": a, "chat": c, "token": token, "id": id_} for (a, c), token, id_ in sorted(turns, key=_by_key)]


def _by_key(turn: tuple[Key, str | None, int]) -> Key:
    return turn[0]


_MOMENTS = ("due_at", "next_at", "last_inbound_at", "opted_in_at", "opted_out_at", "initiated_at")


@lru_cache
def _heads(dialect: str) -> Executable:
    # PostgreSQL's driver reads moments by itself, and faster.
    moments = dict.fromkeys(("created_at", "not_before", "expires_at"), UtcDateTime)
    return text(_TAKEN) if dialect == "postgresql" else text(_TAKEN).columns(**moments)


@lru_cache
def _taking(dialect: str, bounded: bool) -> Executable:
    # An array is computed once; a sub-select in IN may be run again for each row, past its limit.
    one_of, locked = ("= ANY(ARRAY({}))", " FOR UPDATE SKIP LOCKED") if dialect == "postgresql" else ("IN ({})", "")
    due = (
        "SELECT chat FROM chats WHERE account = :account AND priority = :priority AND held_by IS NULL "
        f"AND {'due_at >= :low AND ' if bounded else ''}due_at <= :now ORDER BY due_at, head_id LIMIT :limit{locked}"
    )
    sql = (
        f"UPDATE chats SET held_by = :token WHERE account = :account AND chat {one_of.format(due)} "
        f"RETURNING chat, {', '.join(_MOMENTS)}"
    )
    typed = text(sql).bindparams(
        *(bindparam(name, type_=UtcDateTime) for name in (("now", "low") if bounded else ("now",)))
    )
    return typed if dialect == "postgresql" else typed.columns(**dict.fromkeys(_MOMENTS, UtcDateTime))
