"""The recaps that tell what has changed: looked at every half-hour, told when there is something to tell."""

import asyncio

from prefect import flow
from prefect.futures import PrefectFuture, wait

from tasks.enqueue import Queued
from tasks.notify import notify
from tasks.query import query
from tasks.send import send
from tasks.task_delivery import format_recap, tell
from wa_integrasi.reporting import Recap, plan_recaps


@flow(name="task-delivery", log_prints=False, persist_result=False)
async def task_delivery(
    only: list[str] = [],  # noqa: B006 - never changed; a union with null has no form in the Prefect UI
    force: bool = False,
) -> list[PrefectFuture[None]]:
    """Tell every enabled recap of the cadence task_delivery, of all that happened since it was last told.

    Args:
        only: Names of reports, to look at only those.
        force: Tell them though nothing has changed.
    """
    recaps = await asyncio.to_thread(plan_recaps, only, force)
    sent = [branch(recap) for recap in recaps]
    await asyncio.to_thread(wait, sent)
    await notify()
    return sent


def branch(recap: Recap) -> PrefectFuture[None]:
    """One recap's way; when it fails, the others go on, and the run says so at its end."""
    data = query.submit(recap.job)
    messages = format_recap.submit(recap, data)
    queued: PrefectFuture[Queued] = tell.submit(recap, data, messages)
    return send.submit(recap.name, queued, account=recap.job.report.account)
