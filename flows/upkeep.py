"""What keeps an installation in order, every hour."""

from prefect import State, flow

from tasks.channels import sessions, templates
from tasks.missed import look_for_missed
from tasks.notify import notify
from tasks.second_channel import second_channel
from tasks.step import all_of
from tasks.storage import archiving, database, media, retention

STEPS = (templates, sessions, media, retention, archiving, database, look_for_missed, second_channel, notify)


@flow(name="upkeep", flow_run_name="upkeep", log_prints=False, persist_result=False)
async def upkeep() -> State[None]:
    """Take every step of upkeep; the others go on where one fails, and the run's state names it."""
    return await all_of(STEPS)
