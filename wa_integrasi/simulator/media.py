"""Files of the phone's owner, given out in two steps as Meta does: an id, then an address that lives five minutes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wa_integrasi.providers.wire import storable
from wa_integrasi.simulator.graph import authorise, authorise_request, message_id, unknown_number
from wa_integrasi.simulator.phone_store import File, Line
from wa_integrasi.simulator.refusals import GraphError, invalid

if TYPE_CHECKING:
    from wa_integrasi.simulator.phone import Phone

FILE_LIMIT = 16 * 1024 * 1024
"""Bytes: enough for a demonstration; a document may have 100 MB at Meta."""

UPLOADS = (
    *("image/jpeg", "image/png", "application/pdf", "text/plain"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    *("application/vnd.ms-excel", "application/msword", "audio/mpeg", "audio/ogg", "video/mp4"),
)
"""What Meta takes, but for kinds that nobody sends here."""

_PICTURES = ("image/jpeg", "image/png")
_BOUNDARY = re.compile(r"multipart/form-data\s*;\s*boundary=(?:\"([^\"]{1,70})\"|([^\s;\"]{1,70}))", re.IGNORECASE)
_PART_NAME = re.compile(rb"(?i)content-disposition:\s*form-data\s*;\s*name=\"([A-Za-z_]{1,40})\"")
_LIVES_S = 300
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_KINDS = {"image/jpeg": "image", "image/png": "image", "image/webp": "sticker"}


def is_mime_type(text: str) -> bool:
    """Whether a file may be sent as this."""
    return _TYPE.fullmatch(text) is not None


def attached(chat: str, content: bytes, mime_type: str, name: str, caption: str, now: float) -> tuple[Line, File]:
    """The message and the file of what the owner of the number `chat` sends."""
    family = mime_type.partition("/")[0]
    kind = _KINDS.get(mime_type) or (family if family in ("audio", "video") else "document")
    file = File(_new_id(), mime_type, hashlib.sha256(content).digest(), content)
    told = {
        "kind": kind,
        "name": name,
        "link": "",
        "id": file.id,
        "mime_type": mime_type,
        "sha256": base64.b64encode(file.sha256).decode(),
    }
    details = storable(json.dumps({"file": told}, ensure_ascii=False))
    return Line(message_id(), chat, True, storable(caption), None, None, now, kind=kind, details=details), file


def form_parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a `multipart/form-data` body by name. Raises `GraphError`."""
    found = _BOUNDARY.fullmatch(content_type)
    if found is None:
        raise invalid("The request must be multipart/form-data.")
    parts: dict[str, bytes] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + (found[1] or found[2]).encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if name := _PART_NAME.search(head):
            parts[name[1].decode("ascii", "replace")] = content
    return parts


async def body_of(request: Request, limit: int) -> bytes:
    """The whole body. Raises 413 for one longer than `limit` bytes."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > limit:
            raise HTTPException(413)
    return bytes(read)


def _new_id() -> str:
    """Shaped like Meta's."""
    return str(secrets.randbelow(9 * 10**15) + 10**15)


class MediaRoutes:
    """Where files come in and go out. All but the pictures of the page want the token."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    async def upload(self, request: Request) -> Response:
        """The Cloud API's `POST /v23.0/{phone_number_id}/media`."""
        try:
            authorise_request(request, self._phone.config.access_token)
            if request.path_params["number"] != self._phone.config.phone_number_id:
                raise unknown_number()
            parts = form_parts(request.headers.get("Content-Type", ""), await body_of(request, FILE_LIMIT + 4096))
            mime_type, content = parts.get("type", b"").decode("ascii", "replace"), parts.get("file", b"")
            if parts.get("messaging_product") != b"whatsapp":
                raise invalid("The parameter messaging_product is required.")
            if not content or not is_mime_type(mime_type):
                raise invalid("The parameters file and type are required.")
            if mime_type not in UPLOADS:
                raise invalid(f"Param file must be a file with one of the following types: {', '.join(UPLOADS)}.")
        except GraphError as error:
            return JSONResponse(error.body(), error.status)
        file = File(_new_id(), mime_type, hashlib.sha256(content).digest(), content)
        await asyncio.to_thread(self._phone.store.add_file, file)
        return JSONResponse({"id": file.id})

    async def picture(self, request: Request) -> Response:
        """A picture that the business sent, for the page; nothing else is given out without the token."""
        file = await asyncio.to_thread(self._phone.store.file, str(request.path_params["file"]))
        if file is None or file.mime_type not in _PICTURES:
            return Response(status_code=404)
        guard = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(file.content, media_type=file.mime_type, headers=guard)

    async def describe(self, request: Request) -> Response:
        """The Cloud API's `GET /v23.0/{media_id}`."""
        config, faults = self._phone.config, self._phone.faults
        try:
            authorise_request(request, config.access_token)
            file = await asyncio.to_thread(self._phone.store.file, str(request.path_params["file"]))
            if file is None:
                raise unknown_number("get")
        except GraphError as error:
            return JSONResponse(error.body(), error.status)
        expired = faults.expire_next > 0
        faults.expire_next -= expired
        ends = str(int(time.time()) + (-1 if expired else _LIVES_S))
        above = request.url.path.rsplit("/", 2)[0]
        address = request.url.replace(path=f"{above}/file/{file.id}", query="")
        address = address.include_query_params(ext=ends, hash=self._mark(file.id, ends))
        return JSONResponse(
            {
                "messaging_product": "whatsapp",
                "url": str(address),
                "mime_type": file.mime_type,
                "sha256": file.sha256.hex(),
                "file_size": len(file.content),
                "id": file.id,
            }
        )

    async def content(self, request: Request) -> Response:
        """What the address gives out: 404 once it has expired."""
        file_id, query = request.path_params["file"], request.query_params
        ends, given = query.get("ext", ""), query.get("hash", "")
        try:
            authorise(request.headers.get("Authorization"), self._phone.config.access_token)
        except GraphError as error:
            return JSONResponse(error.body(), error.status)
        genuine = hmac.compare_digest(given.encode(), self._mark(file_id, ends).encode())
        if not genuine or int(ends) <= time.time():
            return Response("URL signature expired", 404)
        file = await asyncio.to_thread(self._phone.store.file, file_id)
        if file is None:
            return Response(status_code=404)
        guard = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"}
        return Response(file.content, media_type=file.mime_type, headers=guard)

    def _mark(self, file_id: str, ends: str) -> str:
        key = f"simulator file:{self._phone.config.app_secret}".encode()
        return hmac.new(key, f"{file_id}:{ends}".encode(), hashlib.sha256).hexdigest()
