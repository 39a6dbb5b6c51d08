"""A first look at the message ledger: how many messages stand where, and the newest ones with their numbers masked."""

from __future__ import annotations

import asyncio

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from wa_integrasi.history import History

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def console_routes(history: History) -> list[Route]:
    """The pages of the console."""
    pages = Environment(loader=PackageLoader("wa_integrasi.web", "pages"), autoescape=select_autoescape())

    async def messages(request: Request) -> Response:
        report, slot = (request.query_params.get(name) or None for name in ("report", "slot"))
        counts, newest = await asyncio.gather(
            asyncio.to_thread(history.counts),
            asyncio.to_thread(history.messages, report=report, slot=slot, limit=30),
        )
        page = pages.get_template("messages.html").render(counts=counts, messages=newest)
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})

    return [Route("/console", messages)]
