"""The scheduled recaps: one flow, deployed daily, weekly and monthly."""

import asyncio
from typing import Any, Literal

from prefect import State, flow
from prefect.runtime import flow_run

from tasks.format import format_messages
from tasks.notify import notify
from tasks.outcome import Branch, arrived, outcome
from tasks.query import query
from tasks.report import enqueue_slot, leave_out, show_only
from tasks.send import send
from tasks.summarise import summarise_report
from wa_integrasi.reporting import Asked, ReportJob, plan_run, run_name
from wa_integrasi.slot import Cadence


def named() -> str:
    """The run's name in the Prefect UI: with the period that it speaks of."""
    said = flow_run.parameters
    chosen = {name: said[name] for name in ("slot", "until", "as_of", "dry_run") if name in said}
    return run_name(Asked(Cadence(said["cadence"]), **chosen), flow_run.scheduled_start_time)


@flow(name="rekap", flow_run_name=named, log_prints=False, persist_result=False)
async def rekap(
    cadence: Literal["daily", "weekly", "monthly"],
    slot: str = "",
    until: str = "",
    only: list[str] = [],  # noqa: B006 - never changed; a union with null has no form in the Prefect UI
    as_of: str = "",
    force: bool = False,
    dry_run: bool = False,
    parameters: dict[str, Any] = {},  # noqa: B006 - as above
) -> State[None]:
    """Send every enabled report of a cadence for the period that has just ended.

    Args:
        cadence: Which reports.
        slot: A day of the period to report on, such as 2026-11-19; empty for the period that has just ended.
        until: A day of the last period to report on, where there are several: 62 at most, the oldest goes first.
        only: Names of reports, to send only those.
        as_of: A day or a moment, such as 2026-11-19T07:00: send what a run would have sent then.
        force: Make it anew though it was sent, or though the calendar leaves it out; it says that it is a correction.
        dry_run: Ask the sources and make the messages, but enqueue nothing.
        parameters: What is chosen of their parameters, by name, and of `as_of`; each of the reports must have them.
    """
    asked = Asked(Cadence(cadence), slot, until, only, as_of, force, dry_run, parameters)
    branches: list[Branch] = []
    for jobs in await asyncio.to_thread(plan_run, asked, flow_run.scheduled_start_time):
        going = [branch(job) for job in jobs]
        await arrived(going)
        branches += going
    await notify()
    return await outcome(branches)


def branch(job: ReportJob) -> Branch:
    """One report's way; when it fails, the others go on, and the run says so at its end."""
    if job.left_out:
        return Branch(job.name, {"leave out": leave_out.submit(job)}, job.slot.key)
    data = query.submit(job)
    summaries = summarise_report.submit(job, data) if job.report.summary else None
    messages = format_messages.submit(job, data, summaries)
    made = {"query": data, "format": messages}
    if job.dry_run:
        return Branch(job.name, {**made, "dry run": show_only.submit(job, messages)}, job.slot.key)
    queued = enqueue_slot.submit(job, messages)
    sent = send.submit(job.name, queued, account=job.report.account)
    return Branch(job.name, {**made, "enqueue": queued, "send": sent}, job.slot.key)
