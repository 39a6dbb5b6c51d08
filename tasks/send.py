"""Send what is due, and follow some messages until they have left."""

import os
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prefect import get_run_logger, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run

from blocks.gateways import load_gateway
from wa_integrasi.delivery import Delivery
from wa_integrasi.history import Entry, History
from wa_integrasi.message import REACHED
from wa_integrasi.outbox import Outbox
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store


class NotSentError(Exception):
    """Messages have not been sent, and perhaps will be later. Says how many and why; the outbox keeps them."""


@task(name="send", task_run_name="send {report}", cache_policy=NO_CACHE, persist_result=False)
async def send(report: str, ids: list[int], account: str = "default", budget_s: float = 90) -> None:
    """Send until the given messages have left, or the time is over; what waits then is left to the gateway poll.

    Args:
        report: What the messages belong to, for the name of the run.
        ids: Messages of the outbox to follow.
        account: Name of the gateway block to send by.
        budget_s: Seconds to go on for.
    """
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        async with _delivery(store, account) as delivery:
            await delivery.follow(ids, budget_s)
        entries = History(store).messages(ids=ids, limit=len(ids))
    await _report(entries)


@task(name="drain", cache_policy=NO_CACHE, persist_result=False)
async def drain(account: str = "default", budget_s: float = 60) -> None:
    """Send everything of an account that is due.

    Args:
        account: Name of the gateway block to send by.
        budget_s: Seconds to go on for.
    """
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        async with _delivery(store, account) as delivery:
            tally = await delivery.drain(budget_s)
    get_run_logger().info("%s", tally)


@asynccontextmanager
async def _delivery(store: Store, account: str) -> AsyncIterator[Delivery]:
    block = await load_gateway(account)
    owner = f"{socket.gethostname()}:{os.getpid()}:{task_run.id}"
    async with block.sender() as sender:
        yield Delivery(Outbox(store), {account: sender}, owner)


async def _report(entries: list[Entry]) -> None:
    """Show where the messages stand, and fail when some ended without being sent."""
    counts = Counter(entry.status for entry in entries)
    get_run_logger().info(", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no messages")
    if entries:
        await acreate_table_artifact(
            [
                {"to": e.masked, "part": f"{e.part}/{e.parts}", "status": e.status, "reason": e.error_text or ""}
                for e in reversed(entries)
            ],
            description="Where the messages stood when the task ended; the console knows how they went on.",
        )
    if not_sent := [entry for entry in entries if entry.status not in REACHED]:
        reasons = sorted({f"{entry.status}, {entry.error_code}: {entry.error_text}" for entry in not_sent})
        raise NotSentError(f"{len(not_sent)} of {len(entries)} messages were not sent: {'; '.join(reasons)}")
