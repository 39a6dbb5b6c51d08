"""Steps of upkeep that ask the channels: what templates they approve, and how sessions stand."""

from typing import Any

from prefect.client.orchestration import get_client

from blocks.gateways import gateway_channels
from blocks.gateways.templates import sync_templates
from tasks.session import look_at_session
from tasks.step import StepError, step
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store


@step("templates")
async def templates() -> str:
    """Ask the channels for their approved templates, and let go what waited for one.

    Example:
        >>> asyncio.run(templates.fn()).message
        '0 templates of 0 accounts'
    """
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        results = await sync_templates(store)
    if bad := [f"{result.account}: {result.code}" for result in results if result.code is not None]:
        raise StepError(f"channels that did not answer: {', '.join(bad)}")
    return f"{sum(result.count for result in results)} templates of {len(results)} accounts"


@step("sessions")
async def sessions() -> str:
    """Look at the session of every account; one that is lost is held, one that is back is released.

    Example:
        >>> asyncio.run(sessions.fn()).message
        'default: no session'
    """
    async with get_client() as client:
        accounts = list(await gateway_channels(client))
    look: Any = look_at_session  # its types know of no state that is awaited
    states = [(name, await look(name, return_state=True)) for name in accounts]
    if bad := [name for name, state in states if not state.is_completed()]:
        raise StepError(f"nobody knows how these sessions stand: {', '.join(bad)}")
    return ", ".join(f"{name}: {state.message}" for name, state in states) or "no accounts"
