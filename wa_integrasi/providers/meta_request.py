"""What the Cloud API is asked to send: one request body for each kind of content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from wa_integrasi.content import (
    Buttons,
    Content,
    Document,
    Image,
    Menu,
    Reaction,
    Section,
    Template,
    TemplateButton,
    Text,
)
from wa_integrasi.providers.base import Outbound
from wa_integrasi.recipient import Kind

_Node = dict[str, Any]


def request_body(outbound: Outbound) -> _Node:
    """The request as the Cloud API takes it.

    The plus of a number stays: without it the business's own country code is put before it. A user id goes into
    `recipient`: in `to` Meta reads it as a number, answers 200 and delivers nothing.
    """
    recipient, content = outbound.recipient, outbound.content
    kind, node = _content(content)
    body: _Node = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "recipient" if recipient.kind is Kind.BSUID else "to": recipient.address,
        "type": kind,
        kind: node,
        "biz_opaque_callback_data": outbound.attempt_id,
    }
    if outbound.reply_to is not None and not isinstance(content, Reaction):
        body["context"] = {"message_id": outbound.reply_to}
    return body


def read_body(message_id: str, *, typing: bool) -> _Node:
    """The request that marks a message as read, and shows for up to 25 seconds that an answer is being written."""
    body: _Node = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
    return body | ({"typing_indicator": {"type": "text"}} if typing else {})


def _content(content: Content) -> tuple[str, _Node]:
    match content:
        case Text():
            return "text", {"body": content.body}
        case Image() | Document():
            return content.type, _media(content)
        case Template():
            return "template", _template(content)
        case Buttons() | Menu():
            return "interactive", _interactive(content)
        case Reaction():
            return "reaction", {"message_id": content.message_id, "emoji": content.emoji}
        case _:
            assert_never(content)


def _media(media: Image | Document) -> _Node:
    node: _Node = {"id": media.media_id} if media.media_id is not None else {"link": media.link}
    if media.caption:
        node["caption"] = media.caption
    if isinstance(media, Document):
        node["filename"] = media.filename
    return node


def _interactive(content: Buttons | Menu) -> _Node:
    action: _Node
    if isinstance(content, Buttons):
        kind = "button"
        replies = [{"id": button.id, "title": button.title} for button in content.buttons]
        action = {"buttons": [{"type": "reply", "reply": reply} for reply in replies]}
    else:
        kind = "list"
        action = {"button": content.button, "sections": [_section(section) for section in content.sections]}
    node: _Node = {"type": kind, "body": {"text": content.body}, "action": action}
    if content.header:
        node["header"] = {"type": "text", "text": content.header}
    if content.footer:
        node["footer"] = {"text": content.footer}
    return node


def _section(section: Section) -> _Node:
    rows = [choice.model_dump(exclude_defaults=True) for choice in section.choices]
    return {"title": section.title, "rows": rows} if section.title else {"rows": rows}


def _template(template: Template) -> _Node:
    node: _Node = {"name": template.name, "language": {"code": template.language}}
    names = template.names
    parts: list[_Node] = []
    if media := template.header_media:
        parts.append({"type": "header", "parameters": [{"type": media.type, media.type: _media(media)}]})
    if template.header:
        parts.append({"type": "header", "parameters": _texts(template.header, names)})
    if template.body:
        parts.append({"type": "body", "parameters": _texts(template.body, names[len(template.header) :])})
    parts += [_button(button) for button in template.buttons]
    return node | ({"components": parts} if parts else {})


def _texts(parameters: Sequence[str], names: Sequence[str]) -> list[_Node]:
    texts: list[_Node] = [{"type": "text", "text": parameter} for parameter in parameters]
    return [text | {"parameter_name": name} for text, name in zip(texts, names, strict=False)] if names else texts


def _button(button: TemplateButton) -> _Node:
    kind, key = {
        "url": ("text", "text"),
        "quick_reply": ("payload", "payload"),
        "copy_code": ("coupon_code", "coupon_code"),
    }[button.sub_type]
    return {
        "type": "button",
        "sub_type": button.sub_type,
        "index": str(button.index),
        "parameters": [{"type": kind, key: button.parameter}],
    }
