"""Put messages into the outbox, each once."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store


@task(
    name="enqueue",
    task_run_name="enqueue {report}",
    retries=3,
    retry_delay_seconds=[5, 20, 60],
    cache_policy=NO_CACHE,
    persist_result=False,
)
def enqueue(report: str, messages: list[NewMessage]) -> list[int]:
    """Commit the messages, so that nothing can lose them any more; those that are there already stay as they are.

    A store that is away or locked is tried again: dedupe keys make that safe.

    Args:
        report: What the messages belong to, for the name of the run.
        messages: What is to be sent.
    """
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        rows = Outbox(store).enqueue(messages)
    new = sum(row.created for row in rows)
    get_run_logger().info("%s new, %s enqueued before", new, len(rows) - new)
    return [row.id for row in rows]
