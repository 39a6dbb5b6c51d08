"""The steps of task-delivery recaps that other reports do not have: whether there is news, and remembering it."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks.enqueue import Queued, refusal
from tasks.format import format_messages
from wa_integrasi.composing import compose_all
from wa_integrasi.outbox import NewMessage
from wa_integrasi.reporting import Recap, ReportData, told_page
from wa_integrasi.reporting import tell as tell_recap
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store


@task(name="format", task_run_name="format {recap.name}", cache_policy=NO_CACHE, persist_result=False)
def format_recap(recap: Recap, data: ReportData) -> list[NewMessage]:
    """Render the recap for everybody who receives it; nothing when its rows are as last told.

    Args:
        recap: What is told, to whom, and what they know.
        data: What its queries gave.

    Example:
        >>> recap = wa.recap("kiriman")
        >>> [message] = format_recap.fn(recap, query.fn(recap.job))
        >>> message.content.body
        'Kiln 1: 1.200 ton'
    """
    logger, since = get_run_logger(), recap.job.slot.start
    if (reason := recap.reason(data)) is None:
        logger.info("nothing has changed since %s", since.isoformat(timespec="minutes"))
        return []
    logger.info("told since %s: %s", since.isoformat(timespec="minutes"), reason)
    return format_messages.fn(recap.job, recap.with_previous(data))


@task(
    name="tell",
    task_run_name="tell {recap.name}",
    retries=3,
    retry_delay_seconds=[5, 20, 60],
    cache_policy=NO_CACHE,
    persist_result=False,
)
def tell(recap: Recap, data: ReportData, messages: list[NewMessage]) -> Queued:
    """Commit the messages together with what they told, so that of several runs one tells.

    Args:
        recap: What is told.
        data: What its queries gave, for the next recap to be compared with.
        messages: What is to be sent; none when there is no news.

    Example:
        >>> recap = wa.recap("kiriman")
        >>> data = query.fn(recap.job)
        >>> queued = tell.fn(recap, data, format_recap.fn(recap, data))
        >>> format_recap.fn(wa.recap("kiriman"), data)
        []
    """
    logger = get_run_logger()
    if not messages:
        return Queued([], [])
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        composed = compose_all(store, messages)
        rows = tell_recap(store, recap, data, composed.messages) if composed.messages else []
    refused = [refusal(error) for error in composed.refused]
    if rows is None:
        logger.info("another run has told it meanwhile")
        return Queued([], [])
    logger.info("%s messages, %s refused", len(rows), len(refused))
    return Queued([row.id for row in rows], refused, told_page(recap, data, settings.public_url))
