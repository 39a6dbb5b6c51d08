"""What every channel promises: send one message, verify a webhook, read what it says.

Outcomes are values, not exceptions: a provider answers `Accepted`, `Failed` or `Unanswered`, and what it puts into
them is fit for logs (a code and a short text; never a URL, header, token or body).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from wa_integrasi.content import TEXT_LIMIT, Content
from wa_integrasi.files import OutgoingFile
from wa_integrasi.message import Receipt
from wa_integrasi.recipient import Kind, Recipient


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message, ready to go."""

    recipient: Recipient
    content: Content
    attempt_id: str
    """Ours, new for each attempt; a channel that can echo it lets a lost answer be found again."""
    reply_to: str | None = None
    """The provider's id of the message that this one quotes."""
    file: OutgoingFile | None = None
    """The file that the content names by its `file`."""


UNLISTED = "mark."
"""What the attempt ids begin with of messages that have no row: nobody waits for their receipts."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has the message; nothing is said yet about the phone."""

    message_id: str


class Action(StrEnum):
    """What a failure asks for; the numbers (waits, tries) belong to the retry policy."""

    RETRY = "retry"
    AWAY = "away"
    """The channel cannot be reached at all: nothing was sent, and no message is at fault."""
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
    contents: frozenset[str]
    """Content types that it sends as they are; see `wa_integrasi.policy.fit` for what becomes of the others."""
    text_limit: int = TEXT_LIMIT
    media_ids: bool = False
    """Whether a picture or file may be named by the `media_id` of an upload; otherwise it takes links only."""
    files: bool = False
    """Whether it takes the bytes of a picture or file (`Outbound.file`); otherwise only what it can fetch."""
    template_files: bool = False
    """Whether a template message brings along the picture or file at its head (`Template.header_media`)."""
    quotes: bool = False
    """Whether a message may quote another (`Outbound.reply_to`)."""
    windowed: bool = False
    """Whether only approved templates may go once the user has been silent for 24 hours."""
    echoes_attempt: bool = False
    """Whether a receipt carries our attempt id, so that `Unanswered` can be resolved without sending again."""
    at_once: int = 50
    """Requests at a time; more would wait inside the sender, where no pace reaches them."""
    looks_up: bool = False
    """Whether the sender can `look_up` an unanswered attempt."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The provider does not know the message: it was never taken."""


@dataclass(frozen=True, slots=True)
class SessionState:
    """Whether a channel with a session of its own (a paired phone) can send now."""

    ready: bool
    state: str
    """The channel's own word: CONNECTED, SCAN_QR_CODE …"""
    qr: str | None = None
    """What to show as a QR code, where one waits to be scanned."""


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """A template as the channel knows it."""

    name: str
    language: str
    status: str
    """The channel's own word in capitals: APPROVED, PAUSED, REJECTED, DISABLED …"""
    category: str
    header: int = 0
    body: int = 0
    buttons: int = 0
    """How many parameters each part must have."""
    header_format: str = "TEXT"
    """TEXT, IMAGE, DOCUMENT, VIDEO or LOCATION; TEXT also where there is no header."""
    names: tuple[str, ...] = ()
    """What its parameters are called, the header's and then the body's; empty when they are numbered."""
    button_kinds: tuple[str, ...] = ()
    """For each of its buttons in order, the parameter it takes (`TemplateButton.sub_type`), empty for none. A
    `quick_reply` need not have one, so `buttons` does not count it."""


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
    chat: str | None = None
    """Where an answer goes, named as `Recipient.chat`; None where that is the sender."""
    quote_id: str | None = None
    """What `Outbound.reply_to` must hold to quote it; None where that is `message_id`."""
    name: str | None = None
    """What the sender is called, and `user_id` their business-scoped id: where the channel tells them beside `raw`."""
    user_id: str | None = None
    mentions_us: bool = False
    """Whether it mentions the account, in a group."""


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """Anything else a webhook may carry: kept raw, never a failure."""

    name: str
    raw: Any = field(repr=False)
    at: datetime | None = field(default=None, compare=False)
    """When it happened, where the channel says so."""


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


class Lack(StrEnum):
    """Why a file could not be had, by what that asks for."""

    AGAIN = "again"
    """Away, slow, cut off, or the account is refused: it may be had later."""
    MISSING = "missing"
    """The channel does not know it now; for good, when it says so again."""
    NEVER = "never"
    """It cannot be had by this channel."""
    REFUSED = "refused"
    """It must not be fetched: too large, or somewhere that is none of the channel's."""


@dataclass(frozen=True, slots=True)
class Unfetched:
    """A file could not be had; `text` is fit for logs."""

    lack: Lack
    text: str
    retry_after: float | None = None
    """Seconds the provider asked us to wait."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """All of a file was handed over; what the channel said of it then."""

    mime_type: str | None = None
    sha256: str | None = None
    """Lower-case hex."""
    size: int | None = None
    """Bytes, as the channel counts them: not what came."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """Where a file can be had: what a webhook claims, which may be anything."""

    id: str | None = None
    url: str | None = field(default=None, repr=False)


Take = Callable[[bytes], Awaitable[None]]
"""Takes the next piece of a file; what it raises, `FetchesMedia.fetch` raises."""


class FetchesMedia(Protocol):
    """Gets the files of what people write; an async context manager that owns its connections."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...

    async def fetch(self, source: FileSource, take: Take, at_most: int) -> Fetched | Unfetched:
        """Hand a file to `take`, piece by piece, `at_most` bytes of it.

        Never raises for what the provider or the network did, and asks nobody but the channel. What was handed over
        counts only when it ends with `Fetched`.
        """
        ...


class Receiver(Protocol):
    """The inbound half of a channel; needs secrets only, no connection."""

    name: ClassVar[str]
    sends_json: ClassVar[bool]
    """Whether its webhooks are JSON and nothing else."""

    def handshake(self, query: Mapping[str, str]) -> str:
        """Answer the provider's subscription check. Raises `SignatureError`."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, query: str = "") -> bytes:
        """Check in constant time who sent this; `query` is the raw query string. Raises `SignatureError`.

        Returns what to keep and later `parse`: the body, with what in the query belongs to it, and no secret.
        """
        ...

    def parse(self, body: bytes) -> Sequence[Event]:
        """Split what `verify` returned into its items. Raises `ValueError` only when it cannot be read at all."""
        ...


class LooksUp(Protocol):
    """A sender that can find out what became of an unanswered attempt (`Capabilities.looks_up`)."""

    async def look_up(self, outbound: Outbound, since: datetime) -> Accepted | Missing | Unanswered:
        """Ask for the message of an attempt that began at `since`. `Unanswered`: it cannot be said now either."""
        ...


@runtime_checkable
class MarksRead(Protocol):
    """A sender that can tell a person that their message was read, and show that an answer is being written."""

    async def mark_read(self, message_id: str, *, typing: bool = False) -> bool:
        """Whether the channel took it. Never raises; nobody waits for it."""
        ...


@runtime_checkable
class HasSession(Protocol):
    """A sender whose channel is a paired phone."""

    async def session(self) -> SessionState | Failed | Unanswered:
        """How the session stands."""
        ...

    async def restart(self) -> SessionState | Failed | Unanswered:
        """Start the session anew."""
        ...


@runtime_checkable
class ListsTemplates(Protocol):
    """A sender whose channel approves templates."""

    async def templates(self) -> Sequence[ApprovedTemplate] | Failed | Unanswered:
        """All of the account's templates, whatever their status."""
        ...
