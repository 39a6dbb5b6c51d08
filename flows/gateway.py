"""The poll that leaves nothing behind: retries that fell due, and rows that other programs wrote."""

import asyncio

from prefect import State, flow

from tasks.notify import notify
from tasks.send import drain
from tasks.session import look_at_session
from tasks.turn import AT_ONCE, accounts_to_poll, polled, run_name, turn_of


@flow(name="wa-gateway", flow_run_name=run_name, log_prints=False, persist_result=False)
async def gateway(account: str = "", budget_s: float = 60, stay_s: float = 0) -> State[None]:
    """Look at each account's session, send everything of it that is due, and tell people what needs them.

    Of the polls of an account one at a time: while another drains it, a run leaves it alone. One that cannot be drained
    holds up no other.

    Args:
        account: Name of the gateway block to send by; empty for every account.
        budget_s: Seconds to go on for.
        stay_s: Seconds to wait for more after the last message.
    """
    accounts = await accounts_to_poll(account)
    room = asyncio.Semaphore(AT_ONCE)
    try:
        polls = (poll(name, budget_s, stay_s, room) for name in accounts)
        ended = await asyncio.gather(*polls, return_exceptions=True)
    finally:
        await notify()
    return polled(accounts, ended)


async def poll(account: str, budget_s: float, stay_s: float, room: asyncio.Semaphore) -> bool:
    """One account's way, once there is room; False where another run drains it."""
    async with room, turn_of(account) as ours:
        if ours:
            await look_at_session(account)
            await drain(account, budget_s, stay_s)
    return ours
