"""What automations run: owners are told by WhatsApp, and by the second channel where WhatsApp cannot."""

from prefect import flow

from tasks.alarm import tell_owners
from tasks.second_channel import second_channel
from tasks.step import all_of


@flow(name="alarm", flow_run_name="alarm", log_prints=False, persist_result=False)
async def alarm(run: str = "") -> None:
    """Tell the owners of reports of a run that failed, and the owner by another channel what WhatsApp cannot.

    Args:
        run: Id of the run that failed; empty where an account or its messages are in trouble.
    """
    if run:
        await tell_owners(run)
    await all_of([second_channel])
