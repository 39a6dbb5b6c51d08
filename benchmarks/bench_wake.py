"""How long an idle worker process takes from a commit to the first byte on the wire, and what its idleness costs.

The first byte is seen by the server, whose clock is the same (`time.monotonic_ns`). One row counts from when
`enqueue` has returned, so its commit is over; the other from when it was called.
"""

import random
import statistics
import time
from collections.abc import Iterator

from sqlalchemy import select

from benchmarks.children import Child
from benchmarks.figures import options, show
from benchmarks.messages import messages
from benchmarks.stores import store_url
from tests.postgres import postgres
from wa_integrasi.delivery import Delivery
from wa_integrasi.outbox import Outbox
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import wa_outbox

_LONGEST_S = 10.0
_PAUSE_S = (0.05, 0.2)
"""Between two messages, drawn anew each time, so that they fall in step with no timer."""


def measure(kind: str, server: str, api: str, count: int, idle_s: int) -> dict[str, dict[str, float]]:
    """Wake one worker so many times, then leave it alone."""
    with store_url(kind, server) as url, Store.open(url) as store, Child("benchmarks.wait", url, api) as worker:
        worker.hear()
        time.sleep(1)
        taken = list(_wake(store, count))
        time.sleep(1)
        used, began = float(worker.ask("used")), time.perf_counter()
        time.sleep(idle_s)
        share = (float(worker.ask("used")) - used) / (time.perf_counter() - began)
    idle = {"idle CPU, %": 100 * share}
    return {
        f"{kind}, from the commit": _spread([wire - done for _, done, wire in taken]) | idle,
        f"{kind}, from the call": _spread([wire - called for called, _, wire in taken]),
    }


def _wake(store: Store, count: int) -> Iterator[tuple[int, int, int]]:
    """Enqueue messages, each once the last is sent: when it was called, when it was done, when it was on the wire."""
    outbox = Outbox(store)
    for message in messages(count + 1, count + 1):
        called = time.monotonic_ns()
        [row] = outbox.enqueue([message])
        moments = called, time.monotonic_ns(), _on_the_wire(store, row.id)
        if row.id > 1:  # the first makes the connection
            yield moments
        time.sleep(random.uniform(*_PAUSE_S))


def _on_the_wire(store: Store, row_id: int) -> int:
    """What the server noted in the id that it gave."""
    given = select(wa_outbox.c.provider_message_id).where(wa_outbox.c.id == row_id)
    ends = time.monotonic() + _LONGEST_S
    while time.monotonic() < ends:
        time.sleep(0.02)  # first: looking at once would disturb the worker
        with store.reading() as connection:
            if (found := connection.execute(given).scalar_one()) is not None:
                return int(found.removeprefix("wamid."))
    raise RuntimeError(f"not sent within {_LONGEST_S:.0f} s")


def _spread(nanoseconds: list[int]) -> dict[str, float]:
    ordered = sorted(each / 1e6 for each in nanoseconds)
    return {"median, ms": statistics.median(ordered), "p99, ms": ordered[len(ordered) * 99 // 100]}


def main() -> None:
    chosen = options(__doc__, messages=200, idle=10)
    if not hasattr(Delivery, "run"):
        print("nothing to measure yet: Delivery.run, which waits for messages, is not there")
        return
    rows: dict[str, dict[str, float]] = {}
    with postgres() as server, Child("benchmarks.cloud_api") as cloud_api:
        api = cloud_api.hear()
        for kind in ("postgresql", "sqlite"):
            rows |= measure(kind, server, api, chosen.messages, chosen.idle)
    show(f"{chosen.messages} messages, one at a time", rows, ".2f")


if __name__ == "__main__":
    main()
