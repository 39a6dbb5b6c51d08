"""The document that describes the API: what FastAPI makes of the routes, and what it cannot know."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, PackageLoader

from wa_integrasi.keys import Scope
from wa_integrasi.web.api.door import HEADER, SECURITY
from wa_integrasi.web.api.models import LARGEST_ID, ProblemDocument, ProblemFault
from wa_integrasi.web.api.problems import MEDIA_TYPE

ID: dict[str, Any] = {"ge": 1, "le": LARGEST_ID}
"""What an id in an address may be."""

_GOOD = {200: "As it stands now.", 201: "It was filed.", 202: "It is kept, and will be done."}
_MEANINGS = {
    400: "The body is no JSON that can be kept.",
    401: "No key, or none that is good.",
    403: "The key lacks the scope, or may not use the account.",
    404: "There is no such thing, or the key may not use its account.",
    409: "The recipient wants no messages; or the same request is being carried out.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "A field cannot be taken as it is; or the Idempotency-Key was used for another request.",
    429: "More requests in a minute than the key may send.",
    503: "The account is held, or the store is away. Nothing was taken.",
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
_RETRY_AFTER = {"description": "Seconds after which to ask again.", "schema": {"type": "integer", "minimum": 1}}
_RATE = {
    "RateLimit-Policy": {"description": "How many requests a key has in how many seconds.", **_TEXT},
    "RateLimit": {"description": "How many are left, and in how many seconds there are more.", **_TEXT},
}
_CHANGED = {
    "Location": {"description": "Where it can be looked up, if it can.", **_TEXT},
    "Idempotent-Replayed": {"description": "`true` where this is the answer to the same request before.", **_TEXT},
}
_ABOUT = """Send messages and templates, run triggers, file complaints, look up what became of them.

Every request needs a key in `X-API-Key` (`wa key create`). What goes wrong is `application/problem+json`, with a
`code` for programs. A change that carries an `Idempotency-Key` may be sent again for 24 hours and happens once."""


def needs(scope: Scope) -> dict[str, Any]:
    """What a route says of the key that it needs."""
    return {"security": [{SECURITY: [scope.value]}]}


def answers(*statuses: int, changes: bool = False, of: int = 200) -> dict[int | str, dict[str, Any]]:
    """What a route says of its answers: the good one (`of`), and each problem."""
    good: dict[int | str, dict[str, Any]] = {
        of: {"description": _GOOD[of], "headers": {**_RATE, **(_CHANGED if changes else {})}}
    }
    return good | {status: _problem(status) for status in statuses}


def _problem(status: int) -> dict[str, Any]:
    headers = {} if status == HTTPStatus.UNAUTHORIZED else dict(_RATE)
    if status in (HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = _RETRY_AFTER
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": _MEANINGS[status],
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": schema}},
    }


def add_description(app: FastAPI) -> None:
    """Show the document, and a page made of it. Both are made when somebody first asks for them."""
    page = Environment(loader=PackageLoader("wa_integrasi.web", "pages"), autoescape=True)
    made = lru_cache(lambda: document(app))

    async def openapi(_: Request) -> Response:
        return JSONResponse(made())

    async def docs(_: Request) -> Response:
        shown = page.get_template("api.html").render(api=made())
        return HTMLResponse(shown, headers={"Content-Security-Policy": _POLICY})

    app.add_route("/openapi.json", openapi)
    app.add_route("/docs", docs)


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the app."""
    made = get_openapi(
        title="WA-Integrasi Bot API",
        version="1",
        openapi_version="3.1.0",
        description=_ABOUT,
        routes=app.routes,
        servers=[{"url": "/api"}],
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    problem.pop("$defs")
    schemas |= {"Problem": problem, "ProblemFault": ProblemFault.model_json_schema()}
    components["securitySchemes"] = {
        SECURITY: {
            "type": "apiKey",
            "in": "header",
            "name": HEADER,
            "description": "A key of `wa key create`, or `WA_BOT_API_KEY`. It has some of the scopes "
            + ", ".join(f"`{scope}`" for scope in Scope),
        }
    }
    return made
