"""One poll of an account at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from prefect import get_run_logger
from prefect.runtime import flow_run

from tasks.standby import standby
from wa_integrasi.outbox import PollLease
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store

_RENEW_S = 5.0


@asynccontextmanager
async def turn_of(account: str) -> AsyncIterator[bool]:
    """Whether this run may poll the account; False while another does. Runs of `wa live` take turns by themselves."""
    if standby() is not None:
        yield True
        return
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        lease = PollLease(store, account, str(flow_run.id))
        if not await asyncio.to_thread(lease.take):
            yield False
            return
        alive = asyncio.create_task(_stay_alive(lease))
        try:
            yield True
        finally:
            alive.cancel()
            await asyncio.gather(alive, return_exceptions=True)
            await _told(lease.give_back, "given back")


async def _stay_alive(lease: PollLease) -> None:
    while True:
        await asyncio.sleep(_RENEW_S)
        if await _told(lease.take, "renewed") is False:
            get_run_logger().warning("another run polls too: this one was thought to be dead")


async def _told(change: Callable[[], bool | None], done: str) -> bool | None:
    """Change the lease; a store that is away is no reason to fail, since the lease ends by itself."""
    try:
        return await asyncio.to_thread(change)
    except Exception as error:
        get_run_logger().warning("the turn to poll was not %s: %s", done, type(error).__name__)
        return None
