"""Tell the owners of reports that a run has failed or died."""

from collections.abc import AsyncIterator
from uuid import UUID

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import StateType, TaskRun

from tasks.outcome import reasons
from tasks.storage import in_store
from wa_integrasi.reporting import CADENCE
from wa_integrasi.upkeep.failures import FailedRun, tell_of_run

_BAD = {StateType.FAILED, StateType.CRASHED}
_LAST = {"enqueue", "tell", "leave out"}
"""Steps with which a report needs the run no more: what is committed leaves by the next poll, too."""

_PAGE = 200


@task(
    name="tell owners",
    task_run_name="tell owners",
    retries=3,
    retry_delay_seconds=[5, 20, 60],
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def tell_owners(run: str) -> None:
    """Enqueue a notice for the owner of each report that a run was asked for and did not bring out, one for a run.

    Args:
        run: The run's id, or the resource of its event: `prefect.flow-run.…`.

    Example:
        >>> run = wa.failed("rekap daily", "query produksi-unit", cadence="daily")
        >>> asyncio.run(tell_owners.fn(run))
        >>> asyncio.run(drain.fn())
        >>> wa.received("saya")[0].splitlines()[0]
        '*Proses gagal*'
    """
    found = await _read(UUID(run.removeprefix("prefect.flow-run.")))
    count = await in_store(lambda store, _: tell_of_run(store, found)) if found else 0
    get_run_logger().info("%s owners are told", count)


async def _read(run_id: UUID) -> FailedRun | None:
    """The run with its steps; None for a dry run, which was to send nothing."""
    async with get_client() as client:
        run = await client.read_flow_run(run_id)
        flow = await client.read_flow(run.flow_id)
        steps = [step async for step in _steps(client, run_id)]
    asked = run.parameters
    if asked.get("dry_run"):
        return None
    ended = [(step.state_type, *step.name.rpartition(" ")[::2]) for step in steps]
    several = bool(asked.get("until"))
    committed = {report for state, step, report in ended if state == StateType.COMPLETED and step in _LAST}
    return FailedRun(
        str(run_id),
        run.name,
        run.state.name if run.state is not None and run.state.name else "unknown",
        cadence=str(asked.get("cadence", "")) or (CADENCE if flow.name == CADENCE.replace("_", "-") else ""),
        only=asked.get("only") or (),
        slot="" if several else str(asked.get("slot", "")),
        failed={report for state, _, report in ended if state in _BAD},
        done=set() if several else committed,
        died=run.state_type == StateType.CRASHED,
        why=reasons(run.state.message or "") if run.state is not None else {},
    )


async def _steps(client: PrefectClient, run_id: UUID) -> AsyncIterator[TaskRun]:
    of_run, offset = FlowRunFilter(id=FlowRunFilterId(any_=[run_id])), 0
    while page := await client.read_task_runs(flow_run_filter=of_run, limit=_PAGE, offset=offset):
        for step in page:
            yield step
        offset += len(page)
