"""A message on its way to one chat: where it stands, and which way it may go from there."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import assert_never


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


OPEN = frozenset({Status.PENDING, Status.SENDING, Status.UNKNOWN})
"""Statuses of messages that this system still owes to somebody."""

REACHED = frozenset({Status.SENT, Status.DELIVERED, Status.READ})
"""Statuses that say the provider has the message."""

_ENDED = frozenset({Status.DEAD, Status.REFUSED, Status.CANCELLED})

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.SENDING}) | REACHED | _ENDED,
    Status.SENDING: frozenset({Status.PENDING, Status.UNKNOWN, Status.REFUSED, Status.DEAD}) | REACHED,
    Status.UNKNOWN: frozenset({Status.PENDING, Status.DEAD, Status.CANCELLED}) | REACHED,
    Status.SENT: frozenset({Status.DELIVERED, Status.READ, Status.DEAD}),
    Status.DELIVERED: frozenset({Status.READ}),
    Status.READ: frozenset(),
    Status.DEAD: frozenset({Status.PENDING, Status.CANCELLED, Status.DELIVERED, Status.READ}),
    Status.REFUSED: frozenset({Status.PENDING, Status.CANCELLED, Status.DELIVERED, Status.READ}),
    Status.CANCELLED: frozenset({Status.DELIVERED, Status.READ}),
}
"""The legal ways. A message that has ended waits again only when a person asks for it; a receipt that it arrived
after all is believed."""


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
    """The status once `receipt` is known: the further of the two, so that receipts may come in any order, or twice.

    The order is open < sent < ended < delivered < read. A row that was put back to `pending` after an unanswered
    request counts as open: its message may have arrived.
    """
    new = Status.DEAD if receipt is Receipt.FAILED else Status(receipt.value)
    return new if _distance(new) > _distance(current) else current


def _distance(status: Status) -> int:
    match status:
        case Status.PENDING | Status.SENDING | Status.UNKNOWN:
            return 0
        case Status.SENT:
            return 1
        case Status.DEAD | Status.REFUSED | Status.CANCELLED:
            return 2
        case Status.DELIVERED:
            return 3
        case Status.READ:
            return 4
        case _:
            assert_never(status)


class Priority(IntEnum):
    """Who goes first when several wait: a request to write back, a person's answer, then reports, then bulk."""

    NUDGE = 5
    REPLY = 10
    REPORT = 50
    BULK = 90
