"""The commands of a run: those that a process gave it, or the one that was asked for in the form of Prefect's UI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from prefect.runtime import flow_run

from blocks.trigger_sources import TriggerSources
from tasks.batch import Batch, given_batch
from wa_integrasi.answering.desk import Desk, OrderError
from wa_integrasi.answering.fetching import Kitchen
from wa_integrasi.commands import NewCommand
from wa_integrasi.composing import files_of
from wa_integrasi.recipient import Recipient, RecipientError
from wa_integrasi.reporting import recipients_of
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store


@asynccontextmanager
async def batch_of(
    trigger: str, arguments: Mapping[str, Any], recipient: str, account: str, *, dry_run: bool
) -> AsyncIterator[Batch]:
    """The commands of this run: those it was given, else the one that its parameters ask for. Raises `OrderError`."""
    if (given := given_batch()) is not None:
        yield given
        return
    settings = load_settings()
    async with AsyncExitStack() as stack:
        store = stack.enter_context(Store.open(settings.database_url.get_secret_value()))
        kitchen = Kitchen(await stack.enter_async_context(TriggerSources()))
        desk = Desk(store, settings.timezone, settings.group_ids, files=files_of(settings))
        to = await asyncio.to_thread(_recipients, store, recipient, settings.group_ids)
        asked_by = f"flow-run:{flow_run.id}"
        tickets = [
            await asyncio.to_thread(
                desk.order,
                NewCommand(account, each.chat, trigger=trigger, arguments=arguments, asked_by=asked_by),
                dry_run=dry_run,
            )
            for each in to
        ]
        batch = Batch(desk, kitchen, tickets, dry_run=dry_run)
        async with batch.renewed():
            yield batch


def _recipients(store: Store, name: str, group_ids: Mapping[str, str]) -> Sequence[Recipient]:
    try:
        Recipient.parse(name)
    except RecipientError:
        pass
    else:
        raise OrderError("recipient: found a number or an id, must be a name of the catalog: Prefect keeps parameters")
    try:
        return recipients_of(store, name, group_ids)
    except RecipientError as error:
        raise OrderError(f"recipient: {error}") from None
