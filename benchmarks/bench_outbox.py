"""The outbox beside bare SQL: what durability, order per chat, leases and the record of every change cost.

Prints medians of several rounds, the contenders in turn within each round. Needs nothing but the development set-up:
SQLite in a temporary folder, and PostgreSQL embedded or from WA_TEST_POSTGRES_URL.
"""

import asyncio
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, Self

import psycopg
from sqlalchemy import insert, make_url, select, update

from tests.postgres import postgres
from wa_integrasi.content import TYPES, Text
from wa_integrasi.delivery import Delivery
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Capabilities, Outbound, Outcome
from wa_integrasi.recipient import Kind, Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate
from wa_integrasi.store.tables import wa_outbox

MESSAGES = 2_000
CHATS = [Recipient(Kind.PHONE, f"+62812{number:08}") for number in range(500)]
ROUNDS = 3


class Nowhere:
    """Accepts everything at once."""

    name: ClassVar[str] = "nowhere"
    capabilities: ClassVar[Capabilities] = Capabilities(recipients=frozenset(Kind), contents=TYPES)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    async def send(self, outbound: Outbound) -> Outcome:
        return Accepted(outbound.attempt_id)


def messages() -> list[NewMessage]:
    return [NewMessage(CHATS[n % len(CHATS)], Text(body="halo"), dedupe_key=uuid.uuid4().hex) for n in range(MESSAGES)]


def enqueue_bulk(store: Store) -> None:
    Outbox(store).enqueue(messages())


def enqueue_one_by_one(store: Store) -> None:
    outbox = Outbox(store)
    for message in messages()[: MESSAGES // 10]:
        outbox.enqueue([message])


def bare_inserts(store: Store) -> None:
    rows = [{"recipient": m.recipient.chat, "content": "halo", "dedupe_key": m.dedupe_key} for m in messages()]
    with store.writing() as connection:
        connection.execute(insert(wa_outbox), rows)


def drain(store: Store) -> None:
    delivery = Delivery(Outbox(store), {"default": Nowhere()}, "bench", {"default": AccountRules()})
    tally = asyncio.run(delivery.drain(300))
    assert tally.total == MESSAGES, tally


def bare_updates(store: Store) -> None:
    """Fifty at a time, found and marked, with nothing of what the outbox promises."""
    while True:
        with store.writing() as connection:
            waiting = select(wa_outbox.c.id).where(wa_outbox.c.status == "pending").limit(50)
            ids = connection.execute(waiting).scalars().all()
            if not ids:
                return
            connection.execute(update(wa_outbox).where(wa_outbox.c.id.in_(ids)).values(status="sent"))


@contextmanager
def store_of(kind: str, server: str) -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+pysqlite:///{folder}/wa.db"
        if kind == "postgresql":
            name = f"bench_{uuid.uuid4().hex[:8]}"
            with psycopg.connect(server, autocommit=True) as admin:
                admin.execute(f"CREATE DATABASE {name}")
            url = make_url(server).set(drivername="postgresql+psycopg", database=name).render_as_string(False)
        with Store.open(url) as store:
            migrate(store)
            yield store
        if kind == "postgresql":
            with psycopg.connect(server, autocommit=True) as admin:
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def rate(work: Callable[[Store], None], store: Store, count: int) -> float:
    start = time.perf_counter()
    work(store)
    return count / (time.perf_counter() - start)


def measure(kind: str, server: str) -> dict[str, float]:
    """One round of every contender on one database."""
    with store_of(kind, server) as store:
        rates = {"enqueue, in bulk": rate(enqueue_bulk, store, MESSAGES), "drain": rate(drain, store, MESSAGES)}
    with store_of(kind, server) as store:
        rates["enqueue, one by one"] = rate(enqueue_one_by_one, store, MESSAGES // 10)
    with store_of(kind, server) as store:
        rates["bare INSERT, in bulk"] = rate(bare_inserts, store, MESSAGES)
        rates["bare SELECT and UPDATE, 50 at a time"] = rate(bare_updates, store, MESSAGES)
    return rates


def main() -> None:
    with postgres() as server:
        for kind in ("sqlite", "postgresql"):
            rounds = [measure(kind, server) for _ in range(ROUNDS)]
            print(f"{kind}: messages a second, median of {ROUNDS} rounds of {MESSAGES}")
            medians = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
            for name, value in medians.items():
                print(f"  {name:<38} {value:>9,.0f}")
            shares = {
                "drain, share of the bare one": ("drain", "bare SELECT and UPDATE, 50 at a time"),
                "enqueue in bulk, share of the bare one": ("enqueue, in bulk", "bare INSERT, in bulk"),
            }
            for name, (ours, bare) in shares.items():
                print(f"  {name:<38} {medians[ours] / medians[bare]:>9.2f}")


if __name__ == "__main__":
    main()
