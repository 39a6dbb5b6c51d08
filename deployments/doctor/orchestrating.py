"""Prefect and what its blocks lead to: server, worker, deployments, last runs, sources, sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from deployments.doctor.finding import Finding, broken, good, warning
from wa_integrasi.clock import utc_now
from wa_integrasi.settings import Settings, SettingsError

_RECENT = timedelta(days=40)
_SAID = 10


def prefect(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, is as new as we are, has a worker, and has what `wa deploy` would register."""
    import prefect as library

    from deployments.drift import drift
    from deployments.register import check_prefect

    asyncio.run(check_prefect())
    version, workers = asyncio.run(_server())
    if version == library.__version__:
        yield good("Prefect", f"{version} answers")
    else:
        yield warning("Prefect", f"the server is {version}, this is {library.__version__}", "make them the same")
    if workers:
        yield good("worker", f"{workers} online")
    else:
        yield broken("worker", "none is online: nothing that is scheduled runs", "prefect worker start --pool wa")
    try:
        found = asyncio.run(drift(settings))
    except SettingsError:
        said = "not compared with Prefect: the variables of the account default are not right"
        yield broken("deployments", said, "see what is said of the account, and correct that first")
        return
    for each in found[:_SAID]:
        yield broken("deployments", str(each), "wa deploy")
    if len(found) > _SAID:
        yield broken("deployments", f"and {len(found) - _SAID} more", "wa deploy --check")
    if not found:
        yield good("deployments", "all as they should be")


async def _server() -> tuple[str, int]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import WorkerFilter
    from prefect.exceptions import ObjectNotFound

    from deployments.register import POOL

    async with get_client() as client:
        version = str(await client.api_version())
        try:
            workers = await client.read_workers_for_work_pool(
                POOL, WorkerFilter.model_validate({"status": {"any_": ["ONLINE"]}})
            )
        except ObjectNotFound:
            workers = []
        return version, len(workers)


def runs(_: Settings) -> Iterator[Finding]:
    """How the last run of each deployment ended."""
    for name, state, at in asyncio.run(_last_runs()):
        if state is None:
            yield good("last runs", f"{name}: none yet")
            continue
        said = f"{name}: {state}" + (f", {at:%Y-%m-%d %H:%M} UTC" if at is not None else "")
        bad = state in ("Failed", "Crashed", "TimedOut")
        yield warning("last runs", said, "see the run's page in the Prefect UI") if bad else good("last runs", said)


async def _last_runs() -> list[tuple[str, str | None, Any]]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterId,
        FlowRunFilter,
        FlowRunFilterStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    from deployments.drift import deployments_of

    to_come = {StateType.SCHEDULED, StateType.PENDING}
    begun = FlowRunFilterState(type=FlowRunFilterStateType(any_=[each for each in StateType if each not in to_come]))
    lately = FlowRunFilter(start_time=FlowRunFilterStartTime(after_=utc_now() - _RECENT), state=begun)
    found = []
    async with get_client() as client:
        for name, deployment in sorted((await deployments_of(client)).items()):
            its = DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id]))
            last = await client.read_flow_runs(
                deployment_filter=its, flow_run_filter=lately, sort=FlowRunSort.START_TIME_DESC, limit=1
            )
            state = last[0].state.name if last and last[0].state is not None else None
            found.append((name, state, last[0].start_time if last else None))
    return found


def sources(_: Settings) -> Iterator[Finding]:
    """Whether each data source answers, its account can only read, and its data are read as they are meant."""
    from deployments.source_checks import check_sources

    verdicts = asyncio.run(check_sources())
    for each in verdicts:
        if each.report is None:
            yield broken("sources", f"{each.kind} {each.name}: {each.error}", f"wa source check {each.name}")
            continue
        said = f"{each.kind} {each.name}: {each.report.version}, {each.report.latency_ms:.0f} ms"
        if each.report.writes:
            yield warning("sources", f"{said}; its account could write", "give it an account that only reads")
        elif each.report.doubts:
            yield warning("sources", f"{said}; {each.report.doubts[0]}", f"wa source check {each.name}")
        else:
            yield good("sources", said)
    if not verdicts:
        yield warning("sources", "there is no source block", "make one in the Prefect UI, if reports query a database")


def sessions(_: Settings) -> Iterator[Finding]:
    """Whether each account has one block that can be used, and its paired phone is there."""
    yield from asyncio.run(_sessions())


async def _sessions() -> list[Finding]:
    from prefect.client.orchestration import get_client

    from blocks.gateways import gateway_channels, load_gateway
    from wa_integrasi.providers.base import HasSession
    from wa_integrasi.session import look

    found = []
    async with get_client() as client:
        names = await gateway_channels(client)
    for name in names:
        try:
            block = await load_gateway(name)
            async with block.sender() as sender:
                seen = await look(name, sender.session) if isinstance(sender, HasSession) else None
        except Exception as error:
            found.append(broken("account", f"{name}: {_first(error)}", "correct its block in the Prefect UI"))
            continue
        if seen is None or seen.ready:
            found.append(
                good("account", f"{name}: {'its block can be used' if seen is None else 'its session is ready'}")
            )
        else:
            todo = f"wa session qr --account {name}"
            found.append(broken("account", f"{name}: its session is not ready: {seen.reason or 'no state'}", todo))
    return found


def _first(error: Exception) -> str:
    from deployments.doctor.examining import explained

    return explained(error)
