"""The rows of the outbox as its callers see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wa_integrasi.content import Content
from wa_integrasi.message import Priority, Status
from wa_integrasi.providers.base import Outcome
from wa_integrasi.recipient import Recipient


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to enqueue. `dedupe_key` makes it the only one of its kind, for good."""

    recipient: Recipient
    content: Content
    dedupe_key: str | None = None
    account: str = "default"
    priority: Priority = Priority.REPORT
    report: str | None = None
    slot: str | None = None
    part: int = 1
    parts: int = 1
    flow_run_id: str | None = None
    reply_to: str | None = None
    """The provider's id of the message that this one quotes."""
    not_before: datetime | None = None
    expires_at: datetime | None = None
    """From when on it is of no use: what has not left by then becomes a dead letter."""
    send_hours: str | None = None
    """The hours of its reader, as `SendHours` writes them; it waits for them."""


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The row of a message, and whether this call made it (`False`: its dedupe key was there already)."""

    id: int
    created: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that this worker alone may send until `lease_until`."""

    id: int
    account: str
    recipient: Recipient
    content: Content
    attempt_id: str
    attempts: int
    lease_until: datetime | None
    not_before: datetime
    """When its turn comes, by the account's pace; at most a second after it was claimed."""
    reply_to: str | None = None
    created_at: datetime | None = None

    @property
    def lease(self) -> str:
        """The claim that took it: what its attempt id begins with."""
        return self.attempt_id.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of one attempt, and what was decided on it."""

    claimed: Claimed
    outcome: Outcome
    status: Status
