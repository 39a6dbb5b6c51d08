"""A worker in a process of its own, made to be killed: it keeps a journal of what it had in its hands."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

from sqlalchemy import event

from tests.chaos.timing import FastClock, FastLoop
from wa_integrasi.content import TYPES, Text
from wa_integrasi.delivery import Delivery
from wa_integrasi.outbox import Claimed, Outbox, Settlement
from wa_integrasi.policy.retry import RetryPolicy
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Capabilities, Outbound, Outcome, Unanswered
from wa_integrasi.providers.http import Answer, Http
from wa_integrasi.recipient import Kind
from wa_integrasi.store.engine import Store

POINTS = {
    "claiming": 10,
    "claimed": 5,
    "requesting": 40,
    "in the air": 40,
    "answered": 40,
    "settling": 10,
    "settled": 10,
}
"""Where a worker can end itself, and how often it may pass there before: in the claim's transaction, behind it, before
a request, between request and answer, with the answer in hand, in the settle's transaction, behind it."""

POLICY = RetryPolicy(tries=1_000)
"""No message is given up for having met too many kills."""

ENDED = "tests.chaos.worker: ended by"
"""How the last line of a worker that ended by itself begins, behind its level."""

_AT_ONCE = 12
"""Claimed at once, at most: what was in flight at a kill keeps its chats waiting, while more are killed."""

log = logging.getLogger("tests.chaos.worker")


@dataclass(frozen=True)
class Job:
    """What a worker is told."""

    owner: str
    url: str
    provider: str
    clock: FastClock
    folder: Path
    full: Path
    """While this file exists, SQLite cannot grow."""
    rules: AccountRules = field(default_factory=AccountRules)
    budget_s: float = 3_600
    point: str | None = None
    """Where it ends itself, of `POINTS`; None when somebody else does."""
    passes: int = 1
    """At which time it comes there."""

    @property
    def journal(self) -> Path:
        """Attempts claimed and settled, one JSON array a line: the word, then the attempts."""
        return self.folder / f"{self.owner}.journal"

    @property
    def log(self) -> Path:
        """What it said."""
        return self.folder / f"{self.owner}.log"


def work(job: Job) -> None:
    """Drain until killed."""
    logging.basicConfig(filename=job.log, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        with asyncio.Runner(loop_factory=partial(FastLoop, job.clock.factor)) as runner:
            runner.run(_work(job))
    except Exception as error:
        log.critical("ended by %s: %s", type(error).__name__, str(error).partition("\n")[0])
        raise SystemExit(1) from None


async def _work(job: Job) -> None:
    with Store.open(job.url) as store:
        if store.dialect == "sqlite":
            event.listen(store.engine, "checkout", partial(_let_grow, job.full))
        journal = Journal(job)
        outbox = WatchedOutbox(store, job, journal)
        async with LoopbackSender(job, journal) as sender:
            delivery = Delivery(outbox, {"default": sender}, job.owner, {"default": job.rules})
            while True:
                await delivery.drain(job.budget_s)
                await asyncio.sleep(2)


class Journal:
    """Written without a buffer: what stands there was done, whatever happened next."""

    def __init__(self, job: Job) -> None:
        self._point = job.point
        self._left = job.passes
        self._file = os.open(job.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, word: str, attempts: list[str]) -> None:
        """One line."""
        os.write(self._file, f"{json.dumps([word, *attempts])}\n".encode())

    def reach(self, point: str) -> bool:
        """Whether this is where, and when, the worker is to end."""
        if point != self._point:
            return False
        self._left -= 1
        return self._left == 0

    def pass_by(self, point: str) -> None:
        """End here, if this is the place."""
        if self.reach(point):
            self.die()

    def die(self) -> None:
        """As if from outside."""
        self.note("died", [str(self._point)])
        os.kill(os.getpid(), signal.SIGKILL)


class WatchedOutbox(Outbox):
    """The outbox, with a journal and places to end at."""

    def __init__(self, store: Store, job: Job, journal: Journal) -> None:
        super().__init__(store, POLICY, job.clock)
        self._journal = journal
        self._doing = threading.local()
        event.listen(store.engine, "commit", self._before_commit)

    def claim(self, *arguments: Any, limit: int = _AT_ONCE, **options: Any) -> list[Claimed]:
        with self._in("claiming"):
            claimed = super().claim(*arguments, limit=min(limit, _AT_ONCE), **options)
        if claimed:
            self._journal.note("claimed", [message.attempt_id for message in claimed])
            self._journal.pass_by("claimed")
        return claimed

    def settle(self, attempts: Any, *arguments: Any, **options: Any) -> list[Settlement]:
        with self._in("settling"):
            settled = super().settle(attempts, *arguments, **options)
        self._journal.note("settled", [message.attempt_id for message, _ in attempts])
        self._journal.pass_by("settled")
        return settled

    @contextmanager
    def _in(self, point: str) -> Iterator[None]:
        self._doing.point = point
        try:
            yield
        finally:
            self._doing.point = None

    def _before_commit(self, _: object) -> None:
        self._journal.pass_by(getattr(self._doing, "point", None) or "")


class LoopbackSender:
    """Sends to `tests.chaos.provider` through the engine's own HTTP client."""

    name: ClassVar[str] = "loopback"
    capabilities: ClassVar[Capabilities] = Capabilities(frozenset(Kind), TYPES)

    def __init__(self, job: Job, journal: Journal) -> None:
        self._job = job
        self._journal = journal
        self._http = Http("the loopback provider", {}, timeout_s=600, max_in_flight=50)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.__aexit__()

    async def send(self, outbound: Outbound) -> Outcome:
        self._journal.pass_by("requesting")
        if self._journal.reach("in the air"):
            within_s = random.uniform(0, 0.05) * self._job.clock.factor
            asyncio.get_running_loop().call_later(within_s, self._journal.die)
        assert isinstance(outbound.content, Text)
        said = {"to": outbound.recipient.chat, "text": outbound.content.body, "attempt": outbound.attempt_id}
        answer = await self._http.post(f"{self._job.provider}/messages", _json(said | {"owner": self._job.owner}))
        if not isinstance(answer, Answer):
            return answer
        if answer.status != 200:
            return Unanswered(f"HTTP {answer.status}")
        self._journal.pass_by("answered")
        return Accepted(answer.json()["id"])


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _let_grow(full: Path, connection: Any, *_: object) -> None:
    connection.execute(f"PRAGMA max_page_count = {1 if full.exists() else 2**30}").close()
