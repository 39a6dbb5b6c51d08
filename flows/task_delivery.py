"""The recaps that tell what has changed: looked at every half-hour, told when there is something to tell."""

import asyncio

from prefect import State, flow

from tasks.notify import notify
from tasks.outcome import Branch, arrived, outcome
from tasks.query import query
from tasks.send import send
from tasks.task_delivery import format_recap, tell
from wa_integrasi.reporting import Recap, plan_recaps


@flow(name="task-delivery", flow_run_name="task-delivery", log_prints=False, persist_result=False)
async def task_delivery(
    only: list[str] = [],  # noqa: B006 - never changed; a union with null has no form in the Prefect UI
    force: bool = False,
) -> State[None]:
    """Tell every enabled recap of the cadence task_delivery, of all that happened since it was last told.

    Args:
        only: Names of reports, to look at only those.
        force: Tell them though nothing has changed.
    """
    recaps = await asyncio.to_thread(plan_recaps, only, force)
    branches = [branch(recap) for recap in recaps]
    await arrived(branches)
    await notify()
    return await outcome(branches)


def branch(recap: Recap) -> Branch:
    """One recap's way; when it fails, the others go on, and the run says so at its end."""
    data = query.submit(recap.job)
    messages = format_recap.submit(recap, data)
    queued = tell.submit(recap, data, messages)
    sent = send.submit(recap.name, queued, account=recap.job.report.account)
    return Branch(recap.name, {"query": data, "format": messages, "tell": queued, "send": sent})
