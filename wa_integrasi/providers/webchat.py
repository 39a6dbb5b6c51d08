"""What the WhatsApp Web gateways have in common: how they name chats, people and messages, and what they count as acks.

They drive WhatsApp's own web client, so a message has two names: its inner id (`3EB0…`) and the serialized one around
it, `true_<chat>_<inner>[_<participant>]`. The serialized one changes with the address that WhatsApp shows a chat under
(`…@c.us` or `…@lid`); only the inner id is the same in the answer, the receipts and every copy. We know a message by
that one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from wa_integrasi.content import Document, Image
from wa_integrasi.message import Receipt
from wa_integrasi.providers.base import (
    Action,
    BadItem,
    Capabilities,
    Event,
    Failed,
    MessageEvent,
    OtherEvent,
    Outbound,
    ReceiptEvent,
    Unanswered,
)
from wa_integrasi.providers.http import Answer, check_url, check_word, plain_failure
from wa_integrasi.providers.wire import failure_text, storable
from wa_integrasi.recipient import Kind, Recipient

Node = Mapping[str, Any]

CAPABILITIES = Capabilities(
    recipients=frozenset({Kind.PHONE, Kind.GROUP, Kind.LID}),
    contents=frozenset({"text", "image", "document", "reaction"}),
    files=True,
    quotes=True,
    at_once=5,
)

_SERIALIZED = re.compile(r"(?:true|false)_[^_]{1,128}_([^_]{1,128})(?:_.{1,128})?", re.DOTALL)
_PERSON = re.compile(r"\+?([0-9]{5,20})(?::[0-9]{1,5})?@(c\.us|s\.whatsapp\.net|lid)")
_GROUP = re.compile(r"[0-9]{5,30}(-[0-9]{5,15})?@g\.us")
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_ID = 512
_LONGEST_NAME = 64
_LATEST_S = 10**11
_MOST_NAMED = 1_024
"""People that a message may mention: as many as a group has."""
_ACKS = {1: Receipt.SENT, 2: Receipt.DELIVERED, 3: Receipt.READ, 4: Receipt.READ, -1: Receipt.FAILED}
_NEVER_SENT = Failed(Action.DEAD, "ack_error", "the phone reports that the message was not sent")

_TEXT_TYPES = frozenset({"text", "image", "video", "document"})
WEB_TYPES: Mapping[str, str] = {
    "chat": "text",
    "image": "image",
    "video": "video",
    "document": "document",
    "audio": "audio",
    "ptt": "audio",
    "ptv": "video",
    "sticker": "sticker",
    "location": "location",
    "vcard": "contacts",
    "multi_vcard": "contacts",
    "order": "order",
}
"""WhatsApp Web's message types, by the names that `MessageEvent.kind` has everywhere."""


@dataclass(frozen=True, slots=True)
class WebConfig:
    """One paired phone of a gateway. Raises `ValueError`, never repeating a value."""

    api_url: str
    api_key: str = field(repr=False)
    session: str = "default"
    timeout_s: float = 60.0
    """For one request as a whole; the gateway fetches a file before it answers."""
    max_in_flight: int = 5
    """Requests at a time: behind them is one phone."""

    def __post_init__(self) -> None:
        check_url("api_url", self.api_url)
        check_word("api_key", self.api_key)
        check_session(self.session)

    def url(self, path: str) -> str:
        """The address of `path`."""
        return f"{self.api_url.rstrip('/')}{path}"


def check_session(session: str) -> None:
    """Raise `ValueError` unless `session` may stand in a path."""
    if not _SESSION.fullmatch(session):
        raise ValueError("session must be letters, digits, - and _ only")


def chat_id(recipient: Recipient) -> str:
    """A recipient as the gateways address it."""
    return f"{recipient.address[1:]}@c.us" if recipient.kind is Kind.PHONE else recipient.chat


def quoted_id(outbound: Outbound) -> str | None:
    """The serialized id of the quoted message, as far as it can be told.

    In a group it needs the sender: there only `MessageEvent.quote_id` works, and a bare inner id is left as it is.
    """
    reply_to, recipient = outbound.reply_to, outbound.recipient
    if reply_to is None or _SERIALIZED.fullmatch(reply_to) or recipient.kind is Kind.GROUP:
        return reply_to
    return f"false_{chat_id(recipient)}_{reply_to}"


def derived_id(outbound: Outbound) -> str:
    """An inner id of our own: the same for every attempt at a row, and looking like any web client's.

    WhatsApp shows a message whose id it has seen in the chat only once, so a row that is sent again under this id is
    not seen twice. It comes from the row's part of the attempt id; chat and content go in as well, so that row 17 of
    a database that was set up anew is not taken for the old row 17.
    """
    row = outbound.attempt_id.rpartition(".")[2]
    content = outbound.content.model_dump(exclude_defaults=True)
    told = json.dumps([row, outbound.recipient.chat, outbound.content.type, content], sort_keys=True)
    return f"3EB0{hashlib.sha256(told.encode()).digest()[:9].hex().upper()}"


def inner_id(value: object) -> str | None:
    """The inner id in any of the forms that a message's id comes in, serialized or taken apart."""
    if isinstance(value, Mapping):
        return inner_id(value.get("id")) or inner_id(value.get("_serialized"))
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        return None
    match = _SERIALIZED.fullmatch(value)
    return storable(match[1] if match else value)


