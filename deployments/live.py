"""`wa live`: wakes on new rows, and does in its own process what needs blocks or flows."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any

from prefect.settings import get_current_settings

from blocks.gateways import GatewayError, KeptSenders
from blocks.trigger_sources import TriggerSources
from deployments.commands_work import CommandsWork
from deployments.errors import DeploymentError, RegistrationError
from deployments.gateway_work import AccountsWork, Hands
from deployments.intake_work import ConversationsWork, FilesWork, KeptAi
from deployments.notices_work import NoticesWork
from deployments.runs import Runs
from deployments.working import Runner
from wa_integrasi.answering.desk import Desk
from wa_integrasi.answering.fetching import Kitchen
from wa_integrasi.composing import files_of
from wa_integrasi.settings import Settings
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.migrating import check_revision

BUDGET_S = 60.0
ENDS_WITHIN_S = 9.0
"""From a signal to the end, whatever hangs; `wa up` kills a child after ten seconds."""

_SAID = (DeploymentError, GatewayError, StoreError)

log = logging.getLogger(__name__)


async def work(store: Store, settings: Settings, stop: asyncio.Event, budget_s: float = BUDGET_S) -> None:
    """Do every work until `stop` is set, then end what has begun."""
    async with AsyncExitStack() as stack:
        senders = await stack.enter_async_context(KeptSenders())
        ai = KeptAi()
        stack.push_async_callback(ai.close)
        runs = Runs(_SAID)
        files = files_of(settings)
        hands = Hands(store, senders, runs, stop, budget_s, files)
        kitchen = Kitchen(await stack.enter_async_context(TriggerSources()))
        commands = CommandsWork(Desk(store, settings.timezone, settings.group_ids, files=files), kitchen, runs, senders)
        stack.push_async_callback(commands.close)
        runner = await stack.enter_async_context(Runner(store, said=_SAID))
        # Each work is a line here; what it needs of the accounts' channels it borrows from `senders`.
        runner.add(AccountsWork(runner, hands))
        runner.add(FilesWork(store, settings))
        runner.add(ConversationsWork(store, settings, ai, runs))
        runner.add(NoticesWork(store, settings))
        runner.add(commands)
        log.info("wa live is at work")
        await stop.wait()
        log.info("wa live ends what it has begun")


def live(settings: Settings, budget_s: float = BUDGET_S) -> None:
    """Work until a signal ends it.

    Raises `RegistrationError` and `StoreError` before anything begins. Prefect may be away: it is waited for.
    """
    if get_current_settings().api.url is None:
        raise RegistrationError("PREFECT_API_URL is not set; it looks like http://127.0.0.1:4200/api")
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        _log_to_the_terminal()
        _until_a_signal(lambda stop: work(store, settings, stop, budget_s))


def _until_a_signal(begin: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run `begin` in a thread of its own: in the main one each flow run would take SIGTERM over, and die of it."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    failed: list[BaseException] = []

    def go() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(begin(stop))
        except Exception as error:
            failed.append(error)

    def leave() -> None:
        if working.is_alive():
            log.warning("not all came to an end in time; what was in hand comes back when its leases end")
        os._exit(1 if working.is_alive() else 0)

    working = threading.Thread(target=go, name="live", daemon=True)
    deadline = threading.Timer(ENDS_WITHIN_S, leave)
    deadline.daemon = True

    def tell(*_: object) -> None:
        if not stop.is_set() and not deadline.is_alive():
            deadline.start()
            with suppress(RuntimeError):  # it has ended already
                loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, tell)
    working.start()
    working.join()
    for error in failed:
        raise error


def _log_to_the_terminal() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
