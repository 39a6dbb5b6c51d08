"""Complaints: each acknowledged with its ticket, and people told of those that nobody answers."""

from prefect import flow

from tasks.complaints import escalate, respond, tell_owner


@flow(name="complaints", flow_run_name="complaints", log_prints=False, persist_result=False)
async def complaints(limit: int = 200) -> None:
    """Acknowledge pending complaints, tell people on duty of unanswered ones, and the owner of unreadable ones.

    Args:
        limit: Most complaints that one run acknowledges, and most that it tells of.
    """
    await respond(limit)
    await escalate(limit)
    await tell_owner()
