"""What became of every message, counted at the provider and held against the record of the store."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from tests.chaos.provider import Arrival
from wa_integrasi.message import REACHED
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import message_events, wa_outbox

Key = tuple[str, str]
"""A message as the provider knows it: chat and text."""


@dataclass(frozen=True, slots=True)
class End:
    """How one worker ended."""

    owner: str
    killed: bool
    point: str
    """Where it was killed, or what it said when it ended by itself."""
    in_flight: int
    """How many messages it had claimed and not settled."""


@dataclass(frozen=True)
class Record:
    """What the store says at the end."""

    ids: Mapping[Key, int]
    statuses: Mapping[Key, str]
    steps: Mapping[int, Sequence[tuple[str, str | None]]]
    """For each row its status changes with their attempts, in the order in which they became known."""

    @classmethod
    def read(cls, store: Store) -> Record:
        rows = select(wa_outbox.c.id, wa_outbox.c.chat, wa_outbox.c.dedupe_key, wa_outbox.c.status)
        events = select(message_events.c.outbox_id, message_events.c.status, message_events.c.attempt_id)
        steps = defaultdict(list)
        with store.reading() as connection:
            found = connection.execute(rows).all()
            for owner, status, attempt in connection.execute(events.order_by(message_events.c.id)):
                steps[owner].append((status, attempt))
        keys = {(row.chat, row.dedupe_key.partition(" ")[2]): row for row in found}
        return cls({key: row.id for key, row in keys.items()}, {key: row.status for key, row in keys.items()}, steps)


@dataclass(frozen=True)
class Report:
    """The figures of one run."""

    name: str
    database: str
    messages: int
    lost: int
    stuck: int
    duplicates: int
    unrecorded: int
    """Duplicates without an `unknown` of the attempt before them."""
    out_of_order: int
    """Arrivals behind one of the same chat that came after them in the outbox."""
    unknown: int
    most_in_flight: int
    most_for_one: int
    """The most duplicates that one killed worker left."""
    unexplained: int
    """Duplicates beyond what their worker had in flight when it was killed."""
    points: Counter[str] = field(default_factory=Counter)
    ended: Sequence[str] = ()
    """Workers that ended by themselves, and what they said."""
    said: Sequence[str] = ()
    """What the workers logged."""
    latest_receipt_s: float = 0
    """From the moment a receipt was due to its commit, in seconds of the wall's clock."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Transactions, other than the workers', that the store did not take: enqueued messages and receipts."""
    seconds: float = 0

    @property
    def kills(self) -> int:
        """How many workers were killed."""
        return self.points.total()

    def broken(self, *, duplicates: bool, at_once: int | None = None) -> list[str]:
        """The goals that were missed; `duplicates` where some may be, at most `at_once` for each kill."""
        goals = {
            f"{self.lost} lost": self.lost == 0,
            f"{self.stuck} stuck": self.stuck == 0,
            f"{self.out_of_order} out of order": self.out_of_order == 0,
            f"{self.duplicates} duplicates": duplicates or self.duplicates == 0,
            f"{self.unrecorded} duplicates without an unknown": self.unrecorded == 0,
            f"{self.unexplained} duplicates of what was not in flight at a kill": self.unexplained == 0,
            f"{self.most_for_one} duplicates of one kill": at_once is None or self.most_for_one <= at_once,
            f"{len(self.ended)} workers ended by themselves, first {self.ended[:1]}": not self.ended,
        }
        return [text for text, holds in goals.items() if not holds]


def measure(
    name: str, store: Store, enqueued: Collection[Key], arrivals: Sequence[Arrival], ends: Sequence[End]
) -> Report:
    """Compare what was enqueued, what arrived, and what the store says of it."""
    record = Record.read(store)
    arrived: dict[Key, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        arrived[arrival.chat, arrival.text].append(arrival)
    repeated = [(key, earlier) for key, all_of_it in arrived.items() for earlier in all_of_it[:-1]]
    left_by = Counter(earlier.owner for _, earlier in repeated)
    killed = {end.owner: end.in_flight for end in ends if end.killed}
    return Report(
        name=name,
        database=store.dialect,
        messages=len(enqueued),
        lost=sum(key not in arrived for key in enqueued),
        stuck=sum(record.statuses.get(key) not in REACHED for key in enqueued),
        duplicates=len(repeated),
        unrecorded=sum(not _was_unknown(record.steps[record.ids[key]], earlier) for key, earlier in repeated),
        out_of_order=_out_of_order(arrivals),
        unknown=sum(status == "unknown" for steps in record.steps.values() for status, _ in steps),
        most_in_flight=max(killed.values(), default=0),
        most_for_one=max(left_by.values(), default=0),
        unexplained=sum(max(0, count - killed.get(owner, 0)) for owner, count in left_by.items()),
        points=Counter(end.point for end in ends if end.killed),
        ended=[f"{end.owner}: {end.point}" for end in ends if not end.killed],
    )


def _was_unknown(steps: Sequence[tuple[str, str | None]], arrival: Arrival) -> bool:
    """Whether the attempt was noted as of unknown fate before the next one was made."""
    attempts = [attempt for _, attempt in steps]
    begun = attempts.index(arrival.attempt)
    for status, attempt in steps[begun + 1 :]:
        if status == "sending" and attempt != arrival.attempt:
            return False
        if status == "unknown":
            return True
    return False


def _out_of_order(arrivals: Iterable[Arrival]) -> int:
    furthest: dict[str, int] = {}
    behind = 0
    for arrival in arrivals:
        number = int(arrival.text)
        behind += number < furthest.get(arrival.chat, 0)
        furthest[arrival.chat] = max(number, furthest.get(arrival.chat, 0))
    return behind


def end_of(owner: str, *, killed: bool, journal: Path, log: Path) -> End:
    """Read how a worker ended from what it left."""
    claimed: set[str] = set()
    point = "from outside"
    lines = journal.read_text().splitlines() if journal.exists() else []
    for word, *said in map(json.loads, lines):
        if word == "claimed":
            claimed |= set(said)
        elif word == "settled":
            claimed -= set(said)
        else:
            [point] = said
    if not killed:
        said = log.read_text().splitlines() if log.exists() else []
        point = said[-1] if said else "nothing was said"
    return End(owner, killed, point, len(claimed))
