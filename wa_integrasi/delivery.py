"""One batch of the outbox: claim, check, send, settle."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from wa_integrasi.message import Status
from wa_integrasi.outbox import LEASE, Claimed, Outbox
from wa_integrasi.policy.fit import Unfit, fit
from wa_integrasi.policy.rules import AccountRules, rules_of
from wa_integrasi.providers.base import Outbound, Outcome, Sender, Unanswered
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
        self._rules = rules or {account: rules_of(sender.name) for account, sender in senders.items()}

    async def batch(self, limit: int = BATCH) -> Tally:
        """Send what is due, at most `limit` messages, all at once; returns when every one is settled."""
        claimed = await asyncio.to_thread(self._outbox.claim, self._owner, self._rules, limit=limit)
        tally = Tally()
        if not claimed:
            return tally
        async with self._alive(claimed):
            outcomes = await asyncio.gather(*(self._attempt(message) for message in claimed))
        sent = [(message, outcome) for message, outcome in zip(claimed, outcomes, strict=True) if outcome is not None]
        settled = await asyncio.to_thread(self._outbox.settle, sent, self._rules)
        tally.statuses.update(settlement.status for settlement in settled)
        if refused := len(claimed) - len(sent):
            tally.statuses[Status.REFUSED] += refused
        return tally

    async def drain(self, budget_s: float) -> Tally:
        """Send batch after batch until nothing is due or `budget_s` seconds are over."""
        ends = asyncio.get_running_loop().time() + budget_s
        tally = Tally()
        while asyncio.get_running_loop().time() < ends:
            batch = await self.batch()
            if not batch.total:
                break
            tally += batch
        return tally

    async def follow(self, ids: Sequence[int], budget_s: float) -> None:
        """Send what is due until the messages `ids` have left the outbox.

        Gives up after `budget_s` seconds, and at once when none of them can move before that.
        """
        clock = asyncio.get_running_loop().time
        ends = clock() + budget_s
        while (left := ends - clock()) > 0:
            sent = await self.batch()
            moves_in = await asyncio.to_thread(self._outbox.moves_in, ids)
            if moves_in is None or moves_in.total_seconds() > left:
                return
            if not sent.total:
                await asyncio.sleep(_LOOK_AGAIN_S)

    @asynccontextmanager
    async def _alive(self, claimed: Sequence[Claimed]) -> AsyncIterator[None]:
        """Renew the leases of `claimed` while they are on their way."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(LEASE.total_seconds() / 3)
                try:
                    await asyncio.to_thread(self._outbox.renew, claimed)
                except (StoreError, SQLAlchemyError) as error:
                    # The next try may still be in time; without it the messages could be sent twice.
                    log.warning("leases not renewed: %s", type(error).__name__)

        renewing = asyncio.create_task(renew(), name="renew leases")
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _attempt(self, message: Claimed) -> Outcome | None:
        """Send one message, or refuse it and return nothing."""
        sender = self._senders[message.account]
        try:
            contents = fit(message.content, message.recipient, sender.capabilities)
        except Unfit as error:
            await asyncio.to_thread(self._outbox.refuse, message, f"{sender.name}: {error}")
            return None
        if len(contents) != 1:
            reason = f"{sender.name}: a {message.content.type} would become {len(contents)} messages here"
            await asyncio.to_thread(self._outbox.refuse, message, reason)
            return None
        await asyncio.sleep(self._outbox.seconds_until(message.not_before))
        try:
            return await sender.send(Outbound(message.recipient, contents[0], message.attempt_id, message.reply_to))
        except Exception as error:
            return Unanswered(f"the channel broke: {type(error).__name__}")
