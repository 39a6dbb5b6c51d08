"""The on-demand queue: what people typed and what programs asked for, taken under leases and ended once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, or_, select, text, update

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import commands

LEASE = timedelta(seconds=30)
"""How long a command belongs to who has taken it, unless they renew it."""


class State(StrEnum):
    """Where a command stands."""

    WAITING = "waiting"
    RUNNING = "running"
    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NewCommand:
    """A command to be answered: what was written (`text`), or a trigger by its name."""

    account: str
    chat: str
    """Where the answer goes, as `Recipient.chat`."""
    text: str | None = None
    trigger: str | None = None
    arguments: Mapping[str, Any] | None = None
    sender: str | None = None
    """Who wrote it, as `Recipient.chat`."""
    asked_by: str | None = None
    """The key of the API that asked."""
    message_id: int | None = None
    """The row of `inbound_messages`: a message gives one command, however often it is routed."""
    quote_id: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was taken, or looked up."""

    id: int
    account: str
    chat: str
    sender: str | None
    asked_by: str | None
    message_id: int | None
    quote_id: str | None
    text: str | None
    trigger: str | None
    arguments: Mapping[str, Any] | None
    created_at: datetime
    state: State
    attempts: int
    """How often it was taken, this time included."""
    lease: str | None
    flow_run_id: str | None
    ended_at: datetime | None
    note: str | None

    @property
    def waited(self) -> bool:
        """Whether it was taken before, and not ended."""
        return self.attempts > 1 or self.note is not None


_COLUMNS = tuple(commands.c[name] for name in Command.__slots__)
_EARLIER = commands.alias("earlier")
_FIRST = ~exists().where(
    _EARLIER.c.account == commands.c.account,
    _EARLIER.c.chat == commands.c.chat,
    _EARLIER.c.sender == commands.c.sender,
    _EARLIER.c.due_at.is_not(None),
    _EARLIER.c.id < commands.c.id,
)
"""Nothing that the same person asked before in the same chat is still open."""

_RAN = text("state = 'answered' AND trigger IS NOT NULL")


