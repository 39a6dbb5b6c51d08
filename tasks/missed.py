"""Tell owners of reports that should have gone out and have not."""

import asyncio

from prefect import State, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from tasks.events import emit
from wa_integrasi.reporting import Missed, tell_of_missed
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.store.engine import Store, StoreError


@task(name="missed", task_run_name="missed", cache_policy=NO_CACHE, persist_result=False)
async def look_for_missed() -> State[None]:
    """Enqueue a notice for the owner of each report that was missed, and emit `wa.report.missed`.

    It ends as failed when that does not work, and never raises: other duties of the run go on.

    Example:
        >>> asyncio.run(look_for_missed.fn()).is_completed()
        True
    """
    try:
        missed = await asyncio.to_thread(_told)
    except Exception as error:
        why = str(error) if isinstance(error, StoreError | SettingsError) else type(error).__name__
        get_run_logger().error("nobody was told of missed reports: %s", why)
        return Failed(message=why)
    for found in missed:
        report, slot = found.key
        get_run_logger().warning("missed: %s for %s, due %s", report, slot, f"{found.due:%Y-%m-%d %H:%M %Z}")
        emit("wa.report.missed", found.job.report.account, {"report": report, "slot": slot})
    return Completed(message=f"{len(missed)} missed")


def _told() -> list[Missed]:
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        return tell_of_missed(store, settings)
