"""Put messages into the outbox, each once."""

from dataclasses import dataclass

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from wa_integrasi.composing import Composed, ComposeError, compose_all, files_of
from wa_integrasi.message import Status
from wa_integrasi.outbox import Enqueued, NewMessage, Outbox
from wa_integrasi.reporting import Page
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store


@dataclass(frozen=True, slots=True)
class Queued:
    """What `send` is to follow, rows of the outbox, and what it is to show beside them: messages that have no row."""

    ids: list[int]
    refused: list[dict[str, str]]
    page: Page | None = None
    """Of a report: what is shown of it."""


@task(
    name="enqueue",
    task_run_name="enqueue {report}",
    retries=3,
    retry_delay_seconds=[5, 20, 60],
    cache_policy=NO_CACHE,
    persist_result=False,
)
def enqueue(report: str, messages: list[NewMessage]) -> Queued:
    """Commit the messages, so that nothing can lose them any more; those that are there already stay as they are.

    What a channel cannot take is left out, and `send` fails for it once the others have left. A store that is away or
    locked is tried again: dedupe keys make that safe.

    Args:
        report: What the messages belong to, for the name of the run.
        messages: What is to be sent.

    Example:
        >>> message = NewMessage(Recipient.parse("+628120000001"), Text(body="Kiln 1: 1200 ton"), dedupe_key="kabar:1")
        >>> enqueue.fn("kabar", [message]).ids == enqueue.fn("kabar", [message]).ids
        True
    """
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        composed = compose_all(store, messages, links=files_of(settings).links is not None)
        rows = Outbox(store).enqueue(composed.messages)
    return queued(rows, composed)


def queued(rows: list[Enqueued], composed: Composed, page: Page | None = None) -> Queued:
    """What was enqueued, told in the log."""
    new = sum(row.created for row in rows)
    logger = get_run_logger()
    logger.info("%s new, %s enqueued before, %s refused", new, len(rows) - new, len(composed.refused))
    for error in composed.refused:
        logger.warning("refused: %s", error)
    return Queued([row.id for row in rows], [refusal(error) for error in composed.refused], page)


def refusal(error: ComposeError) -> dict[str, str]:
    """A message that has no row, as `send` shows it beside those that have one."""
    of = error.message
    part = f"{of.part}/{of.parts}"
    return {"to": of.recipient.masked, "part": part, "status": Status.REFUSED, "reason": error.reason}
