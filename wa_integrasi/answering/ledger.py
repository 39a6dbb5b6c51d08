"""What deciding asks of the store: cooldowns, approvals, and how the system is getting on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, literal, select, update

from wa_integrasi.answering.decision import Standing
from wa_integrasi.answering.ordering import APPROVAL
from wa_integrasi.clock import Clock
from wa_integrasi.commands import Command, CommandQueue
from wa_integrasi.commands.confirming import LASTS
from wa_integrasi.message import OPEN
from wa_integrasi.policy.breaker import Circuit
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import breakers, commands, wa_outbox
from wa_integrasi.subscriptions import Subscriptions

_COUNTED = 1_000
"""More than so many that wait are not counted."""


class StoredLedger:
    """The ledger of one store."""

    def __init__(self, store: Store, queue: CommandQueue, clock: Clock) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock
        self.subscriptions = Subscriptions(store)

    def ran_at(self, account: str, sender: str, trigger: str) -> datetime | None:
        """When somebody was last answered by a trigger."""
        return self._queue.ran_at(account, sender, trigger)

    def approve(self, request: int, by: int) -> bool:
        """Approve a request by a command; False where it was decided by another one, or withdrawn."""
        approved = f"approved by command {by}"
        decided = update(commands).where(commands.c.id == request, commands.c.note.in_([APPROVAL, approved]))
        with self._store.writing() as connection:
            return connection.execute(decided.values(note=approved)).rowcount == 1

    def awaits_approval(self, command: Command) -> bool:
        """Whether something that its asker wanted in this chat waits for somebody's approval."""
        waits = select(literal(1)).where(_waiting_for(command, self._clock())).limit(1)
        with self._store.reading() as connection:
            return connection.execute(waits).first() is not None

    def standing(self, account: str) -> Standing:
        """How the system is getting on."""
        asked = select(literal(1)).where(commands.c.account == account, commands.c.due_at.is_not(None))
        owed = select(literal(1)).where(wa_outbox.c.account == account, wa_outbox.c.status.in_(OPEN))
        held = select(breakers.c.circuit).where(breakers.c.account == account)
        with self._store.reading() as connection:
            counts = [
                connection.execute(select(func.count()).select_from(each.limit(_COUNTED).subquery())).scalar_one()
                for each in (asked, owed)
            ]
            circuit = connection.execute(held).scalar()
        # The one who asks is not waiting for anybody but themselves.
        return Standing(circuit not in (None, Circuit.CLOSED), max(0, counts[0] - 1), counts[1])


def withdraw(connection: Connection, command: Command, now: datetime) -> None:
    """Give up what its asker wanted in this chat and nobody has approved yet."""
    connection.execute(update(commands).where(_waiting_for(command, now)).values(note="withdrawn"))


def _waiting_for(command: Command, now: datetime) -> ColumnElement[bool]:
    c = commands.c
    mine = (c.account == command.account) & (c.chat == command.chat) & (c.sender == command.sender)
    # Literally, so that every plan sees that the index for them serves.
    waits = c.note == literal(APPROVAL, literal_execute=True)
    return mine & waits & (c.ended_at > now - LASTS)
