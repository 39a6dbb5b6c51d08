"""A worker process of `bench_wake`: sends what comes through the Cloud API's own sender, for as long as it is wanted.

Says `ready`, then answers each line with the CPU seconds that it has used. It ends when its input is closed.
"""

import asyncio
import sys
import time

import uvloop

from wa_integrasi.delivery import Delivery
from wa_integrasi.outbox import Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.meta import MetaCloudSender, MetaConfig
from wa_integrasi.store.engine import Store


async def wait(store: Store, api: str) -> None:
    stop = asyncio.Event()
    async with MetaCloudSender(MetaConfig("1", "none", api_url=api)) as sender:
        delivery = Delivery(Outbox(store), {"default": sender}, "bench", {"default": AccountRules()})
        running = asyncio.create_task(delivery.run(stop))
        print("ready", flush=True)
        await asyncio.to_thread(_answer)
        stop.set()
        await running


def _answer() -> None:
    for _ in sys.stdin:
        print(time.process_time(), flush=True)


if __name__ == "__main__":
    with Store.open(sys.argv[1]) as opened, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(wait(opened, sys.argv[2]))
