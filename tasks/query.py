"""Read a report's rows from its source."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from blocks.sources import load_source
from wa_integrasi.reporting import ReportData, ReportJob, read_data
from wa_integrasi.sources.base import SourceError


def is_transient(_task: object, _run: TaskRun, state: State) -> bool:
    """Whether trying the query again may help: the source is away or slow, and the query is not at fault."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, SourceError) and error.transient


@task(
    name="query",
    task_run_name="query {job.name}",
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_jitter_factor=0.5,
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def query(job: ReportJob) -> ReportData:
    """Run the report's queries for its slot.

    Args:
        job: The report and the slot it speaks of.

    Example:
        >>> query.fn(wa.job("produksi-unit", "2026-11-19")).rows.as_dicts()
        [{'unit': 'Kiln 1', 'ton': 1200}, {'unit': 'Kiln 2', 'ton': 1150}]
    """
    data = read_data(job, load_source(job.report.source, job.report.source_kind))
    get_run_logger().info("%s rows from %s for %s", len(data.rows.values), job.report.source, job.slot.key)
    return data
