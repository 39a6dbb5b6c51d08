"""From the outbox to the channels: claim, check, send, settle."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy.exc import SQLAlchemyError

from wa_integrasi.message import Status
from wa_integrasi.outbox import LEASE, Claimed, Outbox
from wa_integrasi.policy.fit import Unfit, fit
from wa_integrasi.policy.rules import AccountRules, rules_of
from wa_integrasi.providers.base import Accepted, LooksUp, Missing, Outbound, Outcome, Sender, Unanswered
from wa_integrasi.store.engine import StoreError

BATCH = 50
_LOOK_AGAIN_S = 0.5

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """How many messages took which status."""

    statuses: Counter[Status] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All messages that were tried."""
        return self.statuses.total()

    def __iadd__(self, other: Tally) -> Tally:
        self.statuses += other.statuses
        return self

    def __str__(self) -> str:
        counts = [f"{count} {status.value}" for status, count in sorted(self.statuses.items())]
        return ", ".join(counts) or "nothing to send"


class _Flight:
    """The messages that are on their way."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Outcome | None], Claimed] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def messages(self) -> list[Claimed]:
        """All of them."""
        return list(self._tasks.values())

    def start(
        self, messages: Sequence[Claimed], attempt: Callable[[Claimed], Coroutine[Any, Any, Outcome | None]]
    ) -> None:
        """Send `messages`, each on its own."""
        self._tasks |= {asyncio.create_task(attempt(message)): message for message in messages}

    async def landed(self, within_s: float | None) -> list[tuple[Claimed, Outcome | None]]:
        """Those that have come back, once one has or `within_s` seconds are over."""
        done, _ = await asyncio.wait(self._tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        return [(self._tasks.pop(task), task.result()) for task in done]

    async def stop(self) -> None:
        """Cancel what has not come back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Delivery:
    """Moves messages from the outbox to the channels; the store is reached in threads, so that sends overlap."""

    def __init__(
        self,
        outbox: Outbox,
        senders: Mapping[str, Sender],
        owner: str,
        rules: Mapping[str, AccountRules] | None = None,
    ) -> None:
        """`senders` and `rules` by account, else those of their channels; `owner` names this worker in the leases."""
        self._outbox = outbox
        self._senders = senders
        self._owner = owner
        self._rules = {
            account: replace((rules or {}).get(account) or rules_of(sender.name), looks_up=sender.capabilities.looks_up)
            for account, sender in senders.items()
        }

    async def batch(self, limit: int = BATCH) -> Tally:
        """Send what is due now, at most `limit` messages, all at once; returns when every one is settled."""
        tally, flight = Tally(), _Flight()
        async with self._alive(flight):
            flight.start(await self._claim(limit), self._attempt)
            while flight:
                await self._settle(flight, tally)
        return tally

    async def drain(self, budget_s: float) -> Tally:
        """Send until nothing is due or `budget_s` seconds are over; what waits only for its pace is waited for."""

        async def nothing_due(_: float) -> bool:
            return not await asyncio.to_thread(self._outbox.has_due, self._rules)

        return await self._stream(budget_s, nothing_due)

    async def follow(self, ids: Sequence[int], budget_s: float) -> Tally:
        """Send what is due until the messages `ids` have left the outbox.

        Gives up after `budget_s` seconds, and at once when none of them can move before that.
        """

        async def left(seconds: float) -> bool:
            moves_in = await asyncio.to_thread(self._outbox.moves_in, ids)
            return moves_in is None or moves_in.total_seconds() > seconds

        return await self._stream(budget_s, left)

    async def _stream(self, budget_s: float, finished: Callable[[float], Awaitable[bool]]) -> Tally:
        """Claim ahead while messages are on their way, and settle what has come back: none waits for a slow one.

        `finished` is asked, with the seconds left, whenever nothing is on its way.
        """
        clock = asyncio.get_running_loop().time
        ends = clock() + budget_s
        tally, flight, look_at = Tally(), _Flight(), clock()
        async with self._alive(flight):
            while True:
                if len(flight) <= BATCH // 2 and look_at <= clock() < ends:
                    claimed = await self._claim(BATCH - len(flight))
                    flight.start(claimed, self._attempt)
                    look_at = clock() + (0 if claimed else _LOOK_AGAIN_S)
                if flight:
                    await self._settle(flight, tally, within_s=_LOOK_AGAIN_S)
                    look_at = clock()  # what was settled may have let the next of its chat go
                elif (left := ends - clock()) <= 0 or await finished(left):
                    return tally
                else:
                    await asyncio.sleep(max(0.0, look_at - clock()))

    async def _ask(self) -> None:
        """Ask the channels that can be asked what became of messages of unknown fate."""
        able = [account for account, rules in self._rules.items() if rules.looks_up]
        if not able:
            return
        unknown = await asyncio.to_thread(self._outbox.to_ask_about, able)
        answers = await asyncio.gather(*(self._look_up(message, since) for message, since in unknown))
        for (message, _), answer in zip(unknown, answers, strict=True):
            if not isinstance(answer, Unanswered):
                await asyncio.to_thread(self._outbox.answered, message, answer)

    async def _look_up(self, message: Claimed, since: datetime) -> Accepted | Missing | Unanswered:
        sender = self._senders[message.account]
        try:
            return await cast(LooksUp, sender).look_up(_outbound(message, sender), since)
        except Exception as error:
            return Unanswered(f"the channel broke: {type(error).__name__}")

    async def _claim(self, limit: int) -> list[Claimed]:
        await self._ask()
        return await asyncio.to_thread(self._outbox.claim, self._owner, self._rules, limit=limit)

    async def _settle(self, flight: _Flight, tally: Tally, within_s: float | None = None) -> None:
        """Wait for what comes back first, and write down all that has."""
        back = await flight.landed(within_s)
        sent = [(message, outcome) for message, outcome in back if outcome is not None]
        if sent:
            settled = await asyncio.to_thread(self._outbox.settle, sent, self._rules)
            tally.statuses.update(settlement.status for settlement in settled)
        if refused := len(back) - len(sent):
            tally.statuses[Status.REFUSED] += refused

    @asynccontextmanager
    async def _alive(self, flight: _Flight) -> AsyncIterator[None]:
        """Renew the leases of what is on its way; when the block is left early, stop it: its fate is unknown then."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(LEASE.total_seconds() / 3)
                try:
                    await asyncio.to_thread(self._outbox.renew, flight.messages)
                except (StoreError, SQLAlchemyError) as error:
                    # The next try may still be in time; without it the messages could be sent twice.
                    log.warning("leases not renewed: %s", type(error).__name__)

        renewing = asyncio.create_task(renew(), name="renew leases")
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, flight.stop(), return_exceptions=True)

    async def _attempt(self, message: Claimed) -> Outcome | None:
        """Send one message, or refuse it and return nothing."""
        sender = self._senders[message.account]
        try:
            outbound = _outbound(message, sender)
        except Unfit as error:
            await asyncio.to_thread(self._outbox.refuse, message, f"{sender.name}: {error}")
            return None
        await asyncio.sleep(self._outbox.seconds_until(message.not_before))
        try:
            return await sender.send(outbound)
        except Exception as error:
            return Unanswered(f"the channel broke: {type(error).__name__}")


def _outbound(message: Claimed, sender: Sender) -> Outbound:
    """The message as its channel can send it. Raises `Unfit`."""
    contents = fit(message.content, message.recipient, sender.capabilities)
    if len(contents) != 1:
        raise Unfit(f"a {message.content.type} would become {len(contents)} messages here")
    return Outbound(message.recipient, contents[0], message.attempt_id, message.reply_to)
