"""Look at the session of a paired phone."""

import asyncio

from prefect import State, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from blocks.gateways import GatewayError
from tasks.standby import sender_of
from wa_integrasi.providers.base import HasSession
from wa_integrasi.session import Look, SessionError, look, note
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.store.engine import Store, StoreError

_FOR_PEOPLE = (GatewayError, SessionError, SettingsError, StoreError)


@task(name="session", task_run_name="session {account}", cache_policy=NO_CACHE, persist_result=False)
async def look_at_session(account: str = "default") -> State[None]:
    """Hold an account whose session is lost, release one whose session is back, and write the status file.

    It ends as failed when that does not work, and never raises: messages may go all the same.

    Args:
        account: Name of the gateway block that sends by a paired phone; one of another kind has nothing to look at.

    Example:
        >>> asyncio.run(look_at_session.fn()).message
        'no session'
    """
    try:
        found = await _looked(account)
    except Exception as error:
        why = str(error) if isinstance(error, _FOR_PEOPLE) else type(error).__name__
        get_run_logger().error("nobody knows how the session stands: %s", why)
        return Failed(message=why)
    said = "no session" if found is None else "ready" if found.ready else f"not ready: {found.reason or 'no state'}"
    get_run_logger().info("%s", said)
    return Completed(message=said)


async def _looked(account: str) -> Look | None:
    async with sender_of(account) as sender:
        if not isinstance(sender, HasSession):
            return None
        found = await look(account, sender.session)
    await asyncio.to_thread(_note, found)
    return found


def _note(found: Look) -> None:
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        note(store, [found], settings.status_file)
