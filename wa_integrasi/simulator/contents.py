"""What a message shows on the phone, read from a send request the way Meta reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wa_integrasi.content import CAPTION_LIMIT, TEXT_LIMIT
from wa_integrasi.simulator.refusals import GraphError, invalid, node_of, nodes_of, text_of
from wa_integrasi.simulator.templates import PhoneTemplate, fill_template

_TYPES = ("document", "image", "interactive", "reaction", "template", "text")
_NOT_SHOWN = frozenset({"audio", "contacts", "location", "sticker", "video"})
_HEADER, _BUTTON_BODY, _BUTTON, _LINK = 60, 1024, 20, 2048
_REPLY_ID, _ROW_ID, _ROW, _DESCRIPTION, _ROWS = 256, 200, 24, 72, 10


@dataclass(frozen=True, slots=True)
class Shown:
    """One bubble: its text, and by its kind a header, a file or choices."""

    kind: str
    body: str
    details: Mapping[str, Any] = field(default_factory=dict)
    about: str | None = None
    """The message that a reaction is about."""


def read_content(payload: Mapping[str, Any], templates: Sequence[PhoneTemplate]) -> Shown:
    """Check what is to be sent. Raises `GraphError`."""
    kind = payload.get("type", "text")
    if isinstance(kind, str) and kind in _NOT_SHOWN:
        raise GraphError(400, 131051, "(#131051) Unsupported message type", f"This phone shows no {kind}.")
    if kind not in _TYPES:
        raise invalid("Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, INTERACTIVE, TEMPLATE, TEXT, …}.")
    node = node_of(payload, kind, f"{kind}['body']" if kind == "text" else kind)
    match kind:
        case "text":
            return _text(node)
        case "image" | "document":
            return _media(kind, node)
        case "interactive":
            return _interactive(node)
        case "reaction":
            return _reaction(node)
        case _:
            body, details = fill_template(node, templates)
            return Shown("template", body, details)


def _text(node: Mapping[str, Any]) -> Shown:
    body = text_of(node, "body", "text['body']", TEXT_LIMIT)
    if not isinstance(node.get("preview_url", False), bool):
        raise invalid("Param text['preview_url'] must be a boolean.")
    return Shown("text", body)


def _media(kind: str, node: Mapping[str, Any]) -> Shown:
    link = text_of(node, "link", f"{kind}['link']", _LINK, optional=True)
    media_id = text_of(node, "id", f"{kind}['id']", _REPLY_ID, optional=True)
    if bool(link) == bool(media_id):
        raise invalid(f"One of the parameters {kind}['id'] and {kind}['link'] is required.")
    if link and not link.startswith(("https://", "http://")):
        raise invalid(f"Param {kind}['link'] must be a URL.")
    caption = text_of(node, "caption", f"{kind}['caption']", CAPTION_LIMIT, optional=True)
    name = text_of(node, "filename", f"{kind}['filename']", _LINK, optional=True)
    file = {"kind": kind, "name": name, "link": link} | ({"id": media_id} if media_id else {})
    return Shown(kind, caption, {"file": file})


def _interactive(node: Mapping[str, Any]) -> Shown:
    body, action = node_of(node, "body", "interactive['body']"), node_of(node, "action", "interactive['action']")
    details: dict[str, Any] = {}
    if "header" in node:
        header = node_of(node, "header", "interactive['header']")
        if header.get("type") != "text":
            raise invalid("Param interactive['header']['type'] must be one of {TEXT}.")
        details["header"] = text_of(header, "text", "interactive['header']['text']", _HEADER)
    if "footer" in node:
        footer = node_of(node, "footer", "interactive['footer']")
        details["footer"] = text_of(footer, "text", "interactive['footer']['text']", _HEADER)
    match node.get("type"):
        case "button":
            text = text_of(body, "text", "interactive['body']['text']", _BUTTON_BODY)
            return Shown("buttons", text, details | {"choices": _buttons(action)})
        case "list":
            text = text_of(body, "text", "interactive['body']['text']", TEXT_LIMIT)
            button = text_of(action, "button", "interactive['action']['button']", _BUTTON)
            return Shown("menu", text, details | {"button": button, "choices": _rows(action)})
        case _:
            raise invalid("Param interactive['type'] must be one of {BUTTON, LIST}.")


def _buttons(action: Mapping[str, Any]) -> list[dict[str, str]]:
    where = "interactive['action']['buttons']"
    buttons = nodes_of(action, "buttons", where, 3)
    if any(button.get("type") != "reply" for button in buttons):
        raise invalid(f"Param {where}[…]['type'] must be one of {{REPLY}}.")
    replies = [node_of(button, "reply", f"{where}[…]['reply']") for button in buttons]
    return _told_apart(
        [
            {
                "id": text_of(reply, "id", f"{where}[…]['reply']['id']", _REPLY_ID),
                "title": text_of(reply, "title", f"{where}[…]['reply']['title']", _BUTTON),
            }
            for reply in replies
        ]
    )


def _rows(action: Mapping[str, Any]) -> list[dict[str, str]]:
    where = "interactive['action']['sections']"
    sections = nodes_of(action, "sections", where, _ROWS)
    rows: list[dict[str, str]] = []
    for section in sections:
        title = text_of(section, "title", f"{where}[…]['title']", _ROW, optional=len(sections) == 1)
        rows += [
            {
                "id": text_of(row, "id", f"{where}[…]['rows'][…]['id']", _ROW_ID),
                "title": text_of(row, "title", f"{where}[…]['rows'][…]['title']", _ROW),
                "description": text_of(
                    row, "description", f"{where}[…]['rows'][…]['description']", _DESCRIPTION, optional=True
                ),
                "section": title,
            }
            for row in nodes_of(section, "rows", f"{where}[…]['rows']", _ROWS)
        ]
    if len(rows) > _ROWS:
        raise invalid(f"Param {where} must have at most {_ROWS} rows in all.")
    return _told_apart(rows)


def _told_apart(choices: list[dict[str, str]]) -> list[dict[str, str]]:
    if len({choice["id"] for choice in choices}) < len(choices):
        raise invalid("Duplicated ids: every button or row must have an id of its own.")
    return choices


def _reaction(node: Mapping[str, Any]) -> Shown:
    about = text_of(node, "message_id", "reaction['message_id']", _REPLY_ID)
    emoji = node.get("emoji", "")
    if not isinstance(emoji, str) or len(emoji) > 16:
        raise invalid("Param reaction['emoji'] must be one emoji, or empty.")
    return Shown("reaction", emoji, about=about)
