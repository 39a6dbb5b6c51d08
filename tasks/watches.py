"""The steps of watching: take what is due, read each source, tell those who are to know."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from blocks.trigger_sources import TriggerSources
from wa_integrasi.answering.fetching import Fetched, Kitchen, Trouble
from wa_integrasi.answering.watching import Group, Round, Watchers
from wa_integrasi.answering.watching.reading import values_of
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


@task(name="query", task_run_name="query {source}", cache_policy=NO_CACHE, persist_result=False)
async def read_values(watch: Watch, source: str) -> Values:
    """Ask one source for all that is watched there, equal questions once.

    Args:
        watch: The round.
        source: Name of the source block.
    """
    values = [each async for each in values_of(watch.kitchen, watch.taken.of_source(source), watch.budget_s)]
    for group, found in values:
        if isinstance(found, Trouble):
            get_run_logger().warning("%s: %s: %s", group.leaf.name, found.kind, found.note)
    get_run_logger().info("%s questions for %s watchers", len(values), sum(len(g.watched_by) for g, _ in values))
    return Values(values)


@task(name="tell", task_run_name="tell of {source}", cache_policy=NO_CACHE, persist_result=False)
async def tell_watchers(watch: Watch, source: str, values: Values) -> None:
    """Commit how each value stands together with what its watchers are told.

    Args:
        watch: The round.
        source: Name of the source block, for the name of the run.
        values: What it gave.
    """

    def settle() -> int:
        return sum(watch.watchers.settle(watch.taken, group, found) for group, found in values.values)

    get_run_logger().info("%s messages", await asyncio.to_thread(settle))
