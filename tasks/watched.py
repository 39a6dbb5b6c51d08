"""What one run of `wa-watches` looks at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from blocks.trigger_sources import TriggerSources
from wa_integrasi.answering.fetching import Fetched, Kitchen
from wa_integrasi.answering.watching import Group, Round, Watchers
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store


class Watch:
    """A round, and what it takes to end it. No dataclass: Prefect would look through all of it."""

    def __init__(self, watchers: Watchers, kitchen: Kitchen, taken: Round, budget_s: float) -> None:
        self.watchers = watchers
        self.kitchen = kitchen
        self.taken = taken
        self.budget_s = budget_s
        self.sources = taken.sources


class Values:
    """What one source gave for each of its questions. No dataclass either."""

    def __init__(self, values: Sequence[tuple[Group, Fetched]]) -> None:
        self.values = values


@asynccontextmanager
async def watch_of(budget_s: float) -> AsyncIterator[Watch]:
    """What is to be looked at now; it is given back at the end, so that others can have what was not looked at."""
    settings = load_settings()
    async with AsyncExitStack() as stack:
        store = stack.enter_context(Store.open(settings.database_url.get_secret_value()))
        kitchen = Kitchen(await stack.enter_async_context(TriggerSources()), pauses_s=())
        watchers = Watchers(store, settings.timezone)
        taken = await asyncio.to_thread(watchers.take)
        stack.push_async_callback(asyncio.to_thread, watchers.end, taken)
        yield Watch(watchers, kitchen, taken, budget_s)
