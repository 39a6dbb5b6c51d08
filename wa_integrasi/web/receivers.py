"""The accounts whose webhooks `wa serve` takes: the environment's own and, looked up now and then, the store's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError

from wa_integrasi.accounts import AccountError, KnownAccount, WebhookKey, known_accounts
from wa_integrasi.providers.base import Receiver
from wa_integrasi.store.engine import Store, StoreError

LOOK_AGAIN_S = 3.0

log = logging.getLogger(__name__)

Key = tuple[str, str]


class AccountReceivers(Mapping[Key, Receiver]):
    """Receivers by provider and account name. The environment's own are always there, and go before the store's."""

    def __init__(self, store: Store, key: WebhookKey | None, own: Mapping[Key, Receiver]) -> None:
        self._store = store
        self._key = key
        self._own = dict(own)
        self._seen: list[KnownAccount] | None = None
        self._all = self._own

    def __getitem__(self, key: Key) -> Receiver:
        return self._all[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def look(self) -> None:
        """Take over what the store says now; an account that cannot be used is told of once and left out."""
        found = known_accounts(self._store)
        if found == self._seen:
            return
        before = {account.name: account for account in self._seen or []}
        own_names = {name for _, name in self._own}
        taken: dict[Key, Receiver] = {}
        for account in found:
            place = (account.provider, account.name)
            if account.name in own_names:
                continue
            if before.get(account.name) == account:
                taken |= {place: self._all[place]} if place in self._all else {}
            elif receiver := self._receiver(account):
                taken[place] = receiver
        self._seen, self._all = found, {**taken, **self._own}
        log.info("webhooks are taken for %s", ", ".join(f"{provider}/{name}" for provider, name in self._all))

    def _receiver(self, account: KnownAccount) -> Receiver | None:
        if self._key is None:
            log.warning("no webhooks are taken for %s: WA_SECRET_KEY is not set", account.name)
            return None
        try:
            return self._key.receiver(account)
        except AccountError as error:
            log.warning("no webhooks are taken for %s: %s", account.name, error)
            return None

    @asynccontextmanager
    async def kept_fresh(self, every_s: float = LOOK_AGAIN_S) -> AsyncIterator[None]:
        """Look once before the block begins, then every few seconds until it ends."""
        await self._look_if_possible()

        async def again() -> None:
            while True:
                await asyncio.sleep(every_s)
                await self._look_if_possible()

        task = asyncio.create_task(again(), name="accounts")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _look_if_possible(self) -> None:
        """While the store is away, those that are known stay."""
        try:
            await asyncio.to_thread(self.look)
        except (StoreError, SQLAlchemyError) as error:
            log.warning("accounts not looked up: %s", type(error).__name__)
