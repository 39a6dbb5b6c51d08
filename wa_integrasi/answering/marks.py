"""How commands get on, shown on the question itself: an answer is being written, ⏳, and in the end ✅ or ❌.

Marks are no messages of the outbox: they wait for nothing, count towards no pace and are tried once. What is not shown
in time is not shown at all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from wa_integrasi.answering.desk import Ticket
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.commands import Command, State
from wa_integrasi.content import Reaction
from wa_integrasi.policy.breaker import Circuit
from wa_integrasi.policy.gate import ChatState
from wa_integrasi.policy.pace import Pace
from wa_integrasi.policy.rules import rules_of
from wa_integrasi.providers.base import UNLISTED, Failed, MarksRead, Outbound, Sender
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import breakers, chats

WAITS, DONE, FAILED = "⏳", "✅", "❌"

MOMENT_S = 1.0
"""An answer that comes within it needs no mark: it quotes its question, and a mark would be a second message."""

_WITHIN_S = 5.0
"""A mark that is not taken by then is given up."""

_OF_A_PERSON = Pace(timedelta(seconds=15), burst=4)
_SHARE = 4
"""Of an account's pace marks may take one part in so many, in addition to it."""

_MOST_KNOWN = 1_000

log = logging.getLogger(__name__)

Lend = Callable[[str], AbstractAsyncContextManager[Sender]]
"""Gives the connected sender of an account."""


class Marks:
    """Shows marks in the background of one process."""

    def __init__(self, store: Store, lend: Lend, *, moment_s: float = MOMENT_S, clock: Clock = utc_now) -> None:
        self._store = store
        self._lend = lend
        self._moment_s = moment_s
        self._clock = clock
        self._going: set[asyncio.Task[None]] = set()
        self._next_at: dict[tuple[str, str], datetime] = {}

    @asynccontextmanager
    async def shown(self, tickets: Sequence[Ticket]) -> AsyncIterator[None]:
        """Within the block commands are being answered; at its end those that have ended are marked so."""
        over = asyncio.Event()
        for ticket in tickets:
            if ticket.command.quote_id is not None:
                self._begin(self._reactions(ticket, ticket.command.quote_id, over))
            if ticket.asker.message_id is not None and not ticket.command.waited:
                self._begin(self._typing(ticket.asker.account, ticket.asker.message_id))
        try:
            yield
        finally:
            over.set()

    def give_up(self, command: Command) -> None:
        """Mark a command that ended without having been run, after it had waited."""
        if command.quote_id is not None:
            self._begin(self._put(command, command.quote_id, FAILED))

    async def close(self, within_s: float) -> None:
        """Let what goes on end, for a moment."""
        if self._going:
            _, late = await asyncio.wait(self._going, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(_quietly(work), name="mark")
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def _typing(self, account: str, message_id: str) -> None:
        async with asyncio.timeout(_WITHIN_S), self._lend(account) as sender:
            if isinstance(sender, MarksRead):
                await sender.mark_read(message_id, typing=True)

    async def _reactions(self, ticket: Ticket, message_id: str, over: asyncio.Event) -> None:
        command, wanted = ticket.command, ticket.decider.catalog.intake.reactions
        if wanted == "off":
            return
        if not (marked := command.waited):  # who had it before may have marked it
            if wanted == "slow":
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._moment_s):
                        await over.wait()
            marked = await self._put(command, message_id, WAITS, unless=ticket)
        if not marked:
            return
        await over.wait()
        if ticket.state is not None:
            await self._put(command, message_id, DONE if ticket.state is State.ANSWERED else FAILED)

    async def _put(self, command: Command, message_id: str, emoji: str, unless: Ticket | None = None) -> bool:
        """Put a mark on a message; whether it may be there now. `unless` that has ended, or there is no room for it."""
        if not await asyncio.to_thread(self._heard, command.account, command.chat):
            return False
        reaction = Reaction(message_id=message_id, emoji=emoji)
        outbound = Outbound(Recipient.of_chat(command.chat), reaction, f"{UNLISTED}{command.id}")
        asked = False
        with suppress(TimeoutError):
            async with asyncio.timeout(_WITHIN_S), self._lend(command.account) as sender:
                if reaction.type not in sender.capabilities.contents:
                    return False
                if unless is not None and (unless.ended or not self._room(command, sender)):
                    return False
                asked = True
                return not isinstance(await sender.send(outbound), Failed)
        return asked

    def _heard(self, account: str, chat: str) -> bool:
        """Whether anything may be sent there now: nobody told us to stop, and the account is not held."""
        c = chats.c
        said = select(c.last_inbound_at, c.opted_in_at, c.opted_out_at, c.initiated_at)
        with self._store.reading() as connection:
            row = connection.execute(said.where(c.account == account, c.chat == chat)).first()
            circuit = connection.execute(select(breakers.c.circuit).where(breakers.c.account == account)).scalar()
        return circuit in (None, Circuit.CLOSED) and not (row and ChatState(*row).opted_out)

    def _room(self, command: Command, sender: Sender) -> bool:
        """Whether a person, and an account, have not had as many marks as they may have by now."""
        paces = {(command.account, command.chat): _OF_A_PERSON}
        if (pace := rules_of(sender.name).pace) is not None:
            paces[command.account, ""] = Pace(pace.every * _SHARE, burst=_SHARE)
        now = self._clock()
        if any(pace.moment(self._next_at.get(key), now) > now for key, pace in paces.items()):
            return False
        if len(self._next_at) > _MOST_KNOWN:
            self._next_at = {key: at for key, at in self._next_at.items() if at > now}
        self._next_at |= {key: pace.after(self._next_at.get(key), now, 1) for key, pace in paces.items()}
        return True


async def _quietly(work: Coroutine[Any, Any, object]) -> None:
    """Nobody waits for a mark, and nothing depends on it."""
    try:
        await work
    except Exception as error:
        log.debug("a mark is not shown: %s", type(error).__name__)
