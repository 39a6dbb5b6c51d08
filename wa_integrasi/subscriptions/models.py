"""What a subscription is, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from wa_integrasi.commands.grammar.conditions import Operator


class Kind(StrEnum):
    """What is subscribed to."""

    REPORT = "report"
    LIMIT = "limit"


class State(StrEnum):
    """How a watched value stands."""

    OK = "ok"
    FIRING = "firing"
    UNKNOWN = "unknown"
    """It could not be read several times in a row."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A value of a trigger's answer, and the limit that it is watched for."""

    asked: str = field(repr=False)
    """The command as it was typed, without the limit: read anew each time, so that `kemarin` stays yesterday."""
    operator: Operator
    limit: float
    lasting: timedelta
    repeat: timedelta
    column: str
    """Of the answer; empty for its first number."""
    row: str
    """A text by which the row of the answer is known; empty where there is only one."""

    def holds(self, value: float) -> bool:
        """Whether a value passes the limit."""
        return self.operator.holds(value, self.limit)


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription to be made."""

    account: str
    chat: str
    """Where it is told, as `Recipient.chat`: somebody's own chat."""
    contact: str
    """Whose it is, by their name in the catalog; rights are theirs."""
    person: str
    """Their phone when it was last looked at."""
    language: str
    kind: Kind
    name: str
    """Of the report, or of the trigger that gives the value."""
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """As they were read when it was made, as `grammar.dump` writes them."""
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a watched value stands, and what its watcher was told."""

    state: State = State.OK
    since: datetime | None = None
    turning_since: datetime | None = None
    """Since when the value has been on the other side of the limit than its state says."""
    misses: int = 0
    """How often in a row it could not be read."""
    seen_at: datetime | None = None
    """When it was last read, or tried."""
    value: float | None = None
    value_at: datetime | None = None
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    """The limit was last passed from the one moment to the other; None while it is."""
    acknowledged_at: datetime | None = None
    silenced_until: datetime | None = None
    told: State = State.OK
    told_at: datetime | None = None
    told_of: datetime | None = None
    """`fired_at` of what was told and has not been told to be over."""
    alarmed_at: datetime | None = None
    """When it was last told that the limit is passed."""
    crossings: int = 0
    """How often the limit was passed since then, the last time included."""

    @property
    def open(self) -> bool:
        """Whether the limit is passed, as far as anybody knows."""
        return self.fired_at is not None and self.resolved_at is None

    def silent(self, now: datetime) -> bool:
        """Whether nothing is told."""
        return self.silenced_until is not None and now < self.silenced_until


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription that was made."""

    id: int
    number: int
    """By which its owner names it."""
    what: NewSubscription
    standing: Standing
    created_at: datetime
    asleep: str | None = None
    """Why nothing is told, where it is not in force: as `rights.Sleep`."""
    tellings: int = 0
