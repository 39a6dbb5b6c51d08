"""Files of ours for providers that fetch them: one file an address, signed, for a while. No listing, no folder."""

from __future__ import annotations

import asyncio
import logging

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wa_integrasi.files import FileGoneError, LinkError, OutgoingFiles

_AT_ONCE = 4
"""Files that are in memory at a time; who comes meanwhile waits."""

_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

log = logging.getLogger(__name__)


def file_routes(files: OutgoingFiles | None) -> list[Route]:
    """`/files/TOKEN/NAME`; nothing is there where no addresses are made."""
    if files is None or files.links is None:
        return []
    links, turns = files.links, asyncio.Semaphore(_AT_ONCE)

    async def file(request: Request) -> Response:
        token, name = request.path_params["token"], request.path_params["name"]
        try:
            sha256 = links.named(token, name)
        except LinkError as error:
            return PlainTextResponse(str(error), 410 if error.over else 404, _HEADERS)
        try:
            async with turns:
                found = await asyncio.to_thread(files.read, sha256, name)
        except FileGoneError:
            return PlainTextResponse("no such file", 404, _HEADERS)
        except OSError as error:
            log.error("a file cannot be read: %s", error.strerror)  # noqa: TRY400 - its path holds what it is of
            return PlainTextResponse("the file cannot be read now", 503, _HEADERS | {"Retry-After": "5"})
        shown = {"Content-Disposition": f'inline; filename="{name}"'}
        return Response(found.content, media_type=found.mime_type, headers=_HEADERS | shown)

    return [Route("/files/{token}/{name}", file, methods=["GET"])]
