"""What a simulated PI Web API serves, whom it lets in, and how it misbehaves when it is told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from wa_integrasi.simulator.pi.plant import PLANT, Tag


@dataclass(slots=True)
class PiFaults:
    """Trouble to make."""

    refuse_next: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    """Statuses with headers that the next requests get instead of their answers."""
    exception_next: deque[int] = field(default_factory=deque)
    """Statuses of the `WebException` in the next answers, which call themselves 200."""
    broken_tags: dict[str, int] = field(default_factory=dict)
    """Statuses of the `WebException` that stands in place of these tags' streams in a set, by name of the tag."""
    strict_sets: bool = False
    """Whether one bad tag makes a whole stream set a 400, as older servers have it."""
    next_links: bool = True
    """Whether an answer that was cut says so by `Links.Next`."""
    untransferred: set[str] = field(default_factory=set)
    """Names of tags each of whose values carries `Errors`."""


@dataclass(frozen=True, slots=True)
class PiSimulation:
    """One simulated PI Web API."""

    username: str = "simulator"
    password: str = field(default="", repr=False)
    """Of Basic; empty: nobody comes in with a password."""
    tokens: frozenset[str] = field(default=frozenset(), repr=False)
    """Bearer tokens that come in."""
    client: tuple[str, str] | None = field(default=None, repr=False)
    """Id and secret of a client that gets a token at `/token`."""
    server: str = "PABRIK"
    seed: int = 7
    tags: tuple[Tag, ...] = PLANT
    max_items: int = 150_000
    """Most values that one request may ask for of one tag, and most of an answer in all."""
    most_recorded: int | None = None
    """Where a recorded answer is cut, however many were asked for."""
    zone: tzinfo = timezone(timedelta(hours=0))
    """Of the server's clock: what its `t` and times without a zone mean."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    faults: PiFaults = field(default_factory=PiFaults)
