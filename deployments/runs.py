"""Flow runs inside this process, and what becomes of them when Prefect does not answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from prefect import State
from prefect.client.orchestration import get_client

from deployments.errors import DeploymentError

_ANSWERS_WITHIN_S = 3.0
_SILENT_S = 10.0
"""A run in which nothing is done for so long waits for Prefect, whose client tries for a minute and more."""

_LOOK_EVERY_S = 0.5
_UNWINDS_WITHIN_S = 1.5
"""A run that is cancelled gives back what it has not sent; that Prefect is told of it is not waited for."""

log = logging.getLogger(__name__)

Begin = Callable[[], Awaitable[State[Any]]]


class Given(Protocol):
    """What a run is given, by which it tells how it gets on: `tasks.standby.Standby`, `tasks.batch.Batch`."""

    @property
    def idle_s(self) -> float:
        """For how many seconds no step of the run has been at work."""
        ...

    @property
    def drained(self) -> bool:
        """Whether all that the run was made for is done."""
        ...

    def given(self) -> AbstractContextManager[None]:
        """Within the block this is what a run finds."""
        ...


class RunError(DeploymentError):
    """A run has failed. Says why, as far as that is fit for a log."""


class Runs:
    """Makes flow runs; remembers whether Prefect answers, and says so once when that changes."""

    def __init__(self, said: tuple[type[Exception], ...] = ()) -> None:
        """`said` are the errors whose text is for people; of all others only the type is told."""
        self._said = said
        self._away = False
        self._left: set[asyncio.Task[State[Any]]] = set()

    async def possible(self) -> bool:
        """Whether Prefect answers, as far as is known; asked only where it did not the last time."""
        if not self._away:
            return True
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN_S), get_client() as client:
                problem = await client.api_healthcheck()
        except Exception:
            return False
        if problem is not None:
            return False
        if self._away:
            log.warning("Prefect answers again: there are runs again")
        self._away = False
        return True

    async def make(self, begin: Begin, standby: Given) -> bool:
        """Make a run; False when Prefect did not answer before it had done what it was made for.

        Raises `RunError` when the run has failed.
        """
        run = asyncio.create_task(self._given(begin, standby), name="run")
        try:
            while not run.done():
                await asyncio.wait({run}, timeout=_LOOK_EVERY_S)
                if not run.done() and standby.idle_s > _SILENT_S:
                    return self._leave(run, standby)
        except asyncio.CancelledError:
            run.cancel()
            await asyncio.wait({run}, timeout=_UNWINDS_WITHIN_S)
            raise
        try:
            state = run.result()
        except Exception as error:  # the run's own errors are in its state: this is the engine's
            self._lost(type(error).__name__)
            return standby.drained
        if state.is_completed():
            return True
        cause = await state.aresult(raise_on_failure=False)
        raise RunError(f"the run is {state.name}: {cause if isinstance(cause, self._said) else type(cause).__name__}")

    async def _given(self, begin: Begin, standby: Given) -> State[Any]:
        with standby.given():
            return await begin()

    def _leave(self, run: asyncio.Task[State[Any]], standby: Given) -> bool:
        """Go on without a run: one that is done may still find Prefect and say so, any other is ended."""
        self._lost(f"no word for {_SILENT_S:.0f} s")
        self._left.add(run)
        run.add_done_callback(self._forget)
        if not standby.drained:
            run.cancel()
        return standby.drained

    def _forget(self, run: asyncio.Task[State[Any]]) -> None:
        self._left.discard(run)
        if not run.cancelled() and (error := run.exception()) is not None:
            log.info("a run ended without Prefect: %s", type(error).__name__)

    def _lost(self, why: str) -> None:
        if not self._away:
            log.warning("Prefect does not answer (%s): messages go without runs until it does", why)
        self._away = True
