"""The steps of complaints: acknowledge what was filed, tell people on duty, tell the owner."""

import asyncio
from collections import Counter

from prefect import get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from wa_integrasi.reporting import table_of
from wa_integrasi.responding import Escalated, Escalator, Handled, Responder, tell_of_asides
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store


@task(name="respond", task_run_name="respond", cache_policy=NO_CACHE, persist_result=False)
async def respond(limit: int = 200) -> None:
    """Acknowledge pending complaints; the answers leave by `wa live` or the next poll.

    Args:
        limit: Most complaints of one run.

    Example:
        >>> wa.complained("+628120000009", "Debu di atap rumah")
        >>> asyncio.run(respond.fn())
        >>> wa.shown[0].markdown.splitlines()[-1].split(" | ")[1]
        'responded'
    """
    settings, run_id = load_settings(), flow_run.id

    def work() -> list[Handled]:
        with Store.open(settings.database_url.get_secret_value()) as store:
            return list(Responder(store, settings.timezone).work(limit, run_id))

    handled = await asyncio.to_thread(work)
    counts = Counter(each.state for each in handled)
    get_run_logger().info(", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no complaints")
    if handled:
        rows = [{"ticket": each.ticket, "state": each.state, "note": each.note or ""} for each in handled]
        said = "Complaints of this run; 'wa complaint show TICKET' says more."
        await acreate_markdown_artifact(f"# Complaints\n\n{table_of(rows)}", key="complaints", description=said)


@task(name="escalate", task_run_name="escalate", cache_policy=NO_CACHE, persist_result=False)
async def escalate(limit: int = 200) -> None:
    """Tell people on duty of complaints that no person has answered in time.

    Args:
        limit: Most complaints of one run.

    Example:
        >>> wa.complained("+628120000009", "Debu di atap rumah")
        >>> asyncio.run(respond.fn())
        >>> asyncio.run(escalate.fn())
        >>> asyncio.run(drain.fn())
        >>> "Debu" in wa.received("saya")[0]
        True
    """
    settings = load_settings()

    def work() -> Escalated:
        with Store.open(settings.database_url.get_secret_value()) as store:
            return Escalator(store, settings.timezone, settings.group_ids).work(limit)

    done = await asyncio.to_thread(work)
    said = "%s told of, %s answered by a person, %s wait for the end of quiet hours, %s could not be told of"
    get_run_logger().info(said, len(done.told), len(done.answered), done.quiet, done.untold)


@task(name="set aside", task_run_name="set aside", cache_policy=NO_CACHE, persist_result=False)
async def tell_owner() -> None:
    """Tell the owner of complaints that cannot be answered, at most once an hour.

    Example:
        >>> asyncio.run(tell_owner.fn())
        >>> wa.received("saya")
        []
    """
    settings = load_settings()

    def work() -> int:
        with Store.open(settings.database_url.get_secret_value()) as store:
            return tell_of_asides(store, settings.group_ids)

    get_run_logger().info("the owner is told of %s", await asyncio.to_thread(work))
