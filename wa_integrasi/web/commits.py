"""Requests that share commits: one writer takes all that wait, commits once, and answers all. Nothing waits for more.

So what is acknowledged is durable, and still costs a fraction of a commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.exc import SQLAlchemyError

from wa_integrasi.inbox import Kept, RawEvent
from wa_integrasi.store.engine import StoreError
from wa_integrasi.web.metrics import Answer, Metrics

PATIENCE_S = 5.0
"""How long a commit may take until all who wait are told that the store is away."""

_CROWD = 16
"""Webhooks of one commit from which on they come faster than one by one."""
_CROWD_LASTS_S = 0.1

_GROUP = 500
_GROUP_BYTES = 8 * 1024 * 1024
_WAITING = 5_000
_WAITING_BYTES = 64 * 1024 * 1024

log = logging.getLogger(__name__)

_Waiting = tuple[RawEvent, "asyncio.Future[None]"]


class NotKeptError(Exception):
    """A webhook was not committed, or nobody can say: the provider must send it again."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.value)
        self.answer = answer


class SharedCommits:
    """Keeps webhooks for any number of requests at once, over one connection of the store.

    What waits is bounded: by number, by bytes, and by time. `keep_all` runs in a thread of its own, so that whatever
    else blocks does not hold it up.
    """

    def __init__(
        self, keep_all: Callable[[Sequence[RawEvent]], Kept], wake: Callable[[], None], metrics: Metrics
    ) -> None:
        self._keep_all = keep_all
        self._wake = wake
        self._metrics = metrics
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._stuck = False
        self._crowded_until = 0.0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="webhooks")
        metrics.watch_waiting(self._waiting.__len__)

    async def keep(self, event: RawEvent) -> None:
        """Return once `event` is committed. Raises `NotKeptError`."""
        if self._stuck:
            raise NotKeptError(Answer.STORE_AWAY)
        if len(self._waiting) >= _WAITING or self._bytes + len(event.body) > _WAITING_BYTES:
            raise NotKeptError(Answer.BUSY)
        committed = asyncio.get_running_loop().create_future()
        self._waiting.append((event, committed))
        self._bytes += len(event.body)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="webhooks")
        await committed

    @property
    def crowded(self) -> bool:
        """Whether so many come that whatever else this process does is felt."""
        return asyncio.get_running_loop().time() < self._crowded_until

    def close(self) -> None:
        """Let go of the thread, once what it does has ended."""
        self._thread.shutdown(wait=False)

    async def _write(self) -> None:
        """Commit group after group until nothing waits."""
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                group = self._take()
                began = loop.time()
                commit = loop.run_in_executor(self._thread, self._keep_all, [event for event, _ in group])
                await asyncio.wait({commit}, timeout=PATIENCE_S)
                if not commit.done():
                    await self._wait_for_the_store(group, commit)
                    continue
                self._answer(group, commit)
                self._metrics.commit.observe(loop.time() - began)
                self._metrics.group.observe(len(group))
                if len(group) >= _CROWD:
                    self._crowded_until = loop.time() + _CROWD_LASTS_S
        finally:
            self._writer = None

    def _take(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < _GROUP and size < _GROUP_BYTES:
            group.append(self._waiting.popleft())
            size += len(group[-1][0].body)
        self._bytes -= size
        return group

    def _answer(self, group: Sequence[_Waiting], commit: asyncio.Future[Kept]) -> None:
        try:
            kept = commit.result()
        except Exception as error:  # whatever it is: nobody may wait for good
            log.error("%s webhooks not stored: %s", len(group), type(error).__name__)  # noqa: TRY400 - no values in logs
            away = isinstance(error, StoreError | SQLAlchemyError)
            _refuse(group, Answer.STORE_AWAY if away else Answer.REFUSED_BY_STORE)
            return
        refused = {id(event) for event in kept.refused}
        for event, committed in group:
            if not committed.done():
                if id(event) in refused:
                    log.error("a webhook for %s/%s is refused by the store", event.provider, event.account)
                    committed.set_exception(NotKeptError(Answer.REFUSED_BY_STORE))
                else:
                    committed.set_result(None)
        if kept.new:
            self._wake()

    async def _wait_for_the_store(self, group: Sequence[_Waiting], commit: asyncio.Future[Kept]) -> None:
        """Send away everybody, and whoever comes, until the store has come to an end with this commit."""
        log.error("the store has not committed %s webhooks in %s s", len(group), PATIENCE_S)
        self._stuck = True
        try:
            _refuse([*group, *self._waiting], Answer.STORE_AWAY)
            self._waiting.clear()
            self._bytes = 0
            await asyncio.wait({commit})
        finally:
            self._stuck = False
        self._answer(group, commit)


def _refuse(group: Sequence[_Waiting], answer: Answer) -> None:
    for _, committed in group:
        if not committed.done():
            committed.set_exception(NotKeptError(answer))
