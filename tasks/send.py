"""Send what is due, and follow some messages until they have left."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run

from tasks.enqueue import Queued
from tasks.standby import sender_of, standby
from tasks.standing import show_standing
from wa_integrasi.composing import files_of
from wa_integrasi.delivery import Delivery
from wa_integrasi.history import History
from wa_integrasi.outbox import Outbox
from wa_integrasi.settings import Settings, load_settings
from wa_integrasi.store.engine import Store


@task(name="send", task_run_name="send {report}", cache_policy=NO_CACHE, persist_result=False)
async def send(report: str, queued: Queued, account: str = "default", budget_s: float = 90) -> None:
    """Send until the given messages have left, or the time is over; what waits then is left to the gateway poll.

    Args:
        report: What the messages belong to, for the name of the run.
        queued: What `enqueue` gave.
        account: Name of the gateway block to send by.
        budget_s: Seconds to go on for.

    Example:
        >>> job = wa.job("produksi-unit", "2026-11-19")
        >>> asyncio.run(send.fn(job.name, enqueue_slot.fn(job, format_messages.fn(job, query.fn(job)))))
        >>> wa.received("saya")[0].splitlines()[-1]
        '*Jumlah: 2.350 ton*'
    """
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        async with _delivery(store, settings, account) as delivery:
            await delivery.follow(queued.ids, budget_s)
        entries = History(store).messages(ids=queued.ids, limit=len(queued.ids))
    await show_standing(entries, queued.refused, queued.page)


@task(name="drain", task_run_name="drain {account}", cache_policy=NO_CACHE, persist_result=False)
async def drain(account: str = "default", budget_s: float = 60, stay_s: float = 0) -> None:
    """Send everything of an account that is due.

    Args:
        account: Name of the gateway block to send by.
        budget_s: Seconds to go on for.
        stay_s: Seconds to wait for more after the last message.

    Example:
        >>> job = wa.job("produksi-unit", "2026-11-19")
        >>> queued = enqueue_slot.fn(job, format_messages.fn(job, query.fn(job)))
        >>> asyncio.run(drain.fn())
        >>> len(wa.received("saya"))
        1
    """
    given = standby()
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        async with _delivery(store, settings, account) as delivery:
            tally = await delivery.drain(budget_s, stay_s, given.stop if given else None)
    if given is not None:
        given.drained = True
    get_run_logger().info("%s", tally)


@asynccontextmanager
async def _delivery(store: Store, settings: Settings, account: str) -> AsyncIterator[Delivery]:
    owner = f"{socket.gethostname()}:{os.getpid()}:{task_run.id}"
    async with sender_of(account) as sender:
        yield Delivery(Outbox(store), {account: sender}, owner, files=files_of(settings))
