"""The poll that leaves nothing behind: retries that fell due, and rows that other programs wrote."""

from prefect import State, flow
from prefect.states import Completed

from tasks.notify import notify
from tasks.send import drain
from tasks.session import look_at_session
from tasks.turn import turn_of


@flow(name="wa-gateway", flow_run_name="wa-gateway {account}", log_prints=False, persist_result=False)
async def gateway(account: str = "default", budget_s: float = 60, stay_s: float = 0) -> State[None] | None:
    """Look at an account's session, send everything of it that is due, and tell people what needs them.

    Of the polls of an account one at a time: while another drains it, a run ends at once.

    Args:
        account: Name of the gateway block to send by.
        budget_s: Seconds to go on for.
        stay_s: Seconds to wait for more after the last message.
    """
    async with turn_of(account) as ours:
        if not ours:
            return Completed(message=f"another run drains {account}")
        try:
            await look_at_session(account)
            await drain(account, budget_s, stay_s)
        finally:
            await notify()
    return None
