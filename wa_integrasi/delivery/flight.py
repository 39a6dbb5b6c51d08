"""The messages that a worker has claimed: those that wait for their turn, that are on their way, that came back."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

from wa_integrasi.message import Status
from wa_integrasi.outbox import Claimed
from wa_integrasi.providers.base import Outcome

Attempt = Callable[[Claimed], Awaitable[Outcome | Status | None]]
"""Sends one message; a status when it is settled already, None when it is no longer ours."""


class Flight:
    """Sends what it is given, at most so many of each account at a time: a slow channel holds up no other."""

    def __init__(self, attempt: Attempt, at_once: Mapping[str, int]) -> None:
        self._attempt = attempt
        self._at_once = at_once
        self._waiting: dict[str, deque[Claimed]] = defaultdict(deque)
        self._senders: set[asyncio.Task[None]] = set()
        self._at_work: Counter[str] = Counter()
        self._held: dict[int, Claimed] = {}
        self._landed: list[tuple[Claimed, Outcome | Status | None]] = []
        self._landed_at = 0.0
        self._failure: BaseException | None = None
        self.changed = asyncio.Event()
        """Set whenever something has come back."""

    def __len__(self) -> int:
        """All that are not settled."""
        return len(self._held)

    @property
    def messages(self) -> list[Claimed]:
        """All that are not settled."""
        return list(self._held.values())

    def waiting(self, account: str) -> int:
        """How many messages of an account have not been handed to their channel."""
        return len(self._waiting[account])

    @property
    def unsent(self) -> list[Claimed]:
        """Those that have not been handed to their channel."""
        return [message for queue in self._waiting.values() for message in queue]

    @property
    def landed(self) -> int:
        """How many have come back and are not taken."""
        return len(self._landed)

    @property
    def landed_at(self) -> float:
        """When the first of them came back, by the loop's clock."""
        return self._landed_at

    def start(self, messages: Sequence[Claimed]) -> None:
        """Send `messages`, each chat's in the order given."""
        for message in messages:
            self._held[message.id] = message
            self._waiting[message.account].append(message)
        for account, queue in self._waiting.items():
            for _ in range(min(len(queue), self._at_once[account] - self._at_work[account])):
                # Counted here and by the sender itself: that its task is over is told a moment too late.
                self._at_work[account] += 1
                sender = asyncio.create_task(self._send(account), name=f"send by {account}")
                self._senders.add(sender)
                sender.add_done_callback(self._senders.discard)

    def take(self) -> list[tuple[Claimed, Outcome | Status | None]]:
        """Those that have come back since the last call. Raises what stopped a sender, once there are none."""
        self.changed.clear()
        if not self._landed:
            self.check()
        landed, self._landed = self._landed, []
        return landed

    def check(self) -> None:
        """Raise what stopped a sender, if one was."""
        if self._failure is not None:
            raise self._failure

    def settled(self, messages: Sequence[Claimed]) -> None:
        """Forget these."""
        for message in messages:
            self._held.pop(message.id, None)

    async def stop(self) -> None:
        """Cancel what has not come back."""
        for sender in self._senders:
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)

    async def _send(self, account: str) -> None:
        queue = self._waiting[account]
        clock = asyncio.get_running_loop().time
        try:
            while queue:
                message = queue.popleft()
                outcome = await self._attempt(message)
                if not self._landed:
                    self._landed_at = clock()
                self._landed.append((message, outcome))
                self.changed.set()
        except Exception as error:
            self._failure = error
            self.changed.set()
        finally:
            self._at_work[account] -= 1
