"""The outbox as works of `wa live`: for each account one, which makes a `wa-gateway` run when a row falls due."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from blocks.gateways import GatewayError, KeptSenders
from deployments.runs import Runs
from deployments.working import Runner
from flows.gateway import gateway
from tasks.standby import Standby
from wa_integrasi.accounts import KnownAccount, known_accounts
from wa_integrasi.delivery import Delivery
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.outbox import Outbox
from wa_integrasi.policy.rules import rules_of
from wa_integrasi.store.engine import Store

_LOOK_EVERY_S = 5.0
"""How often new and changed accounts are looked for."""

_WITHOUT_RUN_S = 15.0
"""While Prefect is away and messages go, it is asked this often whether it is back."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hands:
    """What the works of all accounts share."""

    store: Store
    senders: KeptSenders
    runs: Runs
    stop: asyncio.Event
    budget_s: float
    files: OutgoingFiles | None = None
    turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """Of each account: never two at once."""


class GatewayWork:
    """Sends what is due of one account, in a run of `wa-gateway` that stays until its budget is over.

    It stays so that steady traffic makes one run in `budget_s` seconds, and what comes meanwhile goes at once. While
    Prefect is away messages go without a run, by the sender that was loaded last.
    """

    def __init__(self, account: str, provider: str, hands: Hands) -> None:
        self.name = f"gateway {account}"
        self.provider = provider
        self._account = account
        self._hands = hands
        self._rules = {account: rules_of(provider)}
        self._outbox = Outbox(hands.store)

    def due_in(self) -> timedelta | None:
        """Until a message may go, a lease or a wait for evidence is over."""
        return self._outbox.due_by_account(self._rules).get(self._account)

    async def run(self) -> bool:
        """One run; or, without Prefect, a while without one."""
        async with self._hands.turns[self._account]:
            if not (await self._hands.runs.possible() and await self._in_a_run()):
                await self._without_a_run()
        return False

    async def _in_a_run(self) -> bool:
        budget_s = self._hands.budget_s
        return await self._hands.runs.make(
            lambda: gateway(self._account, budget_s, budget_s, return_state=True),
            Standby(self._hands.senders, self._hands.stop),
        )

    async def _without_a_run(self) -> None:
        owner = f"{socket.gethostname()}:{os.getpid()}:live"
        async with self._hands.senders.lent(self._account, look=False) as sender:
            delivery = Delivery(self._outbox, {self._account: sender}, owner, files=self._hands.files)
            budget_s = min(_WITHOUT_RUN_S, self._hands.budget_s)
            tally = await delivery.drain(budget_s, budget_s, self._hands.stop)
        log.info("%s, without a run: %s", self.name, tally)


class AccountsWork:
    """Has a work for every account that the store knows, and its sender loaded before it is needed."""

    name = "accounts"

    def __init__(self, runner: Runner, hands: Hands) -> None:
        self._runner = runner
        self._hands = hands
        self._known: dict[str, KnownAccount] = {}
        self._works: dict[str, GatewayWork] = {}
        self._look_at = time.monotonic()
        self._unloaded: set[str] = set()

    def due_in(self) -> timedelta | None:
        """Every few seconds."""
        return timedelta(seconds=self._look_at - time.monotonic())

    async def run(self) -> bool:
        """Begin works of new accounts, end those of accounts that are gone. Raises `GatewayError`."""
        known = {account.name: account for account in await asyncio.to_thread(known_accounts, self._hands.store)}
        self._look_at = time.monotonic() + _LOOK_EVERY_S
        before, self._known = self._known, known
        for name in [name for name, account in before.items() if known.get(name) != account]:
            self._hands.senders.doubt(name)
        for name, work in list(self._works.items()):
            if name not in known or known[name].provider != work.provider:
                self._runner.drop(self._works.pop(name).name)
        for name, account in known.items():
            if name not in self._works:
                self._works[name] = GatewayWork(name, account.provider, self._hands)
                self._runner.add(self._works[name])
                self._unloaded.add(name)
        await self._load()
        return False

    async def _load(self) -> None:
        problems = []
        for account in sorted(self._unloaded & self._known.keys()):
            try:
                async with self._hands.senders.lent(account):
                    self._unloaded.discard(account)
            except GatewayError as error:
                problems.append(str(error))
        if problems:
            raise GatewayError("; ".join(problems))
