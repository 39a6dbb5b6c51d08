"""WAHA's requests, by its OpenAPI description."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from wa_integrasi.content import Document, Image, Reaction, Text
from wa_integrasi.providers.base import Outbound
from wa_integrasi.providers.webchat import chat_id, derived_id, quoted_id

_MIME_TYPES = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".txt": "text/plain",
    ".webp": "image/webp",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}


def request_of(outbound: Outbound, session: str) -> tuple[str, dict[str, Any]]:
    """The path and the request for an outbound that is not refused.

    Only texts have a place for an id of ours (`MessageTextRequest.id`).
    """
    content = outbound.content
    if isinstance(content, Reaction):
        target = quoted_id(replace(outbound, reply_to=content.message_id))
        return "/api/reaction", {"session": session, "messageId": target, "reaction": content.emoji}
    request: dict[str, Any] = {"session": session, "chatId": chat_id(outbound.recipient)}
    if reply_to := quoted_id(outbound):
        request["reply_to"] = reply_to
    match content:
        case Text():
            own = {"id": derived_id(outbound), "linkPreview": False}
            return "/api/sendText", {**request, "text": content.body, **own}
        case Image():
            file = _file(outbound, _mime_type(urlsplit(content.link or "").path, "image/jpeg"))
            return "/api/sendImage", {**request, "file": file, "caption": content.caption}
        case Document():
            file = _file(outbound, _mime_type(content.filename, "application/octet-stream"))
            file["filename"] = content.filename
            return "/api/sendFile", {**request, "file": file, "caption": content.caption}
        case _:
            raise ValueError(f"WAHA sends no {content.type}")


def _file(outbound: Outbound, mime_type: str) -> dict[str, Any]:
    """`BinaryFile` for a file of ours, else `RemoteFile`."""
    if outbound.file is not None:
        return {"mimetype": outbound.file.mime_type, "data": b64encode(outbound.file.content).decode()}
    content = outbound.content
    return {"mimetype": mime_type, "url": content.link if isinstance(content, Image | Document) else None}


def _mime_type(path: str, otherwise: str) -> str:
    return _MIME_TYPES.get(PurePosixPath(path).suffix.lower(), otherwise)
