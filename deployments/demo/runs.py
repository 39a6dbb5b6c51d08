"""A run of a deployment on the worker, asked for over Prefect's API: its own command line takes seconds to begin."""

from __future__ import annotations

import asyncio
import uuid
from http import HTTPStatus
from typing import Any

import aiohttp

from deployments.errors import DeploymentError
from deployments.up import Place

_WITHIN_S = 240.0
_LOOK_EVERY_S = 0.25
_ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


class RunError(DeploymentError):
    """A run did not end as it should. Says how."""


async def run_on_worker(at: Place, deployment: str, **parameters: Any) -> None:
    """Run a deployment (`flow/name`) now, and wait until it has ended. Raises `RunError`."""
    async with aiohttp.ClientSession(base_url=f"{at.prefect_url}/api/", raise_for_status=True) as prefect:
        try:
            async with asyncio.timeout(_WITHIN_S):
                state = await _ended(prefect, await _asked_for(prefect, deployment, parameters))
        except TimeoutError:
            raise RunError(f"the run of {deployment} did not end within {_WITHIN_S:.0f} s") from None
        except aiohttp.ClientError as error:
            raise RunError(f"Prefect did not run {deployment}: {_said(error)}") from error
    if state["type"] != "COMPLETED":
        raise RunError(f"the run of {deployment} is {state['name']}: {state['message'] or 'see prefect-worker.log'}")


async def _asked_for(prefect: aiohttp.ClientSession, deployment: str, parameters: dict[str, Any]) -> str:
    found = await _asked(prefect, "GET", f"deployments/name/{deployment}")
    # With its key it may be asked for again: Prefect makes one run of it.
    wanted = {"parameters": parameters, "state": {"type": "SCHEDULED"}, "idempotency_key": uuid.uuid4().hex}
    made = await _asked(prefect, "POST", f"deployments/{found['id']}/create_flow_run", wanted)
    return str(made["id"])


async def _ended(prefect: aiohttp.ClientSession, run_id: str) -> dict[str, Any]:
    while True:
        state: dict[str, Any] | None = (await _asked(prefect, "GET", f"flow_runs/{run_id}"))["state"]
        if state and state["type"] in _ENDED:  # Prefect may have none yet
            return state
        await asyncio.sleep(_LOOK_EVERY_S)


async def _asked(
    prefect: aiohttp.ClientSession, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What Prefect answers, asked again while it cannot: its SQLite may be locked for a moment."""
    while True:
        try:
            async with prefect.request(method, path, json=body) as answer:
                told: dict[str, Any] = await answer.json()
                return told
        except aiohttp.ClientResponseError as error:
            if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
        await asyncio.sleep(_LOOK_EVERY_S)


def _said(error: aiohttp.ClientError) -> str:
    return str(error.status) if isinstance(error, aiohttp.ClientResponseError) else type(error).__name__
