"""The outbox beside PgQueuer and procrastinate: the same job that does nothing, on the same PostgreSQL, durable.

The peers keep no order per key; ours keeps it per chat. "Drain" counts from the moment when all worker processes are
ready to the moment when no job is left that is not done.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import psycopg

from benchmarks.children import Child
from benchmarks.contenders import CONTENDERS
from benchmarks.figures import Figures, medians, options, shares, show
from tests.postgres import database, postgres

ONE_BY_ONE, BULK, DRAIN, DRAIN_BY_TWO = "one by one", "1,000 a call", "drain by 1", "drain by 2"
TARGETS = {
    "PgQueuer": {BULK: 1.0, DRAIN: 2.0, DRAIN_BY_TWO: 2.0},
    "procrastinate": {BULK: 3.0, DRAIN: 30.0, DRAIN_BY_TWO: 30.0},
}
_LOOK_S = 0.01
_LONGEST_S = 300.0


def measure(server: str, name: str, count: int) -> Figures:
    """One round of one contender, in jobs a second."""
    contender, few = CONTENDERS[name], max(1, count // 40)
    figures = {}
    with database(server) as url:
        contender.install(url)
        figures[ONE_BY_ONE] = few / contender.enqueue(url, few, 1)
    for column, processes in ((DRAIN, 1), (DRAIN_BY_TWO, 2)):
        with database(server) as url:
            contender.install(url)
            figures[BULK] = count / contender.enqueue(url, count, 1_000)
            figures[column] = count / drain(url, name, processes)
    return figures


def drain(url: str, name: str, processes: int) -> float:
    """The seconds in which so many worker processes do all that waits."""
    with psycopg.connect(url, autocommit=True) as connection, ExitStack() as stack:
        workers = [stack.enter_context(Child("benchmarks.drain", name, url)) for _ in range(processes)]
        for worker in workers:
            worker.hear()
        start = time.perf_counter()
        for worker in workers:
            worker.tell("go")
        while connection.execute(CONTENDERS[name].waiting).fetchone() == (True,):
            if time.perf_counter() > start + _LONGEST_S or not any(worker.alive for worker in workers):
                raise RuntimeError(f"{name}: its workers left jobs undone")
            time.sleep(_LOOK_S)
        took = time.perf_counter() - start
        for worker in workers:
            worker.hear()
        return took


def main() -> None:
    chosen = options(__doc__, rounds=3, messages=20_000)
    with postgres() as server:
        contenders: dict[str, Callable[[], Figures]] = {}
        for name in CONTENDERS:
            # procrastinate would take longer with as many than all the others together.
            count = chosen.messages // 10 if name == "procrastinate" else chosen.messages
            contenders[name] = partial(measure, server, name, count)
        figures = medians(contenders, chosen.rounds)
    show(f"jobs/s, median of {chosen.rounds} rounds of {chosen.messages:,}", figures)
    for peer, targets in TARGETS.items():
        times = {name: shares(row, figures[peer]) for name, row in figures.items() if name not in TARGETS}
        show(f"times {peer}", {**times, "target": targets}, ",.2f")


if __name__ == "__main__":
    main()
