"""WAHA's webhook: one event an envelope, its payload much alike for every engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wa_integrasi.providers.base import BadItem, Event, OtherEvent
from wa_integrasi.providers.webchat import (
    WEB_TYPES,
    Node,
    UnreadableError,
    ack_event,
    group,
    message_event,
    moment,
    person,
    session_event,
    short_name,
)

_MESSAGES = frozenset({"message", "message.any", "message.reaction"})
_ACKS = frozenset({"message.ack", "message.ack.group"})


def events(envelope: Node, session: str) -> Iterator[Event]:
    """The event of an envelope; that of another session stays whole.

    `message` and `message.any` tell the same message: both are given, with the same id.
    """
    event, payload = envelope.get("event"), envelope.get("payload")
    if not isinstance(event, str):
        yield BadItem("a webhook names no event", envelope)
    elif envelope.get("session") != session:
        yield OtherEvent("other_session", envelope)
    elif event not in _MESSAGES | _ACKS | {"session.status"}:
        yield OtherEvent(short_name(event), envelope)
    elif not isinstance(payload, Mapping):
        yield BadItem("a webhook has no payload", envelope)
    else:
        try:
            yield _event(event, payload, envelope)
        except UnreadableError as error:
            yield BadItem(str(error), envelope)


def _event(event: str, payload: Node, envelope: Node) -> Event:
    if event == "session.status":
        state = payload.get("status")
        if not isinstance(state, str):
            raise UnreadableError("a session has no status")
        return session_event(state, ready=state == "WORKING", webhook=envelope)
    if event in _ACKS:
        if payload.get("fromMe") is False:
            return OtherEvent("ack.of_theirs", envelope)
        # An ack has no time of its own: the envelope says when it was made.
        return ack_event(payload.get("id"), payload.get("ack"), moment(envelope.get("timestamp")), payload)
    me = envelope.get("me")
    return _message(event, payload, me if isinstance(me, Mapping) else {})


def _message(event: str, payload: Node, me: Node) -> Event:
    if payload.get("fromMe") is True:
        return OtherEvent("own_message", payload)
    chat = payload.get("from")
    if isinstance(chat, str) and person(chat) is None and group(chat) is None:
        return OtherEvent("message.broadcast", payload)  # a status, a channel
    kind = "reaction" if event == "message.reaction" else _kind(payload)
    ours = [me.get("id"), me.get("lid"), me.get("jid"), payload.get("to")]
    return message_event(payload, kind, sender=_sender(payload), chat=chat, body=payload.get("body"), ours=ours)


def _sender(payload: Node) -> str | None:
    """Who wrote it. A linked id gives way to the phone number where the engine tells both: lists name numbers."""
    in_group = group(payload.get("from")) is not None
    address = (payload.get("participant") or payload.get("author")) if in_group else payload.get("from")
    sender = person(address)
    if sender is None or not sender.endswith("@lid"):
        return sender
    key, info = _part(payload, "key"), _part(payload, "Info")  # NOWEB's (Baileys) and GOWS's (whatsmeow)
    told = (key.get("participantAlt" if in_group else "remoteJidAlt"), info.get("SenderAlt"))
    numbers = [number for number in map(person, told) if number is not None and number.startswith("+")]
    return numbers[0] if numbers else sender


def _part(payload: Node, key: str) -> Node:
    data = payload.get("_data")
    part = data.get(key) if isinstance(data, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _kind(payload: Node) -> str:
    """What sort of message it is. WAHA names none: it follows from what is there."""
    data = payload.get("_data")
    web_type = data.get("type") if isinstance(data, Mapping) else None
    if isinstance(web_type, str) and web_type in WEB_TYPES:
        return WEB_TYPES[web_type]
    if payload.get("location"):
        return "location"
    if payload.get("vCards"):
        return "contacts"
    if payload.get("hasMedia") is True:
        media = payload.get("media")
        mime_type = media.get("mimetype") if isinstance(media, Mapping) else None
        family = mime_type.partition("/")[0] if isinstance(mime_type, str) else ""
        return family if family in ("image", "video", "audio") else "document"
    return "text" if isinstance(payload.get("body"), str) and payload.get("body") else "unsupported"
