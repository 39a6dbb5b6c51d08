"""The way in: verify over the raw bytes, commit, answer 200. What it means is worked out afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wa_integrasi.inbox import Inbox, Receivers
from wa_integrasi.providers.base import Receiver, SignatureError
from wa_integrasi.store.engine import StoreError

BODY_LIMIT = 3 * 1024 * 1024
"""Bytes; the largest payload that Meta sends (Cloud API, webhooks)."""

log = logging.getLogger(__name__)


def webhook_routes(inbox: Inbox, receivers: Receivers, wake: Callable[[], None]) -> list[Route]:
    """The routes of every provider; `wake` is called when a new event has been committed."""

    def receiver_of(request: Request) -> tuple[tuple[str, str], Receiver]:
        key = (request.path_params["provider"], request.path_params["account"])
        if key not in receivers:
            raise HTTPException(404, "no such account")
        return key, receivers[key]

    async def handshake(request: Request) -> Response:
        _, receiver = receiver_of(request)
        try:
            return PlainTextResponse(receiver.handshake(request.query_params))
        except SignatureError as error:
            raise HTTPException(403, str(error)) from error

    async def receive(request: Request) -> Response:
        (provider, account), receiver = receiver_of(request)
        body = await _read(request)
        try:
            kept = receiver.verify(request.headers, body, request.url.query)
        except SignatureError as error:
            log.warning("webhook for %s/%s refused: %s", provider, account, error)
            raise HTTPException(401, str(error)) from error
        try:
            new = await asyncio.to_thread(inbox.keep, provider, account, kept)
        except (StoreError, SQLAlchemyError) as error:
            log.error("webhook for %s/%s not stored: %s", provider, account, type(error).__name__)  # noqa: TRY400 - no values in logs
            raise HTTPException(503, "the store is away; send it again", {"Retry-After": "5"}) from error
        if new:
            wake()
        return Response()

    path = "/webhooks/{provider}/{account}"
    return [Route(path, handshake, methods=["GET"]), Route(path, receive, methods=["POST"])]


async def _read(request: Request) -> bytes:
    """The raw body, given up as soon as it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise HTTPException(413, f"more than {BODY_LIMIT} bytes")
    return bytes(body)
