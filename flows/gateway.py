"""The poll that leaves nothing behind: retries that fell due, and rows that other programs wrote."""

from prefect import flow

from tasks.notify import notify
from tasks.send import drain
from tasks.session import look_at_session


@flow(name="wa-gateway", flow_run_name="wa-gateway {account}", log_prints=False, persist_result=False)
async def gateway(account: str = "default", budget_s: float = 60, stay_s: float = 0) -> None:
    """Look at an account's session, send everything of it that is due, and tell people what needs them.

    Args:
        account: Name of the gateway block to send by.
        budget_s: Seconds to go on for.
        stay_s: Seconds to wait for more after the last message.
    """
    try:
        await look_at_session(account)
        await drain(account, budget_s, stay_s)
    finally:
        await notify()
