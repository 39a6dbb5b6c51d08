"""One poll of an account at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from prefect import State, get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed

from blocks.gateways import GatewayError
from tasks.standby import standby
from tasks.storage import in_store
from wa_integrasi.accounts import known_accounts
from wa_integrasi.outbox import PollLease
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.store.engine import Store, StoreError

_RENEW_S = 5.0

AT_ONCE = 8
"""So many accounts are polled at a time: each takes two or three connections to a store that has a hundred for all."""

_FOR_PEOPLE = (GatewayError, SettingsError, StoreError)


class PollError(Exception):
    """Some accounts could not be drained. Says which, and why, fit for a log."""


def run_name() -> str:
    """`wa-gateway default`; of a run for every account `wa-gateway all`."""
    return f"wa-gateway {flow_run.parameters.get('account') or 'all'}"


async def accounts_to_poll(account: str) -> list[str]:
    """The account that a run is for; without one, those that `wa live` sends by too: all that `wa deploy` has noted."""
    if account:
        return [account]
    known = await in_store(lambda store, _: known_accounts(store))
    return [each.name for each in known]


def polled(accounts: Sequence[str], ended: Sequence[bool | BaseException]) -> State[None]:
    """How a run ends by what became of each account. Raises the error of a single one, of several `PollError`."""
    failed = {name: error for name, error in zip(accounts, ended, strict=True) if isinstance(error, BaseException)}
    if len(accounts) == 1:
        for error in failed.values():
            raise error
    if failed:
        raise PollError("; ".join(f"{name}: {_why(error)}" for name, error in failed.items()))
    if others := [name for name, ours in zip(accounts, ended, strict=True) if not ours]:
        return Completed(message=f"another run drains {', '.join(others)}")
    return Completed(message=", ".join(accounts) or "no accounts: 'wa deploy' notes them")


def _why(error: BaseException) -> str:
    return str(error) if isinstance(error, _FOR_PEOPLE) else type(error).__name__


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
