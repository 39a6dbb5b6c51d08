"""The scheduled recaps: one flow, deployed daily, weekly and monthly."""

import asyncio
from typing import Any, Literal

from prefect import flow
from prefect.futures import PrefectFuture, wait

from tasks.enqueue import enqueue
from tasks.format import format_messages
from tasks.notify import notify
from tasks.query import query
from tasks.send import send
from tasks.summarise import summarise_report
from wa_integrasi.reporting import ReportJob, plan_reports


@flow(name="rekap", flow_run_name="rekap {cadence}", log_prints=False, persist_result=False)
async def rekap(
    cadence: Literal["daily", "weekly", "monthly"],
    slot: str = "",
    only: list[str] = [],  # noqa: B006 - never changed; a union with null has no form in the Prefect UI
    parameters: dict[str, Any] = {},  # noqa: B006 - as above
) -> list[PrefectFuture[None]]:
    """Send every enabled report of a cadence for the period that has just ended.

    Args:
        cadence: Which reports.
        slot: A day of the period to report on, such as 2026-11-19; empty for the period that has just ended.
        only: Names of reports, to send only those.
        parameters: What is chosen of their parameters, by name, and of `as_of`; each of the reports must have them.
    """
    jobs = await asyncio.to_thread(plan_reports, cadence, slot, only, parameters)
    sent = [branch(job) for job in jobs]
    await asyncio.to_thread(wait, sent)
    await notify()
    return sent


def branch(job: ReportJob) -> PrefectFuture[None]:
    """One report's way; when it fails, the others go on, and the run says so at its end."""
    data = query.submit(job)
    summaries = summarise_report.submit(job, data) if job.report.summary else None
    messages = format_messages.submit(job, data, summaries)
    queued = enqueue.submit(job.name, messages)
    return send.submit(job.name, queued, account=job.report.account)
