"""The templates of all accounts, asked for at their channels."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from prefect.client.orchestration import get_client

from blocks.gateways.loading import GatewayError, gateway_channels, load_gateway
from wa_integrasi.approved import Synced, sync
from wa_integrasi.outbox.templates import release_templates
from wa_integrasi.providers.base import Sender
from wa_integrasi.store.engine import Store


async def sync_templates(store: Store, account: str | None = None) -> list[Synced]:
    """Ask the channels of one account or of all for their templates, and let go what waited for one.

    An account whose channel does not answer keeps what is known of it.
    """
    results = await _asked(store, account)
    await asyncio.to_thread(_release, store, [result.account for result in results if result.code is None])
    return results


async def _asked(store: Store, account: str | None) -> list[Synced]:
    senders: dict[str, Sender] = {}
    failed = []
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(get_client())
        for name in [account] if account is not None else await gateway_channels(client):
            try:
                block = await load_gateway(name)
            except GatewayError as error:
                failed.append(Synced(name, code="gateway", text=str(error)))
            else:
                senders[name] = await stack.enter_async_context(block.sender())
        return [*await sync(store, senders), *failed]


def _release(store: Store, accounts: list[str]) -> None:
    for account in accounts:
        with store.writing() as connection:
            release_templates(connection, account)
    store.wake()
