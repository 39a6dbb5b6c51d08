"""The memory of `wa serve` after 20,000 webhooks and after 100,000, as its process has it (Linux)."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.bench_webhook import PATH, ours
from benchmarks.children import Child
from benchmarks.figures import options, show, verdict
from benchmarks.stores import store_url
from tests.ports import free_port
from tests.postgres import postgres
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import inbound_events, inbound_messages

GROWN = 1.1
_REST_S = 600


def resident_mb(pid: int) -> float:
    """What a process has in memory now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def measure(kind: str, server: str, load: Child, steps: tuple[int, ...]) -> dict[str, dict[str, float]]:
    rows: dict[str, dict[str, float]] = {}
    port, first = free_port(), 0
    with store_url(kind, server) as url, Store.open(url) as store, ours(url, port) as pid:
        for step in steps:
            began = time.perf_counter()
            asked = {"port": port, "path": PATH, "connections": 50, "first": first, "count": step - first}
            assert json.loads(load.ask(json.dumps(asked)))["bad"] == 0
            _until(lambda: waiting(store) == 0)
            rows[f"after {step:,}"] = {
                "RSS MB": resident_mb(pid),
                "a second": (step - first) / (time.perf_counter() - began),
            }
            first = step
    return rows


def waiting(store: Store) -> int:
    """Events and messages that are not done with."""
    with store.reading() as connection:
        counts = (
            connection.execute(select(func.count(table.c.due_at))) for table in (inbound_events, inbound_messages)
        )
        return sum(count.scalar_one() for count in counts)


def _until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + _REST_S
    while not holds():
        if time.monotonic() > ends:
            raise RuntimeError("it does not come to rest")
        time.sleep(0.2)


def main() -> None:
    chosen = options(__doc__, webhooks=100_000)
    steps = (chosen.webhooks // 5, chosen.webhooks)
    with postgres() as server, Child("benchmarks.load") as load:
        for kind in ("postgresql", "sqlite"):
            rows = measure(kind, server, load, steps)
            show(f"{kind}, wa serve", rows, ",.1f")
            early, late = (row["RSS MB"] for row in rows.values())
            verdict("memory, times that after the first fifth", late / early, GROWN, at_most=True)


if __name__ == "__main__":
    main()
