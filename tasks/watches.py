"""The steps of watching: read each source, tell those who are to know."""

import asyncio

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks.watched import Values, Watch
from wa_integrasi.answering.fetching import Trouble
from wa_integrasi.answering.watching.reading import values_of


class UnsettledError(Exception):
    """Some values were read and not written down; the next run reads them anew."""


@task(name="query", task_run_name="query {source}", cache_policy=NO_CACHE, persist_result=False)
async def read_values(watch: Watch, source: str) -> Values:
    """Ask one source for all that is watched there, equal questions once.

    Args:
        watch: The round.
        source: Name of the source block.

    Example:
        >>> wa.values("pi", {"BLR2.TI-01": 545.0})
        >>> _ = wa.ask("saya", "beritahu jika suhu > 540")
        >>> [(_, found)] = asyncio.run(read_values.fn(wa.watched(), "pi")).values
        >>> found.rows.as_dicts()[0]["value"]
        545.0
    """
    values = [each async for each in values_of(watch.kitchen, watch.taken.of_source(source), watch.budget_s)]
    for group, found in values:
        if isinstance(found, Trouble):
            get_run_logger().warning("%s: %s: %s", group.leaf.name, found.kind, found.note)
    get_run_logger().info("%s questions for %s watchers", len(values), sum(len(g.watched_by) for g, _ in values))
    return Values(values)


@task(name="tell", task_run_name="tell of {source}", cache_policy=NO_CACHE, persist_result=False)
async def tell_watchers(watch: Watch, source: str, values: Values) -> None:
    """Commit how each value stands together with what its watchers are told; one that cannot be holds up no other.

    Args:
        watch: The round.
        source: Name of the source block, for the name of the run.
        values: What it gave.

    Example:
        >>> wa.values("pi", {"BLR2.TI-01": 545.0})
        >>> _ = wa.ask("saya", "beritahu jika suhu > 540")
        >>> watch = wa.watched()
        >>> asyncio.run(tell_watchers.fn(watch, "pi", asyncio.run(read_values.fn(watch, "pi"))))
        >>> wa.deliver()[0].splitlines()[0]
        '🔴 *suhu* sekarang *545* (batas > 540)'
    """
    told, failed = 0, 0
    for group, found in values.values:
        try:
            told += await asyncio.to_thread(watch.watchers.settle, watch.taken, group, found)
        except Exception as error:
            failed += 1
            get_run_logger().error("%s: %s", group.leaf.name, type(error).__name__)
    get_run_logger().info("%s messages", told)
    if failed:
        raise UnsettledError(f"{failed} of {len(values.values)} values of {source} could not be written down")
