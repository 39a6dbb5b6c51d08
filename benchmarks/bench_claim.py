"""What one claim of 50 costs when much waits, when much is finished, and under another transaction that stays open.

Each store keeps its size: what a claim takes is settled and enqueued anew, outside the clock. The stores take turns,
claim by claim. PostgreSQL only.
"""

import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import psycopg
from sqlalchemy import insert, literal, make_url, select, text

from benchmarks.figures import options, show, verdict
from benchmarks.messages import messages
from benchmarks.stores import store_of
from tests.postgres import postgres
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import wa_outbox

BATCH = 50
FEW = 1_000
CHATS = 20_000
RULES = {"default": AccountRules()}
_LONGEST_S = 60.0
_BORN_WITH = ("id", "dedupe_key", "status", "stage", "sent_at")


@dataclass
class Subject:
    """A store whose claims are timed."""

    store: Store
    outbox: Outbox = field(init=False)
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.store)

    def claim(self, limit: int = BATCH) -> list[NewMessage]:
        """Claim once by the clock, and settle what came."""
        start = time.perf_counter()
        claimed = self.outbox.claim("bench", RULES, limit=limit)
        self.seconds.append(time.perf_counter() - start)
        self.outbox.settle([(message, Accepted(message.attempt_id)) for message in claimed], RULES)
        return [NewMessage(message.recipient, message.content) for message in claimed]

    def claim_and_refill(self) -> None:
        """Claim once by the clock; as many wait afterwards as before."""
        taken = self.claim()
        assert len(taken) == BATCH, f"{len(taken)} of {BATCH} were claimed"
        self.outbox.enqueue(taken)

    def drain(self) -> None:
        """Do all that waits, by no clock."""
        while self.claim(500):
            pass
        self.seconds.clear()

    @property
    def milliseconds(self) -> dict[str, float]:
        """Of one claim."""
        ordered = sorted(1000 * each for each in self.seconds)
        return {"median, ms": statistics.median(ordered), "p90, ms": ordered[len(ordered) * 9 // 10]}


def fill(store: Store, waiting: int, finished: int) -> None:
    """Let messages wait in up to `CHATS` chats, behind as many as are finished."""
    outbox, chats = Outbox(store), min(CHATS, waiting)
    outbox.enqueue(messages(chats, chats))
    if finished:
        _copy(store, chats, finished, "sent")
    _copy(store, chats, waiting - chats, "pending")
    with psycopg.connect(_address(store), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _copy(store: Store, chats: int, rows: int, status: str) -> None:
    """Repeat the first `chats` messages until there are `rows` more, whatever columns they have.

    A chat that has messages waiting gets more behind them, so that nothing else that is kept of the chat changes.
    """
    names = [column.name for column in wa_outbox.columns if column.name not in _BORN_WITH]
    first = wa_outbox.alias()
    times = text(f"generate_series(1, {-(-rows // chats)})")
    copies = select(*(first.c[name] for name in names), literal(status)).select_from(first, times)
    copies = copies.where(first.c.id <= chats).limit(rows)
    with store.writing() as connection:
        connection.execute(insert(wa_outbox).from_select([*names, "status"], copies))


def _address(store: Store) -> str:
    return make_url(store.engine.url).set(drivername="postgresql").render_as_string(hide_password=False)


def main() -> None:
    chosen = options(__doc__, claims=100, rows=1_000_000, drained=50_000)
    small, big, held = f"{FEW:,} wait", f"{chosen.rows:,} wait, as many finished", f"{FEW:,} wait, transaction held"
    with postgres() as server, ExitStack() as stack:
        subjects = {name: Subject(stack.enter_context(store_of("postgresql", server))) for name in (small, big, held)}
        fill(subjects[small].store, FEW, 0)
        fill(subjects[big].store, chosen.rows, chosen.rows)
        fill(subjects[held].store, chosen.drained, 0)

        foreign = stack.enter_context(psycopg.connect(_address(subjects[held].store)))
        foreign.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        foreign.execute("SELECT count(*) FROM wa_outbox")  # from here on nothing that it sees can be vacuumed
        subjects[held].drain()
        Outbox(subjects[held].store).enqueue(messages(FEW, FEW))

        ends = time.monotonic() + _LONGEST_S
        for _ in range(chosen.claims):
            if time.monotonic() > ends:
                break
            for subject in subjects.values():
                subject.claim_and_refill()
    figures = {name: subject.milliseconds for name, subject in subjects.items()}
    show(f"a claim of {BATCH}, {len(subjects[small].seconds)} of each", figures, ",.2f")
    cost = {name: figure["median, ms"] for name, figure in figures.items()}
    verdict(f"{big}: times the small one", cost[big] / cost[small], 1.3, at_most=True)
    verdict(
        f"transaction held while {chosen.drained:,} were sent: times the small",
        cost[held] / cost[small],
        2,
        at_most=True,
    )


if __name__ == "__main__":
    main()
