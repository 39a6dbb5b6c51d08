"""The outbox beside bare SQL: what durability, order per chat, leases and the record of every change cost.

Needs nothing but the development set-up: SQLite in a temporary folder, and PostgreSQL embedded or from
WA_TEST_POSTGRES_URL.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial

from sqlalchemy import insert, select, update

from benchmarks.figures import Figures, medians, options, shares, show
from benchmarks.messages import Nowhere, messages
from benchmarks.stores import store_of
from tests.postgres import postgres
from wa_integrasi.delivery import Delivery
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import wa_outbox

CHATS = 500
ONE_BY_ONE, BULK, DRAIN = "one by one", "in bulk", "drain"


def enqueue_bulk(store: Store, waiting: list[NewMessage]) -> None:
    Outbox(store).enqueue(waiting)


def enqueue_one_by_one(store: Store, waiting: list[NewMessage]) -> None:
    outbox = Outbox(store)
    for message in waiting:
        outbox.enqueue([message])


def drain(store: Store, waiting: list[NewMessage]) -> None:
    delivery = Delivery(Outbox(store), {"default": Nowhere()}, "bench", {"default": AccountRules()})
    tally = asyncio.run(delivery.drain(300))
    assert tally.total == len(waiting), tally


def bare_inserts(store: Store, waiting: list[NewMessage]) -> None:
    rows = [{"recipient": m.recipient.chat, "content": "halo", "dedupe_key": m.dedupe_key} for m in waiting]
    with store.writing() as connection:
        connection.execute(insert(wa_outbox), rows)


def bare_updates(store: Store, _: list[NewMessage]) -> None:
    """Fifty at a time, found and marked, with nothing of what the outbox promises."""
    while True:
        with store.writing() as connection:
            waiting = select(wa_outbox.c.id).where(wa_outbox.c.status == "pending").limit(50)
            ids = connection.execute(waiting).scalars().all()
            if not ids:
                return
            connection.execute(update(wa_outbox).where(wa_outbox.c.id.in_(ids)).values(status="sent"))


def rate(work: Callable[[Store, list[NewMessage]], None], store: Store, waiting: list[NewMessage]) -> float:
    start = time.perf_counter()
    work(store, waiting)
    return len(waiting) / (time.perf_counter() - start)


def outbox(kind: str, server: str, count: int) -> Figures:
    """One round of the outbox."""
    waiting = messages(count, CHATS)
    with store_of(kind, server) as store:
        figures = {BULK: rate(enqueue_bulk, store, waiting), DRAIN: rate(drain, store, waiting)}
    with store_of(kind, server) as store:
        return {ONE_BY_ONE: rate(enqueue_one_by_one, store, waiting[: count // 10]), **figures}


def bare(kind: str, server: str, count: int) -> Figures:
    """One round of bare SQL on the same tables."""
    waiting = messages(count, CHATS)
    with store_of(kind, server) as store:
        return {BULK: rate(bare_inserts, store, waiting), DRAIN: rate(bare_updates, store, waiting)}


def main() -> None:
    chosen = options(__doc__, rounds=3, messages=2_000)
    with postgres() as server:
        for kind in ("sqlite", "postgresql"):
            contenders = {
                "outbox": partial(outbox, kind, server, chosen.messages),
                "bare SQL": partial(bare, kind, server, chosen.messages),
            }
            figures = medians(contenders, chosen.rounds)
            show(f"{kind}: messages/s, median of {chosen.rounds} rounds of {chosen.messages:,}", figures)
            show(f"{kind}: share", {"outbox of bare SQL": shares(figures["outbox"], figures["bare SQL"])}, ".2f")


if __name__ == "__main__":
    main()
