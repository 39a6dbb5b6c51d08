"""Meta's webhook envelope, taken apart: every message, status and error on its own, a bad one touching no other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from wa_integrasi.message import Receipt
from wa_integrasi.providers.base import Action, BadItem, Event, Failed, MessageEvent, OtherEvent, ReceiptEvent
from wa_integrasi.providers.meta_errors import graph_failure
from wa_integrasi.providers.wire import storable
from wa_integrasi.recipient import Kind, Recipient, RecipientError

_Node = Mapping[str, Any]

_SECONDS = re.compile(r"[0-9]{1,11}")
_PHONE = re.compile(r"\+?([0-9]{5,20})")
_LONGEST_ID = 512
_LONGEST_NAME = 64
_RECEIPTS = {
    "sent": Receipt.SENT,
    "delivered": Receipt.DELIVERED,
    "read": Receipt.READ,
    "played": Receipt.READ,
    "failed": Receipt.FAILED,
}
_WITH_CAPTION = frozenset({"image", "document", "video"})
_WITHOUT_TEXT = frozenset({"audio", "sticker", "location", "contacts", "reaction", "order", "unsupported", "system"})
_KINDS = _WITH_CAPTION | _WITHOUT_TEXT | {"text", "button", "interactive"}


class _UnreadableError(ValueError):
    """One item makes no sense. Says which part, never what was in it."""


def events(envelope: _Node, phone_number_id: str | None) -> Iterator[Event]:
    """Every item of the envelope, in its order; changes of another number than `phone_number_id` stay whole."""
    if envelope.get("object") != "whatsapp_business_account":
        yield OtherEvent("other_object", envelope)
        return
    for entry in _list(envelope, "entry"):
        if isinstance(entry, BadItem):
            yield entry
            continue
        for change in _list(entry, "changes"):
            yield from [change] if isinstance(change, BadItem) else _change(change, phone_number_id, _time(entry))


def _change(change: _Node, phone_number_id: str | None, at: datetime | None) -> Iterator[Event]:
    field = change.get("field")
    if not isinstance(field, str):
        yield BadItem("a change names no field", change)
        return
    if field != "messages":
        yield OtherEvent(_name(field), change, at)
        return
    value = change.get("value")
    if not isinstance(value, Mapping):
        yield BadItem("a change has no value", change)
        return
    if phone_number_id is not None:
        metadata = value.get("metadata")
        theirs = metadata.get("phone_number_id") if isinstance(metadata, Mapping) else None
        if not isinstance(theirs, str):
            yield BadItem("a change names no phone number id", change)
            return
        if theirs != phone_number_id:
            yield OtherEvent("other_number", change)
            return
    yield from _value(value)


def _value(value: _Node) -> Iterator[Event]:
    contacts = value.get("contacts")
    known = [contact for contact in contacts if isinstance(contact, Mapping)] if isinstance(contacts, list) else []
    readers: dict[str, Callable[[_Node], Event]] = {
        "messages": lambda item: _message(item, known),
        "statuses": _status,
        "errors": lambda item: OtherEvent("errors", item),
    }
    if not readers.keys() & value.keys():
        yield OtherEvent("messages", value)
    for key, read in readers.items():
        for item in _list(value, key) if key in value else ():
            if isinstance(item, BadItem):
                yield item
                continue
            try:
                yield read(item)
            except _UnreadableError as error:
                yield BadItem(str(error), item)


def _list(node: _Node, key: str) -> Iterator[_Node | BadItem]:
    items = node.get(key)
    if not isinstance(items, list):
        yield BadItem(f"“{key}” is no list", node)
        return
    for item in items:
        yield item if isinstance(item, Mapping) else BadItem(f"an item of “{key}” is no object", item)


def _message(item: _Node, contacts: list[_Node]) -> Event:
    kind = item.get("type")
    if not isinstance(kind, str):
        raise _UnreadableError("a message has no type")
    if kind not in _KINDS:
        return _unknown(kind, item, contacts)
    sender = _sender(item, contacts)
    contact = _contact(item, sender, contacts)
    profile = contact.get("profile")
    name = profile.get("name") if isinstance(profile, Mapping) else None
    return MessageEvent(
        message_id=_id(item),
        sender=sender,
        at=_at(item),
        kind=kind,
        text=_text(kind, item),
        raw=item,
        name=storable(name)[:_LONGEST_ID] if isinstance(name, str) and name else None,
        user_id=_user_id(item.get("from_user_id"))
        or (_user_id(contact.get("user_id")) if _is_of(contact, sender) else None),
    )


def _unknown(kind: str, item: _Node, contacts: list[_Node]) -> Event:
    """A type that WhatsApp has invented since: a message all the same, where it says whose."""
    try:
        return MessageEvent(_id(item), _sender(item, contacts), _at(item), "unknown", None, item)
    except _UnreadableError:
        return OtherEvent(_name(f"message.{kind}"), item)


def _contact(item: _Node, sender: str, contacts: list[_Node]) -> _Node:
    """What the envelope says of the sender, who is one of several people, or the only one."""
    theirs = (contact for contact in contacts if _is_of(contact, sender))
    return next(theirs, contacts[0] if len(contacts) == 1 and item.get("type") != "system" else {})


def _is_of(contact: _Node, sender: str) -> bool:
    """Whether it says itself whose it is: only then its id is the sender's, who gets rights by it."""
    return sender in (_phone(contact.get("wa_id")), _user_id(contact.get("user_id")))


