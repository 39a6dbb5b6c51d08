"""The steps of a report beside those of any message: its slot noted, left out, or only shown."""

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from tasks.enqueue import Queued, queued, refusal
from wa_integrasi.composing import compose_all
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.reporting import Outcome, ReportJob, enqueue_report, note, page_of
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store

_WOULD = "A dry run: nothing of this was enqueued."


@task(
    name="enqueue",
    task_run_name="enqueue {job.name}",
    retries=3,
    retry_delay_seconds=[5, 20, 60],
    cache_policy=NO_CACHE,
    persist_result=False,
)
def enqueue_slot(job: ReportJob, messages: list[NewMessage]) -> Queued:
    """Commit a report's messages together with the note that its slot has gone out.

    Args:
        job: The report and the slot it speaks of.
        messages: What is to be sent.

    Example:
        >>> job = wa.job("produksi-unit", "2026-11-19")
        >>> messages = format_messages.fn(job, query.fn(job))
        >>> enqueue_slot.fn(job, messages).ids == enqueue_slot.fn(job, messages).ids
        True
    """
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        composed = compose_all(store, messages)
        rows = enqueue_report(store, job, composed.messages, flow_run.id, refused=len(composed.refused))
    page = page_of(job, messages, OutgoingFiles(settings.files_path), settings.public_url, settings.group_ids)
    return queued(rows, composed, page)


@task(
    name="leave out",
    task_run_name="leave out {job.name}",
    retries=3,
    retry_delay_seconds=[5, 20, 60],
    cache_policy=NO_CACHE,
    persist_result=False,
)
def leave_out(job: ReportJob) -> None:
    """Note that the report's calendar leaves this slot out.

    Args:
        job: The report and the slot it speaks of.

    Example:
        >>> leave_out.fn(replace(wa.job("produksi-unit"), left_out="a day off"))
        >>> wa.sent
        []
    """
    get_run_logger().info("%s for %s is left out: %s", job.name, job.slot.key, job.left_out)
    if not job.dry_run:
        with Store.open(load_settings().database_url.get_secret_value()) as store, store.writing() as connection:
            note(connection, job, Outcome.LEFT_OUT, Outbox(store).now(), flow_run.id)


@task(name="dry run", task_run_name="dry run {job.name}", cache_policy=NO_CACHE, persist_result=False)
def show_only(job: ReportJob, messages: list[NewMessage]) -> None:
    """Show what would be sent, and enqueue nothing.

    Args:
        job: The report and the slot it speaks of.
        messages: What would be sent.

    Example:
        >>> job = wa.job("produksi-unit", "2026-11-19")
        >>> show_only.fn(job, format_messages.fn(job, query.fn(job)))
        >>> wa.shown[0].key, wa.sent
        ('rekap-produksi-unit', [])
    """
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        composed = compose_all(store, messages)
    going = [
        {"to": each.recipient.masked, "part": f"{each.part}/{each.parts}", "status": "would go", "reason": ""}
        for each in composed.messages
    ]
    rows = going + [refusal(error) for error in composed.refused]
    page = page_of(job, messages, OutgoingFiles(settings.files_path), None, settings.group_ids)
    create_markdown_artifact(page.markdown(rows, _WOULD), key=page.key, description=f"{page.slot}, dry run")
    get_run_logger().info("%s messages, %s refused, none enqueued", len(going), len(composed.refused))
