"""What every channel promises: send one message, verify a webhook, read what it says.

Outcomes are values, not exceptions: a provider answers `Accepted`, `Failed` or `Unanswered`, and what it puts into
them is fit for logs (a code and a short text; never a URL, header, token or body).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol, Self

from wa_integrasi.message import Receipt, Text
from wa_integrasi.recipient import Kind, Recipient


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message, ready to go."""

    recipient: Recipient
    content: Text
    attempt_id: str
    """Ours, new for each attempt; a channel that can echo it lets a lost answer be found again."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has the message; nothing is said yet about the phone."""

    message_id: str


class Action(StrEnum):
    """What a failure asks for; the numbers (waits, tries) belong to the retry policy."""

    RETRY = "retry"
    RETRY_RECIPIENT = "retry_recipient"
    HOLD_ACCOUNT = "hold_account"
    DEFER = "defer"
    NEEDS_TEMPLATE = "needs_template"
    HOLD_TEMPLATE = "hold_template"
    OPTED_OUT = "opted_out"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Failed:
    """The provider did not take the message, for certain."""

    action: Action
    code: str
    text: str
    retry_after: float | None = None
    """Seconds the provider asked us to wait."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The request may have arrived: nobody can say, until a receipt or a look-up does."""

    text: str


Outcome = Accepted | Failed | Unanswered


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do; decided here so that a message is refused when it is enqueued, not when it is sent."""

    recipients: frozenset[Kind]
    echoes_attempt: bool
    """Whether a receipt carries our attempt id, so that `Unanswered` can be resolved without sending again."""


@dataclass(frozen=True, slots=True)
class ReceiptEvent:
    """What happened to a message that this account sent."""

    message_id: str
    receipt: Receipt
    at: datetime
    attempt_id: str | None = None
    failure: Failed | None = None
    price_category: str | None = None
    billable: bool | None = None


@dataclass(frozen=True, slots=True)
class MessageEvent:
    """A message that reached this account."""

    message_id: str
    sender: str
    at: datetime
    kind: str
    text: str | None
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """Anything else a webhook may carry: kept raw, never a failure."""

    name: str
    raw: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class BadItem:
    """One item that could not be read; the others of its webhook are not touched by it."""

    reason: str
    raw: Any = field(repr=False)


Event = ReceiptEvent | MessageEvent | OtherEvent | BadItem


class SignatureError(Exception):
    """The webhook was not signed by the provider. Says why without repeating what was sent."""


class Sender(Protocol):
    """The outbound half of a channel; an async context manager that owns its connection pool."""

    name: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...

    async def send(self, outbound: Outbound) -> Outcome:
        """Send one message. Never raises for what the provider or the network did."""
        ...


class Receiver(Protocol):
    """The inbound half of a channel; needs secrets only, no connection."""

    name: ClassVar[str]

    def handshake(self, query: Mapping[str, str]) -> str:
        """Answer the provider's subscription check. Raises `SignatureError`."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check the signature over the raw bytes in constant time. Raises `SignatureError`."""
        ...

    def parse(self, body: bytes) -> Sequence[Event]:
        """Split a verified webhook into its items. Raises `ValueError` only when it is no JSON object at all."""
        ...
