"""Tell the owners of reports that a run has failed or died."""

import asyncio
from uuid import UUID

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import StateType

from tasks.storage import in_store
from wa_integrasi.upkeep.failures import FailedRun, tell_of_run

_BAD = {StateType.FAILED, StateType.CRASHED}


@task(
    name="tell owners",
    task_run_name="tell owners",
    retries=3,
    retry_delay_seconds=[5, 20, 60],
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def tell_owners(run: str) -> None:
    """Enqueue a notice for the owner of each report that a run was for; dedupe keys make it one for a run.

    Args:
        run: The run's id, or the resource of its event: `prefect.flow-run.…`.
    """
    found = await _read(UUID(run.removeprefix("prefect.flow-run.")))
    count = await in_store(lambda store, _: tell_of_run(store, found))
    get_run_logger().info("%s is %s: %s owners are told", found.name, found.state, count)


async def _read(run_id: UUID) -> FailedRun:
    async with get_client() as client:
        run, steps = await asyncio.gather(
            client.read_flow_run(run_id),
            client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))),
        )
    words = [word for step in steps if step.state_type in _BAD for word in step.name.split()]
    state = run.state.name if run.state is not None and run.state.name else "unknown"
    return FailedRun(str(run_id), run.name, state, str(run.parameters.get("cadence", "")), words)
