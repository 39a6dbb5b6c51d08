"""Tell people of dead letters, held accounts and templates: owners by WhatsApp, others by Prefect's events."""

import asyncio

from prefect import State, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from tasks.events import emit, events_of
from wa_integrasi.notices import Notices, collect
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.store.engine import Store, StoreError


@task(name="notify", task_run_name="notify", cache_policy=NO_CACHE, persist_result=False)
async def notify() -> State[None]:
    """Enqueue the notices for reports' owners and emit the events; the next poll sends the notices.

    It ends as failed when that does not work, and never raises: the delivery before it is not to fail for it. What
    nobody was told of then is told of by the next run.

    Example:
        >>> asyncio.run(notify.fn()).is_completed()
        True
        >>> wa.events
        []
    """
    try:
        notices = await asyncio.to_thread(_collect)
    except Exception as error:
        why = str(error) if isinstance(error, StoreError | SettingsError) else type(error).__name__
        get_run_logger().error("nobody was told of dead letters and held accounts: %s", why)
        return Failed(message=why)
    get_run_logger().info("told of %s", notices)
    for untold in notices.untold:
        get_run_logger().error(
            *("%s people on duty were not told of conversation %s, which is %s: %s", untold.count),
            *(untold.conversation, untold.urgency, untold.code or "no code"),
        )
    if lost := [name for name, account, payload in events_of(notices) if not emit(name, account, payload)]:
        get_run_logger().error("events that Prefect did not take: %s", ", ".join(lost))
        return Failed(message=f"{len(lost)} events were not taken")
    return Completed(message=str(notices))


def _collect() -> Notices:
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        return collect(store)
