"""wwebjs-api's webhook: one event of whatsapp-web.js an envelope, `{dataType, data, sessionId}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from wa_integrasi.providers.base import BadItem, Event, OtherEvent
from wa_integrasi.providers.webchat import (
    WEB_TYPES,
    Node,
    UnreadableError,
    ack_event,
    group,
    message_event,
    person,
    session_event,
    short_name,
)

_STATES = {"qr": "QR", "code": "PAIRING_CODE", "authenticated": "AUTHENTICATED", "ready": "CONNECTED"}
_TOLD_STATES = {"change_state": "state", "disconnected": "reason"}


def events(envelope: Node, session: str, now: datetime) -> Iterator[Event]:
    """The event of an envelope; that of another session stays whole.

    `message` and `message_create` tell the same message: both are given, with the same id. `now` is when an ack
    happened: the webhook says only when its message was written.
    """
    kind = envelope.get("dataType")
    if not isinstance(kind, str):
        yield BadItem("a webhook has no dataType", envelope)
        return
    if envelope.get("sessionId") != session:
        yield OtherEvent("other_session", envelope)
        return
    try:
        yield _event(kind, envelope, now)
    except UnreadableError as error:
        yield BadItem(str(error), envelope)


def _event(kind: str, envelope: Node, now: datetime) -> Event:
    match kind:
        case "message" | "message_create":
            return _message(_part(envelope, "message"))
        case "message_ack":
            return _ack(envelope, now)
        case "message_reaction":
            return _reaction(_part(envelope, "reaction"))
        case "qr" | "code" | "authenticated" | "ready":
            return session_event(_STATES[kind], ready=kind == "ready", webhook=envelope)
        case "change_state" | "disconnected":
            data = envelope.get("data")
            told = data.get(_TOLD_STATES[kind]) if isinstance(data, Mapping) else None
            state = told if isinstance(told, str) and told else kind.upper()
            return session_event(state, ready=kind == "change_state" and state == "CONNECTED", webhook=envelope)
        case "status":  # of an `auth_failure`
            return session_event("AUTH_FAILURE", ready=False, webhook=envelope)
        case _:
            return OtherEvent(short_name(kind), envelope)


def _part(envelope: Node, key: str) -> Node:
    data = envelope.get("data")
    part = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(part, Mapping):
        raise UnreadableError(f"a webhook has no {key}")
    return part


def _message(message: Node) -> Event:
    if message.get("fromMe") is True:
        return OtherEvent("own_message", message)
    chat, kind = message.get("from"), message.get("type")
    if not isinstance(kind, str):
        raise UnreadableError("a message has no type")
    if kind not in WEB_TYPES:  # notices, calls, encrypted messages and what WhatsApp may yet invent
        return OtherEvent(short_name(f"message.{kind}"), message)
    if isinstance(chat, str) and person(chat) is None and group(chat) is None:
        return OtherEvent("message.broadcast", message)  # a status, a channel
    sender = person(message.get("author") if group(chat) else chat)
    data = message.get("_data")
    ours = [message.get("to"), data.get("to") if isinstance(data, Mapping) else None]
    return message_event(message, WEB_TYPES[kind], sender=sender, chat=chat, body=message.get("body"), ours=ours)


def _ack(envelope: Node, now: datetime) -> Event:
    message = _part(envelope, "message")
    if message.get("fromMe") is False:
        return OtherEvent("ack.of_theirs", message)
    data = envelope["data"]
    return ack_event(message.get("id"), data.get("ack", message.get("ack")), now, envelope)


def _reaction(reaction: Node) -> Event:
    key = reaction.get("id")
    known: Node = key if isinstance(key, Mapping) else {}
    if known.get("fromMe") is True:
        return OtherEvent("own_message", reaction)
    return message_event(
        reaction, "reaction", sender=person(reaction.get("senderId")), chat=known.get("remote"), body=None
    )
