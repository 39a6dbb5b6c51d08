"""What people watch: every minute each value is read once, and those are told whose limit it passes."""

import asyncio

from prefect import flow

from tasks.watched import Watch, watch_of
from tasks.watches import read_values, tell_watchers


@flow(name="wa-watches", flow_run_name="wa-watches", log_prints=False, persist_result=False)
async def watches(budget_s: float = 45) -> None:
    """Read every value that somebody watches, and tell of limits that are passed or not any more.

    Args:
        budget_s: Seconds that the sources may take together; what has not answered by then counts as away.
    """
    async with watch_of(budget_s) as watch:
        ended = await asyncio.gather(*(branch(watch, source) for source in watch.sources), return_exceptions=True)
    for failed in filter(None, ended):
        raise failed


async def branch(watch: Watch, source: str) -> None:
    """One source's way: one that is away or slow holds up no other."""
    values = await read_values(watch, source)
    await tell_watchers(watch, source, values)
