"""A message on its way to one chat: what it says, where it stands, and which way it may go from there."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

TEXT_LIMIT = 4096
"""Characters one WhatsApp text message may have (Cloud API reference, `text.body`)."""


class Status(StrEnum):
    """Where a message of `wa_outbox` stands. See `TRANSITIONS` for the ways between."""

    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    DEAD = "dead"
    REFUSED = "refused"
    CANCELLED = "cancelled"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.SENDING, Status.REFUSED, Status.DEAD, Status.CANCELLED}),
    Status.SENDING: frozenset(
        {
            Status.SENT,
            Status.DELIVERED,
            Status.READ,
            Status.PENDING,
            Status.UNKNOWN,
            Status.REFUSED,
            Status.DEAD,
        }
    ),
    Status.UNKNOWN: frozenset(
        {Status.SENT, Status.DELIVERED, Status.READ, Status.PENDING, Status.DEAD, Status.CANCELLED}
    ),
    Status.SENT: frozenset({Status.DELIVERED, Status.READ, Status.DEAD}),
    Status.DELIVERED: frozenset({Status.READ}),
    Status.READ: frozenset(),
    Status.DEAD: frozenset({Status.PENDING}),
    Status.REFUSED: frozenset({Status.PENDING}),
    Status.CANCELLED: frozenset(),
}
"""The legal ways. `dead` and `refused` leave only when a person asks for it."""

OPEN = frozenset({Status.PENDING, Status.SENDING, Status.UNKNOWN})
"""Statuses of messages that this system still owes to somebody."""

REACHED = frozenset({Status.SENT, Status.DELIVERED, Status.READ})
"""Statuses that say the provider has the message."""


class Receipt(StrEnum):
    """What a channel reports of a message it has accepted."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


def may_become(current: Status, new: Status) -> bool:
    """Whether a message may go from `current` to `new` in one step."""
    return new in TRANSITIONS[current]


def after_receipt(current: Status, receipt: Receipt) -> Status:
    """The status once `receipt` is known, never further back than `current`.

    Receipts come in any order and more than once. `pending` counts as reached too: a row that was put back after an
    unanswered request may have arrived after all. A failure says nothing about a message that has been delivered.
    """
    if receipt is Receipt.FAILED:
        return Status.DEAD if current in OPEN or current is Status.SENT else current
    new = Status(receipt.value)
    if current in OPEN:
        return new
    return new if new in TRANSITIONS[current] else current


class Priority(IntEnum):
    """Who goes first when several wait: a person's answer, then reports, then bulk."""

    REPLY = 10
    REPORT = 50
    BULK = 90


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Content):
    """Plain text with WhatsApp's markup, at most `TEXT_LIMIT` characters."""

    type: Literal["text"] = "text"
    body: str = Field(min_length=1, max_length=TEXT_LIMIT)
    preview_url: bool = False


Content = Annotated[Text, Field(discriminator="type")]
CONTENT: TypeAdapter[Text] = TypeAdapter(Content)
"""Reads and checks the content of any type; the union grows with the kinds of message that are sent."""
