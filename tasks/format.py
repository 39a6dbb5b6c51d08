"""Make messages of a report's rows."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from wa_integrasi.clock import utc_now
from wa_integrasi.composing import files_of, text_limit
from wa_integrasi.outbox import NewMessage
from wa_integrasi.reporting import (
    ReportData,
    ReportJob,
    Summaries,
    compose,
    corrected_chats,
    enclose,
    subscribers_of,
)
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store


@task(name="format", task_run_name="format {job.name}", cache_policy=NO_CACHE, persist_result=False)
def format_messages(job: ReportJob, data: ReportData, summaries: Summaries | None = None) -> list[NewMessage]:
    """Render the report's chat template for everybody who receives it, with its chart and its file.

    Args:
        job: The report and the slot it speaks of.
        data: What its queries gave.
        summaries: What an AI says of it, where it is asked.

    Example:
        >>> job = wa.job("produksi-unit", "2026-11-19")
        >>> [message] = format_messages.fn(job, query.fn(job))
        >>> message.content.body.splitlines()[-1]
        '*Jumlah: 2.350 ton*'
    """
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        limit, subscribers = text_limit(store, job.report.account), subscribers_of(store, job)
        corrected = corrected_chats(store, job)
    now, logger = utc_now(), get_run_logger()
    enclosures = enclose(job, data, now)
    for problem in enclosures.problems:
        logger.warning("%s", problem)
    files = files_of(settings)
    messages = compose(
        job,
        data,
        now=now,
        group_ids=settings.group_ids,
        flow_run_id=flow_run.id,
        text_limit=limit,
        enclosed=enclosures.contents(job, files),
        subscribers=subscribers,
        summaries=summaries.texts if summaries else None,
        corrected=corrected,
    )
    if enclosures.files:
        files.sweep()
    logger.info("%s messages of %s rows", len(messages), len(data.rows.values))
    return messages
