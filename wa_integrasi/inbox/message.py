"""A message that somebody wrote to an account: the same for all channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Step(StrEnum):
    """The state of a stored message: the step that comes next. Each step sets the following one in its own commit."""

    ROUTE = "route"
    DONE = "done"


FIRST_STEP = Step.ROUTE


@dataclass(frozen=True, slots=True)
class Media:
    """A file that came with a message: where it can be had, and what the channel says of it."""

    id: str | None = None
    """What to ask the channel for; `url` where there is none, or both."""
    url: str | None = None
    mime_type: str | None = None
    sha256: str | None = None
    """Lower-case hex, of the file as the sender sent it."""
    size: int | None = None
    """Bytes."""
    filename: str | None = None
    caption: str | None = None
    voice: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What a message refers to."""

    message_id: str | None = None
    """The message that it quotes or reacts to; None for one that was only forwarded."""
    sender: str | None = None
    forwarded: bool = False
    mentions_us: bool = False
    """Whether it mentions the account that it reached."""


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message. What the channel did not say is None."""

    provider: str
    account: str
    message_id: str
    chat: str
    """Where an answer goes, as `Recipient.chat`: the group in a group, else the person."""
    sender: str
    """Who wrote it, as `Recipient.chat`."""
    kind: str
    """text, image, document, audio, video, sticker, location, contacts, interactive, button, reaction, order, system,
    unsupported; `unknown` for what is none of these, with all of it in `raw`."""
    at: datetime
    received_at: datetime
    phone: str | None = None
    user_id: str | None = None
    """The business-scoped user id."""
    lid: str | None = None
    group: str | None = None
    """The group's id; `sender` is then its author."""
    name: str | None = None
    """What the person calls themselves: never to be trusted."""
    text: str | None = None
    """What was written or chosen, a caption too."""
    media: tuple[Media, ...] = ()
    context: Context | None = None
    details: Mapping[str, Any] | None = None
    """What only some kinds have: `latitude, longitude, name, address`; `emoji` (empty: taken back); `id` of a choice;
    `contacts` as `name, phones`; `catalog_id, items`; `new_chat` of a changed number; `error` of an unsupported one."""
    quote_id: str | None = None
    """What `Outbound.reply_to` must hold to quote it."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every name of the person who wrote it, each of which may be a chat of its own."""
        found = (self.sender, self.phone, self.user_id, self.lid)
        return tuple(dict.fromkeys(address for address in found if address))


@dataclass(frozen=True, slots=True)
class Extras:
    """What a channel tells of a message beyond its `MessageEvent`."""

    name: str | None = None
    phone: str | None = None
    user_id: str | None = None
    lid: str | None = None
    media: tuple[Media, ...] = ()
    context: Context | None = None
    details: Mapping[str, Any] | None = None
