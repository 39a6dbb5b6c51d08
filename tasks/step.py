"""A step that never raises: it ends as failed, says why, and leaves the others alone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from prefect import State, Task, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from blocks.gateways import GatewayError
from wa_integrasi.privacy.vault import VaultError
from wa_integrasi.session import SessionError
from wa_integrasi.settings import SettingsError
from wa_integrasi.store.engine import StoreError
from wa_integrasi.upkeep.books import ArchiveError

_FOR_PEOPLE = (ArchiveError, GatewayError, SessionError, SettingsError, StoreError, VaultError)
_WITHIN_S = 300.0

Step = Task[..., Any]


class StepError(Exception):
    """A step could not do all it should. Says what, fit for a log."""


def step(name: str, within_s: float = _WITHIN_S) -> Callable[[Callable[[], Awaitable[str]]], Step]:
    """Make a task of what does a step and says what it has done; it is given up after `within_s` seconds."""

    def made(work: Callable[[], Awaitable[str]]) -> Step:
        async def run() -> State[None]:
            try:
                async with asyncio.timeout(within_s):
                    said = await work()
            except Exception as error:
                why = _why(error, within_s)
                get_run_logger().error("%s", why)
                return Failed(message=why)
            get_run_logger().info("%s", said)
            return Completed(message=said)

        run.__doc__, run.__module__ = work.__doc__, work.__module__
        found: Step = task(name=name, task_run_name=name, cache_policy=NO_CACHE, persist_result=False)(run)
        return found

    return made


async def all_of(steps: Sequence[Step]) -> State[None]:
    """Take steps one after the other, whatever becomes of each; completed when all are, else failed by their names."""
    calls: Sequence[Any] = steps  # their types know of no state that is awaited
    states = [(each.name, await each(return_state=True)) for each in calls]
    failed = [name for name, state in states if not state.is_completed()]
    if failed:
        return Failed(message=f"failed: {', '.join(failed)}; {len(states) - len(failed)} other steps are done")
    return Completed(message=f"{len(states)} steps are done")


def _why(error: Exception, within_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"given up after {within_s:.0f} s; the next run goes on"
    return str(error) if isinstance(error, (*_FOR_PEOPLE, StepError)) else type(error).__name__
