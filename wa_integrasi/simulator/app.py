"""The phone over HTTP: the Cloud API's send endpoint, the page that shows the phone, and its keyboard."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from wa_integrasi.content import CAPTION_LIMIT, TEXT_LIMIT
from wa_integrasi.providers.wire import json_object, storable
from wa_integrasi.recipient import Kind, Recipient, RecipientError
from wa_integrasi.simulator.graph import (
    MessageRequest,
    ReadRequest,
    authorise_request,
    read_request,
    unknown_number,
)
from wa_integrasi.simulator.media import FILE_LIMIT, MediaRoutes, body_of, is_mime_type
from wa_integrasi.simulator.page import chats_view, page
from wa_integrasi.simulator.phone import Phone, PhoneConfig
from wa_integrasi.simulator.refusals import GraphError, invalid

_REQUEST_LIMIT = 256_000
_LONGEST_PAGE = 250
_LONGEST_NAME = 240
_GUARD = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


def simulator_app(phone: Phone | PhoneConfig) -> Starlette:
    """The phone as a sub-application; the phone itself is `app.state.phone`.

    Run on its own, the app's lifespan enters `Phone.running`. Mounted into another app it does not, since Starlette
    runs no lifespan of a mounted app: the parent enters `app.state.phone.running()` in its own.
    """
    if isinstance(phone, PhoneConfig):
        phone = Phone(phone)
    routes, media = _Routes(phone), MediaRoutes(phone)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with phone.running():
            yield

    app = Starlette(
        routes=[
            Route("/", routes.show),
            Route("/chats.json", routes.chats),
            Route("/messages.json", routes.messages),
            Route("/type", routes.type, methods=["POST"]),
            Route("/attach", routes.attach, methods=["POST"]),
            Route("/choose", routes.choose, methods=["POST"]),
            Route("/file/{file}", media.content),
            Route("/picture/{file:int}", media.picture),
            Route("/{version}/{number}/media", media.upload, methods=["POST"]),
            Route("/{version}/{file:int}", media.describe),
            Route("/{version}/{number}/messages", routes.send, methods=["POST"]),
            Route("/{version}/{account}/message_templates", routes.templates),
        ],
        lifespan=lifespan,
    )
    app.state.phone = phone
    return app


class _Routes:
    """The endpoints of one phone."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    async def show(self, _: Request) -> Response:
        """The page. Its one script and one style sheet carry a nonce; nothing else may run or load."""
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' data:; "
            "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        html = await asyncio.to_thread(page, nonce, self._phone.config.display_number)
        return HTMLResponse(html, headers={**_GUARD, "Content-Security-Policy": policy})

    async def chats(self, request: Request) -> Response:
        """What the page shows; 204 while nothing has changed since `after`."""
        store, zone = self._phone.store, self._phone.config.timezone
        chat = request.query_params.get("chat")
        revision = await asyncio.to_thread(store.revision)
        if request.query_params.get("after") == str(revision):
            return Response(status_code=204, headers=_GUARD)
        view = await asyncio.to_thread(chats_view, store, zone, chat)
        typing = {"typing": self._phone.typing_for(chat)} if chat else {}
        return JSONResponse({"revision": revision, **view, **typing}, headers=_GUARD)

    async def messages(self, request: Request) -> Response:
        """What the phone has received, of one `chat` or of all."""
        received = await asyncio.to_thread(self._phone.messages, request.query_params.get("chat"))
        return JSONResponse(received, headers=_GUARD)

    async def type(self, request: Request) -> Response:
        """`{from, text}`: the owner of a number types. Pages of other sites cannot make the browser do it."""
        _same_site(request)
        try:
            typed = json_object(await body_of(request, _REQUEST_LIMIT))
            sender = Recipient.parse(str(typed.get("from", "")))
        except RecipientError:
            return JSONResponse({"error": "Nomor itu bukan nomor telepon."}, 422)
        except ValueError:
            return JSONResponse({"error": "Isinya bukan JSON."}, 400)
        text = typed.get("text")
        if sender.kind not in (Kind.PHONE, Kind.BSUID):
            return JSONResponse({"error": "Hanya nomor telepon yang bisa mengetik."}, 422)
        if not isinstance(text, str) or not text.strip() or len(text) > TEXT_LIMIT:
            return JSONResponse({"error": f"Pesan harus 1 sampai {TEXT_LIMIT} karakter."}, 422)
        return JSONResponse({"id": await self._phone.type(sender.chat, text), "chat": sender.chat})

    async def attach(self, request: Request) -> Response:
        """The bytes of a file, with `from`, `type`, `name`, `caption` in the query: the owner of a number sends it."""
        _same_site(request, "application/octet-stream")
        query = request.query_params
        mime_type = query.get("type", "").partition(";")[0].strip().lower() or "application/octet-stream"
        try:
            sender = Recipient.parse(query.get("from", ""))
        except RecipientError:
            return JSONResponse({"error": "Nomor itu bukan nomor telepon."}, 422)
        if sender.kind not in (Kind.PHONE, Kind.BSUID) or not is_mime_type(mime_type):
            return JSONResponse({"error": "Berkas ini tidak bisa dikirim."}, 422)
        content = await body_of(request, FILE_LIMIT)
        name, caption = query.get("name", "")[:_LONGEST_NAME], query.get("caption", "")
        if not content or len(caption) > CAPTION_LIMIT:
            return JSONResponse({"error": "Berkas kosong, atau keterangannya terlalu panjang."}, 422)
        message = await self._phone.attach(sender.chat, content, mime_type, name or "berkas", caption)
        return JSONResponse({"id": message, "chat": sender.chat})

    async def choose(self, request: Request) -> Response:
        """`{from, message, choice}`: the owner of a number taps a button or a row of a message."""
        _same_site(request)
        try:
            tapped = json_object(await body_of(request, _REQUEST_LIMIT))
        except ValueError:
            return JSONResponse({"error": "Isinya bukan JSON."}, 400)
        chat, asked, choice = (str(tapped.get(key, "")) for key in ("from", "message", "choice"))
        answer = await self._phone.choose(storable(chat), storable(asked), storable(choice))
        if answer is None:
            return JSONResponse({"error": "Pesan itu tidak menawarkan pilihan ini."}, 422)
        return JSONResponse({"id": answer, "chat": chat})

    async def templates(self, request: Request) -> Response:
        """The Cloud API's `GET /v23.0/{waba_id}/message_templates`, page by page."""
        config, query = self._phone.config, request.query_params
        try:
            self._authorised(request)
            if request.path_params["account"] != config.waba_id:
                raise unknown_number()
            start, limit = (int(query.get(key) or default) for key, default in (("after", "0"), ("limit", "25")))
            if not (0 <= start <= len(config.templates) and 0 < limit <= _LONGEST_PAGE):
                raise invalid("Param after or limit is out of range.")
        except ValueError:
            return JSONResponse(invalid("Params after and limit must be integers.").body(), 400)
        except GraphError as error:
            return JSONResponse(error.body(), error.status)
        end = start + limit
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(end)}}
        if end < len(config.templates):
            paging["next"] = str(request.url.include_query_params(after=end))
        return JSONResponse({"data": [each.listed() for each in config.templates[start:end]], "paging": paging})

    async def send(self, request: Request) -> Response:
        """The Cloud API's `POST /v23.0/{phone_number_id}/messages`."""
        phone, faults = self._phone, self._phone.faults
        try:
            wanted = await self._wanted(request)
            if faults.fail_next:
                raise faults.fail_next.popleft()
            if isinstance(wanted, ReadRequest):
                await phone.read(wanted.message_id, typing=wanted.typing)
                return JSONResponse({"success": True})
            message_id = await phone.receive(wanted)
        except GraphError as error:
            await asyncio.sleep(faults.latency_s)
            wait = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
            return JSONResponse(error.body(), error.status, wait)
        drop = faults.drop_answers > 0
        faults.drop_answers -= drop
        await asyncio.sleep(faults.latency_s)
        return _Broken() if drop else JSONResponse(_taken(wanted, message_id))

    async def _wanted(self, request: Request) -> MessageRequest | ReadRequest:
        config = self._phone.config
        self._authorised(request)
        if request.path_params["number"] != config.phone_number_id:
            raise unknown_number()
        try:
            payload = json_object(await body_of(request, _REQUEST_LIMIT))
        except ValueError:
            payload = {}
        return read_request(payload, config.country_code, config.templates)

    def _authorised(self, request: Request) -> None:
        authorise_request(request, self._phone.config.access_token)


class _Broken(Response):
    """An answer that ends before it has said anything: the connection is closed in the middle of the body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4096")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


def _taken(wanted: MessageRequest, message_id: str) -> dict[str, Any]:
    identity = {"wa_id": wanted.chat[1:]} if wanted.chat.startswith("+") else {"user_id": wanted.chat}
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": wanted.given} | identity],
        "messages": [{"id": message_id}],
    }


def _same_site(request: Request, content_type: str = "application/json") -> None:
    """Such a type makes a browser ask first, and nobody allows it; `Origin` says who asks. Raises 403 or 415."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != content_type:
        raise HTTPException(415)
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "same-origin")
    if site != "same-origin" or (origin is not None and urlsplit(origin).netloc != request.headers.get("Host")):
        raise HTTPException(403)