class CommandQueue:
    """The commands of one store. Every method is one transaction, or joins the caller's."""

    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock

    def ask(self, wanted: Sequence[NewCommand], connection: Connection | None = None) -> list[int]:
        """Queue commands and wake who waits for them; returns their ids, in their order.

        The caller sees to it that a message is routed once: a second command of one message is an `IntegrityError`.
        """
        if connection is None:
            with self._store.writing() as own:
                return self.ask(wanted, own)
        now = self._clock()
        ids = []
        for each in wanted:
            values = {name: getattr(each, name) for name in NewCommand.__slots__}
            made = insert(commands).values(**values, created_at=now, state=State.WAITING, due_at=now)
            ids.append(connection.execute(made.returning(commands.c.id)).scalar_one())
        if ids:
            self._store.wake(connection)
        return ids

    def ask_and_take(self, wanted: NewCommand, lease: timedelta = LEASE) -> Command:
        """Queue a command that belongs to who asks; should they die, others take it when the lease ends."""
        with self._store.writing() as connection:
            [made] = self.ask([wanted], connection)
            values = {"state": State.RUNNING, "lease": secrets.token_hex(8), "due_at": self._clock() + lease}
            taken = update(commands).where(commands.c.id == made).values(**values, attempts=1)
            return _command(connection.execute(taken.returning(*_COLUMNS)).one())

    def take(self, limit: int = 20, lease: timedelta = LEASE) -> list[Command]:
        """Take up to `limit` due commands, the oldest first; one whose taker died is due again when its lease ends.

        Of what one person asks in one chat it takes the first only, and the next once that has ended.
        """
        now, token = self._clock(), secrets.token_hex(8)
        due = select(commands.c.id).where(commands.c.due_at <= now, _FIRST).order_by(commands.c.due_at, commands.c.id)
        with self._store.writing() as connection:
            ids = connection.execute(due.limit(limit).with_for_update(skip_locked=True, of=commands)).scalars().all()
            if not ids:
                return []
            change = update(commands).where(commands.c.id.in_(ids))
            taken = change.values(
                state=State.RUNNING, lease=token, due_at=now + lease, attempts=commands.c.attempts + 1
            )
            rows = connection.execute(taken.returning(*_COLUMNS)).all()
        return sorted(map(_command, rows), key=lambda command: command.id)

    def renew(self, taken: Sequence[Command], lease: timedelta = LEASE) -> list[int]:
        """Say that these are still being worked on; returns the ids of those that are still ours."""
        ours = _ours(taken)
        with self._store.writing() as connection:
            held = update(commands).where(ours).values(due_at=self._clock() + lease).returning(commands.c.id)
            return list(connection.execute(held).scalars())

    def end(
        self,
        command: Command,
        state: State,
        note: str = "",
        connection: Connection | None = None,
        *,
        trigger: str | None = None,
        flow_run_id: str | None = None,
    ) -> bool:
        """Write down how a command ended; False when it is not ours any more, and nothing is changed then.

        Pass the `connection` that enqueues the answer: so an answer is sent once, and by who held the command.
        `trigger` is what ran, and `flow_run_id` the run that it ran in.
        """
        if connection is None:
            with self._store.writing() as own:
                return self.end(command, state, note, own, trigger=trigger, flow_run_id=flow_run_id)
        ended = update(commands).where(_ours([command]))
        values = {"state": state, "lease": None, "due_at": None, "ended_at": self._clock(), "note": note or None}
        ran = {"trigger": trigger or command.trigger, "flow_run_id": flow_run_id}
        return connection.execute(ended.values(values | ran)).rowcount == 1

    def put_back(
        self,
        command: Command,
        due_at: datetime,
        note: str,
        connection: Connection | None = None,
        *,
        counts: bool = True,
    ) -> bool:
        """Let a command wait until `due_at`; False when it is not ours any more.

        Where nothing was tried, it does not count as an attempt.
        """
        if connection is None:
            with self._store.writing() as own:
                return self.put_back(command, due_at, note, own, counts=counts)
        attempts = commands.c.attempts - (0 if counts else 1)
        values = {"state": State.WAITING, "lease": None, "due_at": due_at, "note": note, "attempts": attempts}
        return connection.execute(update(commands).where(_ours([command])).values(values)).rowcount == 1

    def ran_at(self, account: str, sender: str, trigger: str) -> datetime | None:
        """When somebody was last answered by a trigger."""
        c = commands.c
        mine = (c.account == account) & (c.sender == sender) & (c.trigger == trigger)
        newest = select(c.ended_at).where(mine, _RAN).order_by(c.ended_at.desc()).limit(1)
        with self._store.reading() as connection:
            return connection.execute(newest).scalar()

    def find(self, command_id: int) -> Command | None:
        """A command by its id."""
        with self._store.reading() as connection:
            row = connection.execute(select(*_COLUMNS).where(commands.c.id == command_id)).first()
        return _command(row) if row else None

    def due_in(self) -> timedelta | None:
        """How long until a command may be taken; None when none waits."""
        waits = select(commands.c.due_at).where(commands.c.due_at.is_not(None), _FIRST)
        first = waits.order_by(commands.c.due_at).limit(1)
        with self._store.reading() as connection:
            due = connection.execute(first).scalar()
        return max(timedelta(), due - self._clock()) if due else None


def imagined(wanted: NewCommand, now: datetime) -> Command:
    """A command that is in no queue, to see what would become of it."""
    given = {name: getattr(wanted, name) for name in NewCommand.__slots__}
    rest: dict[str, Any] = dict.fromkeys(("lease", "flow_run_id", "ended_at", "note"))
    return Command(id=0, created_at=now, state=State.RUNNING, attempts=1, **given, **rest)


def _ours(taken: Sequence[Command]) -> Any:
    return or_(*((commands.c.id == command.id) & (commands.c.lease == command.lease) for command in taken))


def _command(row: Row[Any]) -> Command:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Command(**{**values, "state": State(values["state"])})
