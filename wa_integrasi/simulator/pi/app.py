"""PI Web API over HTTP: who is let in, where a request goes, batches, and the trouble that it is told to make."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wa_integrasi.simulator.pi.config import PiSimulation
from wa_integrasi.simulator.pi.points import Directory, selected
from wa_integrasi.simulator.pi.reading import READINGS, Asked, PiRefusalError

_ROOT = "/piwebapi"
_BODY_LIMIT = 4_000_000
_TOKEN_LASTS_S = 3_600
Answer = tuple[int, dict[str, Any]]


def pi_app(simulation: PiSimulation) -> Starlette:
    """A simulated PI Web API at `/piwebapi`, and a token service at `/token`, as an application of its own."""
    server = _Server(simulation)
    return Starlette(
        routes=[
            Route("/token", server.token, methods=["POST"]),
            Route(f"{_ROOT}/batch", server.batch, methods=["POST"]),
            Route(_ROOT, server.get),
            Route(f"{_ROOT}/{{path:path}}", server.get),
        ]
    )


class _Server:
    """The endpoints of one simulation."""

    def __init__(self, simulation: PiSimulation) -> None:
        self._simulation = simulation
        self._directory = Directory(simulation)

    async def token(self, request: Request) -> Response:
        """OAuth 2 client credentials."""
        form = parse_qs((await _body(request)).decode("utf-8", "replace"))
        client, given = self._simulation.client, _basic(request)
        if client is None or given is None or not _same(":".join(client), given):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") != ["client_credentials"]:
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        answer = {"access_token": _token_of(client), "token_type": "Bearer", "expires_in": _TOKEN_LASTS_S}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def get(self, request: Request) -> Response:
        """Anything that is read."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        path, query = request.path_params.get("path", ""), request.url.query
        status, body = await asyncio.to_thread(self._answer, path, query)
        return self._sent(status, body)

    async def batch(self, request: Request) -> Response:
        """Many readings in one request."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        if not request.headers.get("X-Requested-With"):
            return JSONResponse({"Errors": ["A required X-Requested-With header was not found."]}, 400)
        try:
            asked = json.loads(await _body(request))
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict) or not all(isinstance(each, dict) for each in asked.values()):
            return JSONResponse({"Errors": ["The batch could not be read."]}, 400)
        return self._sent(207, await asyncio.to_thread(self._answers, asked))

    def _refusal(self, request: Request) -> Response | None:
        """What keeps a request out, if anything does."""
        faults = self._simulation.faults
        if not self._is_known(request):
            return _denied({"WWW-Authenticate": 'Basic realm="127.0.0.1"'})
        if faults.refuse_next:
            status, headers = faults.refuse_next.popleft()
            return (
                _denied(headers) if status == 401 else JSONResponse(_errors("An error has occurred."), status, headers)
            )
        return None

    def _sent(self, status: int, body: dict[str, Any]) -> Response:
        faults = self._simulation.faults
        if status < 300 and faults.exception_next:
            body = {"WebException": _exception(faults.exception_next.popleft())}
        return JSONResponse(body, status, {"Cache-Control": "no-store"})

    def _is_known(self, request: Request) -> bool:
        simulation = self._simulation
        scheme, _, word = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic" and simulation.password:
            given = _basic(request)
            return given is not None and _same(f"{simulation.username}:{simulation.password}", given)
        if scheme.lower() == "bearer":
            known = simulation.tokens | ({_token_of(simulation.client)} if simulation.client else set())
            return any(_same(token, word.strip()) for token in known)
        return False

    def _answers(self, asked: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        answers = {}
        for key, request in asked.items():
            parts = urlsplit(str(request.get("Resource", "")))
            _, root, path = parts.path.partition(_ROOT)
            if request.get("Method") != "GET" or not root or path.strip("/") == "batch":
                status, body = 400, _errors("The request is not supported.")
            else:
                status, body = self._answer(unquote(path), parts.query)
            answers[key] = {"Status": status, "Headers": {"Content-Type": "application/json"}, "Content": body}
        return answers

    def _answer(self, path: str, query: str) -> Answer:
        """The status and body of one GET."""
        simulation = self._simulation
        asked = Asked(simulation, parse_qs(query, keep_blank_values=True), simulation.now())
        try:
            body = self._found(path.strip("/").split("/"), asked)
        except PiRefusalError as refusal:
            return refusal.status, _errors(str(refusal))
        fields = asked.one("selectedFields", "")
        return 200, selected(body, fields) if fields else body

    def _found(self, path: list[str], asked: Asked) -> dict[str, Any]:
        directory = self._directory
        match path:
            case [""]:
                names = ("Self", "AssetServers", "DataServers", "System")
                return {"Links": {name: f"{_ROOT}/{name.lower()}" for name in names}}
            case ["dataservers"]:
                return directory.servers(asked)
            case ["dataservers", web_id, "points"]:
                return directory.listed(asked, web_id)
            case ["points"]:
                return directory.by_path(asked.one("path", ""))
            case ["points", web_id]:
                return directory.by_web_id(web_id)
            case ["streams", web_id, kind] if kind in READINGS:
                return self._stream(web_id, kind, asked)
            case ["streamsets", kind] if kind in READINGS:
                return self._set(kind, asked)
        raise PiRefusalError(404, "No such controller.")

    def _stream(self, web_id: str, kind: str, asked: Asked) -> dict[str, Any]:
        tag = self._directory.tag(web_id)
        if tag is None:
            raise PiRefusalError(404, "Unknown or invalid WebID.")
        if status := self._simulation.faults.broken_tags.get(tag.name, tag.broken):
            raise PiRefusalError(status, "The point cannot be read.")
        return READINGS[kind](asked, tag)

    def _set(self, kind: str, asked: Asked) -> dict[str, Any]:
        """Many streams; one that cannot be read is an item with a `WebException`, or spoils all of an older server."""
        items = []
        for web_id in asked.query.get("webId") or []:
            tag = self._directory.tag(web_id)
            item: dict[str, Any] = {"WebId": web_id}
            if tag is not None:
                item |= {"Name": tag.name, "Path": self._directory.path(tag), "Links": {}}
            try:
                body = self._stream(web_id, kind, asked)
                item |= {"Value": body} if kind == "value" else body
            except PiRefusalError as refusal:
                if self._simulation.faults.strict_sets or tag is None or refusal.status == 400:
                    raise PiRefusalError(400, str(refusal)) from None
                item["WebException"] = _exception(refusal.status)
            items.append(item)
        if not items:
            raise PiRefusalError(400, "The parameter webId is required.")
        if sum(len(item.get("Items", ())) for item in items) > self._simulation.max_items:
            raise PiRefusalError(400, "The number of values requested is too large.")
        return {"Links": {}, "Items": items}


def _denied(headers: dict[str, str]) -> Response:
    return JSONResponse({"Message": "Authorization has been denied for this request."}, 401, headers)


def _exception(status: int) -> dict[str, Any]:
    return {"Errors": ["An error has occurred."], "StatusCode": status}


def _errors(text: str) -> dict[str, Any]:
    return {"Errors": [text]}


def _token_of(client: tuple[str, str]) -> str:
    return hashlib.sha256(":".join(client).encode()).hexdigest()


def _basic(request: Request) -> str | None:
    scheme, _, word = request.headers.get("Authorization", "").partition(" ")
    try:
        return base64.b64decode(word, validate=True).decode() if scheme.lower() == "basic" else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _same(secret: str, given: str) -> bool:
    return hmac.compare_digest(secret.encode(), given.encode())


async def _body(request: Request) -> bytes:
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > _BODY_LIMIT:
            raise HTTPException(413)
    return bytes(read)
