"""The way in: verify over the raw bytes, commit, answer 200. What it means is worked out afterwards."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.inbox import RawEvent, Receivers
from wa_integrasi.providers.base import Receiver, SignatureError
from wa_integrasi.providers.wire import is_json
from wa_integrasi.web.commits import NotKeptError, SharedCommits
from wa_integrasi.web.metrics import Answer, Metrics

BODY_LIMIT = 3 * 1024 * 1024
"""Bytes; the largest payload that Meta sends (Cloud API, webhooks)."""

_LONG = 256 * 1024
"""Bytes from which on reading a body takes so long that others would feel it."""

_OK: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
_NO_BODY: Message = {"type": "http.response.body", "body": b""}

_RETRY_AFTER = {"Retry-After": "5"}
_NOT_KEPT = {
    Answer.BUSY: "too much at once; send it again",
    Answer.STORE_AWAY: "the store is away; send it again",
    Answer.REFUSED_BY_STORE: "this could not be stored; send it again",
}

log = logging.getLogger(__name__)


def webhook_routes(
    commits: SharedCommits, receivers: Receivers, metrics: Metrics, clock: Clock = utc_now
) -> list[BaseRoute]:
    """The routes of every provider."""
    return [Route("/webhooks/{provider}/{account}", _Webhooks(commits, receivers, metrics, clock))]


@dataclass(frozen=True, slots=True)
class _Webhooks:
    """The address of all webhooks, as a plain ASGI app: of what a framework does for a request it needs little."""

    commits: SharedCommits
    receivers: Receivers
    metrics: Metrics
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method == "POST":
            try:
                await self._take(request, receive)
            except ClientDisconnect:
                return  # in the middle of its body: there is nobody to answer
            await send(_OK)
            await send(_NO_BODY)
        elif request.method in ("GET", "HEAD"):
            await self._handshake(request)(scope, receive, send)
        else:
            raise HTTPException(405, headers={"Allow": "GET, HEAD, POST"})

    def _receiver(self, request: Request) -> tuple[str, str, Receiver]:
        provider, account = request.path_params["provider"], request.path_params["account"]
        try:
            return provider, account, self.receivers[provider, account]
        except KeyError:
            self.metrics.count(Answer.UNKNOWN_ACCOUNT)
            raise HTTPException(404, "no such account") from None

    def _handshake(self, request: Request) -> Response:
        provider, account, receiver = self._receiver(request)
        try:
            challenge = receiver.handshake(request.query_params)
        except SignatureError as error:
            self.metrics.count(Answer.HANDSHAKE_REFUSED, provider, account)
            raise HTTPException(403, str(error)) from error
        self.metrics.count(Answer.HANDSHAKE, provider, account)
        return PlainTextResponse(challenge)

    async def _take(self, request: Request, receive: Receive) -> None:
        """Return once the webhook is committed; whatever else becomes of it is an `HTTPException`."""
        provider, account, receiver = self._receiver(request)
        body = await _read(receive)
        if body is None:
            self.metrics.count(Answer.TOO_LARGE, provider, account)
            raise HTTPException(413, f"more than {BODY_LIMIT} bytes")
        query = cast(bytes, request.scope["query_string"]).decode("latin-1")
        try:
            kept = receiver.verify(request.headers, body, query)
        except SignatureError as error:
            self.metrics.count(Answer.WRONG_SIGNATURE, provider, account)
            log.warning("webhook for %s/%s refused: %s", provider, account, error)
            raise HTTPException(401, str(error)) from error
        if receiver.sends_json and not (is_json(body) if len(body) < _LONG else await asyncio.to_thread(is_json, body)):
            self.metrics.count(Answer.NOT_JSON, provider, account)
            raise HTTPException(400, "not JSON")
        try:
            await self.commits.keep(RawEvent(provider, account, kept, self.clock()))
        except NotKeptError as error:
            self.metrics.count(error.answer, provider, account)
            raise HTTPException(503, _NOT_KEPT[error.answer], _RETRY_AFTER) from error
        self.metrics.count(Answer.STORED, provider, account)


async def _read(receive: Receive) -> bytes | None:
    """The raw body, given up as soon as it is too long: None then."""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > BODY_LIMIT:
            return None
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
