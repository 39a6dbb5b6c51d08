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

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wa_integrasi.providers.wire import storable
from wa_integrasi.simulator.graph import authorise, authorise_request, message_id, unknown_number
from wa_integrasi.simulator.phone_store import File, Line
from wa_integrasi.simulator.refusals import GraphError

if TYPE_CHECKING:
    from wa_integrasi.simulator.phone import Phone

FILE_LIMIT = 16 * 1024 * 1024
"""Bytes: enough for a demonstration; a document may have 100 MB at Meta."""

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
    # Shaped like Meta's ids.
    file = File(str(secrets.randbelow(9 * 10**15) + 10**15), mime_type, hashlib.sha256(content).digest(), content)
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


class MediaRoutes:
    """The two endpoints. Both want the token."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

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
