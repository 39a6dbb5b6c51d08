"""Ask an AI for the sentences that a report wants."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from blocks.sources import ask_ai
from wa_integrasi.clock import utc_now
from wa_integrasi.reporting import ReportData, ReportJob, Summaries, summarise


@task(name="summarise", task_run_name="summarise {job.name}", cache_policy=NO_CACHE, persist_result=False)
async def summarise_report(job: ReportJob, data: ReportData) -> Summaries:
    """Let an AI sum up the report in each of its languages; what has a number that the report has not is left out.

    It ends within the report's own limit, with or without them.

    Args:
        job: The report and the slot it speaks of.
        data: What its queries gave.

    Example:
        >>> wa.ai("ai", "Kiln 1 membuat 1200 ton.")
        >>> job = wa.job("produksi-unit", "2026-11-19")
        >>> asyncio.run(summarise_report.fn(job, query.fn(job))).texts
        {'id': 'Kiln 1 membuat 1200 ton.'}
    """
    source = job.report.summary.source if job.report.summary else ""
    summaries = await summarise(job, data, ask_ai(source), utc_now())
    logger = get_run_logger()
    logger.info("%s summaries", len(summaries.texts))
    for problem in summaries.problems:
        logger.warning("%s", problem)
    return summaries
