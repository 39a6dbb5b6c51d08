"""What a worker is asked to do: one batch, all that is due, some messages, or everything for good."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wa_integrasi.delivery.patience import Patience
from wa_integrasi.delivery.stream import Stream
from wa_integrasi.delivery.tally import Tally
from wa_integrasi.delivery.worker import Worker
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.outbox import Outbox
from wa_integrasi.policy.rules import AccountRules, rules_of
from wa_integrasi.providers.base import Sender
from wa_integrasi.store.waking import Waker

AT_ONCE = 50
"""How many messages of an account are on their way at the same time."""


class Delivery:
    """Moves messages from the outbox to the channels.

    A store that is away is waited for: what has come back from the channels is kept in memory and written then.
    """

    def __init__(
        self,
        outbox: Outbox,
        senders: Mapping[str, Sender],
        owner: str,
        rules: Mapping[str, AccountRules] | None = None,
        *,
        at_once: int = AT_ONCE,
        files: OutgoingFiles | None = None,
    ) -> None:
        """`senders` and `rules` by account, else those of their channels; `owner` names this worker in the leases.

        `files` has what messages name by their `file`; without it such messages are refused.
        """
        self._outbox = outbox
        self._senders = senders
        self._owner = owner
        self._at_once = at_once
        self._files = files
        self._rules = {
            account: replace((rules or {}).get(account) or rules_of(sender.name), looks_up=sender.capabilities.looks_up)
            for account, sender in senders.items()
        }

    async def batch(self, limit: int = AT_ONCE) -> Tally:
        """Send what is due now, at most `limit` messages; returns when every one is settled."""
        worker = self._worker()
        async with worker.flight() as flight:
            await worker.ask()
            flight.start(await worker.claim(limit))
            while flight:
                await flight.changed.wait()
                await worker.settle(flight)
        return worker.tally

    async def drain(self, budget_s: float, stay_s: float = 0, stop: asyncio.Event | None = None) -> Tally:
        """Send until nothing is due or `budget_s` seconds are over; what waits only for its pace is waited for.

        With `stay_s` it stays, asleep, until nothing has gone for so many seconds. Once `stop` is set, it ends what it
        has begun and returns.
        """
        worker = self._worker()
        clock = asyncio.get_running_loop().time
        gone, since = 0, clock()

        async def nothing_due(_: float) -> bool:
            nonlocal gone, since
            if worker.tally.total != gone:
                gone, since = worker.tally.total, clock()
            return clock() - since >= stay_s and not await worker.patience(self._outbox.has_due, self._rules)

        if not stay_s:
            return await Stream(worker, budget_s, nothing_due, stop=stop).go()
        async with Waker(self._outbox.store) as waker:
            return await Stream(worker, budget_s, nothing_due, waker, stop).go()

    async def follow(self, ids: Sequence[int], budget_s: float) -> Tally:
        """Send what is due until the messages `ids` have left the outbox.

        Gives up after `budget_s` seconds, and at once when none of them can move before that.
        """
        worker = self._worker()

        async def left(seconds: float) -> bool:
            moves_in = await worker.patience(self._outbox.moves_in, ids)
            return moves_in is None or moves_in.total_seconds() > seconds

        return await Stream(worker, budget_s, left).go()

    async def run(self, stop: asyncio.Event) -> Tally:
        """Send whatever falls due, for good; asleep between. Once `stop` is set, ends what it has begun and returns."""

        async def never(_: float) -> bool:
            return False

        async with Waker(self._outbox.store) as waker:
            return await Stream(self._worker(), math.inf, never, waker, stop).go()

    def _worker(self) -> Worker:
        patience = Patience(self._outbox.store.dialect)
        return Worker(self._outbox, self._senders, self._owner, self._rules, self._at_once, patience, self._files)