def serialized_id(value: object) -> str | None:
    """The serialized id, where there is one."""
    if isinstance(value, Mapping):
        value = value.get("_serialized")
    return storable(value) if isinstance(value, str) and _SERIALIZED.fullmatch(value) else None


def person(value: object) -> str | None:
    """The phone number with its plus, or `…@lid`; None for groups, broadcasts, channels and anything unreadable."""
    match = _PERSON.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    return f"{match[1]}@lid" if match[2] == "lid" else f"+{match[1]}"


def group(value: object) -> str | None:
    """The group's id, if it is one."""
    return value if isinstance(value, str) and _GROUP.fullmatch(value) else None


def refusal(outbound: Outbound, service: str) -> Failed | None:
    """Why a gateway cannot send this at all, said before anything is sent."""
    if outbound.recipient.kind not in CAPABILITIES.recipients:
        return Failed(Action.DEAD, "recipient", f"{service} reaches phone numbers, groups and linked ids only")
    if outbound.content.type not in CAPABILITIES.contents:
        return Failed(Action.DEAD, "content", f"{service} sends no {outbound.content.type}")
    if isinstance(outbound.content, Image | Document) and outbound.content.link is None and outbound.file is None:
        return Failed(Action.DEAD, "media_id", f"{service} keeps no files: the content must have a link or a file")
    return None


def told_failure(answer: Answer, words: str, service: str, key: str) -> Failed | Unanswered:
    """What a status asks for when the gateway's own words came with it. Its 500 may come after the sending."""
    plain = plain_failure(answer, service)
    text = failure_text(words, key) or plain.text
    if isinstance(plain, Unanswered):
        return Unanswered(f"HTTP {answer.status}: {text}")
    return Failed(plain.action, plain.code, text, plain.retry_after)


class UnreadableError(ValueError):
    """One item makes no sense. Says which part, never what was in it."""


def ack_event(message_id: object, ack: object, at: datetime, item: Node) -> Event:
    """The receipt that an ack is; 0 says only that the phone has not sent the message yet."""
    inner = inner_id(message_id)
    if inner is None:
        return BadItem("an ack names no message", item)
    if not isinstance(ack, int) or isinstance(ack, bool):
        return BadItem("an ack is no number", item)
    receipt = _ACKS.get(ack)
    if receipt is None:
        return OtherEvent("ack.pending" if ack == 0 else "ack", item)
    return ReceiptEvent(inner, receipt, at, failure=_NEVER_SENT if receipt is Receipt.FAILED else None)


def message_event(
    item: Node, kind: str, *, sender: str | None, chat: object, body: object, ours: Collection[object] = ()
) -> MessageEvent:
    """A message from `sender` in `chat`, a group or the sender's own. Raises `UnreadableError`.

    `ours` are the addresses of this account, as far as the webhook tells them.
    """
    message_id = inner_id(item.get("id"))
    if message_id is None:
        raise UnreadableError("a message has no id")
    if sender is None:
        raise UnreadableError("a message has no sender")
    return MessageEvent(
        message_id=message_id,
        sender=sender,
        at=moment(item.get("timestamp")),
        kind=kind,
        text=storable(body) if isinstance(body, str) and body and kind in _TEXT_TYPES else None,
        raw=item,
        chat=group(chat) or sender,
        quote_id=serialized_id(item.get("id")),
        mentions_us=group(chat) is not None and mentions(item, ours),
    )


def mentions(item: Node, ours: Collection[object]) -> bool:
    """Whether a message mentions an account by any of its addresses: a group names people by number or linked id."""
    known = {address for address in map(_address, ours) if address is not None}
    data = item.get("_data")
    listed = [item.get("mentionedIds"), *_mentions_in(data if isinstance(data, Mapping) else {})]
    return any(_address(each) in known for named in listed if isinstance(named, list) for each in named[:_MOST_NAMED])


def _mentions_in(data: Node) -> Iterator[object]:
    """The lists of whom a message mentions, as the engines have them: WEBJS and WPP, NOWEB (Baileys), GOWS."""
    yield data.get("mentionedJidList")
    for content in (data.get("message"), data.get("Message")):
        for part in content.values() if isinstance(content, Mapping) else ():
            info = part.get("contextInfo") if isinstance(part, Mapping) else None
            if isinstance(info, Mapping):
                yield info.get("mentionedJid")
                yield info.get("mentionedJID")


def _address(value: object) -> str | None:
    """A person's address, also where it is taken apart or has the number of a device."""
    return person(value.get("_serialized") if isinstance(value, Mapping) else value)


def session_event(state: str, *, ready: bool, webhook: Node) -> OtherEvent:
    """How a session stands, told alike by every gateway; a QR code stays in `webhook`."""
    return OtherEvent("session", {"state": short_name(state), "ready": ready, "webhook": webhook})


def moment(value: object) -> datetime:
    """A time in seconds or milliseconds. Raises `UnreadableError`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST_S * 1000:
        raise UnreadableError("a timestamp is no number of seconds")
    return datetime.fromtimestamp(value if value < _LATEST_S else value / 1000, UTC)


def short_name(text: str) -> str:
    """A word of the gateway's, short enough to keep."""
    return storable(text)[:_LONGEST_NAME]