def _text(kind: str, item: _Node) -> str | None:
    """What the person wrote or chose. An interactive reply may come without its node (error 131000): no text then."""
    node = item.get(kind)
    if kind == "text" and not (isinstance(node, Mapping) and isinstance(node.get("body"), str)):
        raise _UnreadableError("a text message has no body")
    if kind in _WITHOUT_TEXT or not isinstance(node, Mapping):
        return None
    if kind == "interactive":
        chosen = node.get(str(node.get("type")))
        node = chosen if isinstance(chosen, Mapping) else {}
    keys = {"text": ("body",), "button": ("text", "payload"), "interactive": ("title", "id", "body")}
    said = (node.get(key) for key in keys.get(kind, ("caption",)))
    return next((storable(text) for text in said if isinstance(text, str) and text), None)


def _sender(item: _Node, contacts: list[_Node]) -> str:
    """The phone number with its plus, else the business-scoped user id: people with a user name may show only that."""
    alone = contacts[0] if len(contacts) == 1 else {}
    if number := _phone(item.get("from")) or _user_id(item.get("from")):
        return number
    found = _user_id(item.get("from_user_id")) or _phone(alone.get("wa_id")) or _user_id(alone.get("user_id"))
    if found is None:
        raise _UnreadableError("a message has no sender")
    return found


def _phone(value: object) -> str | None:
    match = _PHONE.fullmatch(value) if isinstance(value, str) else None
    return f"+{match[1]}" if match else None


def _user_id(value: object) -> str | None:
    if not isinstance(value, str) or "." not in value:
        return None
    try:
        recipient = Recipient.parse(value)
    except RecipientError:
        return None
    return recipient.address if recipient.kind is Kind.BSUID else None


def _status(item: _Node) -> Event:
    status = item.get("status")
    if not isinstance(status, str):
        raise _UnreadableError("a status has no name")
    receipt = _RECEIPTS.get(status)
    if receipt is None:
        return OtherEvent(_name(f"status.{status}"), item)
    pricing = item.get("pricing")
    price: _Node = pricing if isinstance(pricing, Mapping) else {}
    category, billable, attempt = price.get("category"), price.get("billable"), item.get("biz_opaque_callback_data")
    return ReceiptEvent(
        message_id=_id(item),
        receipt=receipt,
        at=_at(item),
        attempt_id=storable(attempt) if isinstance(attempt, str) and len(attempt) <= _LONGEST_ID else None,
        failure=_failure(item) if receipt is Receipt.FAILED else None,
        price_category=_name(category) if isinstance(category, str) else None,
        billable=billable if isinstance(billable, bool) else None,
    )


def _failure(item: _Node) -> Failed:
    """The first error that can be read. A failure without one is for a person: it must not look like a success."""
    errors = item.get("errors")
    found = (graph_failure(error, status=0) for error in (errors if isinstance(errors, list) else ()))
    return next((failure for failure in found if failure), Failed(Action.DEAD, "unknown", "failed without an error"))


def _id(item: _Node) -> str:
    value = item.get("id")
    if not isinstance(value, str) or not value or len(value) > _LONGEST_ID:
        raise _UnreadableError("an item has no id")
    return storable(value)


def _time(entry: _Node) -> datetime | None:
    """When the changes of an entry happened."""
    try:
        return _moment(entry.get("time"))
    except _UnreadableError:
        return None


def _at(item: _Node) -> datetime:
    return _moment(item.get("timestamp"))


def _moment(value: object) -> datetime:
    seconds = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(seconds, str) or not _SECONDS.fullmatch(seconds):
        raise _UnreadableError("a timestamp is no number of seconds")
    return datetime.fromtimestamp(int(seconds), UTC)


def _name(text: str) -> str:
    return storable(text)[:_LONGEST_NAME]
