"""The service put together: routes, and the worker that reads what the webhooks have stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from http import HTTPStatus

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from wa_integrasi.audit.sla import Figures, recent
from wa_integrasi.clock import utc_now
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.history import History
from wa_integrasi.inbox import Inbox, Receivers
from wa_integrasi.intake.lag import Lag, lags
from wa_integrasi.intake.routing import Asks, Router, no_commands
from wa_integrasi.outbox import Outbox
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.web.api.app import ApiOptions, create_api
from wa_integrasi.web.api.problems import Problem
from wa_integrasi.web.commits import SharedCommits
from wa_integrasi.web.console import console_routes
from wa_integrasi.web.files import file_routes
from wa_integrasi.web.metrics import Metrics, metrics_route
from wa_integrasi.web.webhooks import webhook_routes
from wa_integrasi.web.working import InboundWork

log = logging.getLogger(__name__)


def create_app(
    store: Store,
    receivers: Receivers,
    *,
    asks: Asks = no_commands,
    api: ApiOptions | None = None,
    files: OutgoingFiles | None = None,
    mounts: Sequence[BaseRoute] = (),
    companions: Sequence[AbstractAsyncContextManager[object]] = (),
) -> Starlette:
    """The ASGI app over an open store.

    `asks` says which messages are commands; `files` are those that providers may fetch. `companions` run as long as the
    app does; `mounts` are further routes.
    """
    outbox = Outbox(store)
    inbox = Inbox(store, outbox)
    work = InboundWork(inbox, Router(store, outbox, asks), receivers, metrics := Metrics())
    woken = asyncio.Event()
    commits = SharedCommits(inbox.keep_all, woken.set, metrics)
    bot_api = create_api(store, metrics, api or ApiOptions())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for companion in companions:
                await stack.enter_async_context(companion)
            worker = asyncio.create_task(work.run(woken, lambda: commits.crowded), name="inbox")
            yield
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            commits.close()
            bot_api.state.door.close()

    def newest() -> list[Figures]:
        with store.reading() as connection:
            return recent(connection, utc_now())

    def waiting() -> list[Lag]:
        with store.reading() as connection:
            return lags(connection, utc_now())

    async def ready(_: Request) -> Response:
        try:
            await asyncio.to_thread(check_revision, store)
        except (StoreError, SQLAlchemyError) as error:
            reason = str(error) if isinstance(error, StoreError) else "the store does not answer"
            return JSONResponse({"ready": False, "reason": reason}, 503)
        return JSONResponse({"ready": True})

    async def alive(_: Request) -> Response:
        return JSONResponse({"alive": True})

    async def start_page(_: Request) -> Response:
        return RedirectResponse("/console")

    routes: list[BaseRoute] = [
        *webhook_routes(commits, receivers, metrics),
        Route("/", start_page),
        Route("/healthz", alive),
        Route("/readyz", ready),
        metrics_route(metrics, inbox.due, waiting, newest),
        *console_routes(History(store)),
        *file_routes(files),
        Mount("/api", bot_api),
        *mounts,
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={StoreError: _store_away, SQLAlchemyError: _store_away, 404: nothing_there},
    )


async def nothing_there(request: Request, _: Exception) -> Response:
    """What has no route; below /api in the shape of the API, whose own routes see no path with a line break."""
    if request.url.path.startswith("/api/"):
        return Problem(HTTPStatus.NOT_FOUND, "not_found", "there is nothing at this path").answer()
    return PlainTextResponse("Not Found", 404)


async def _store_away(_: Request, error: Exception) -> Response:
    """Say in one line that the store is away; which query it was is nobody's business."""
    log.error("the store does not answer: %s", type(error).__name__)
    return PlainTextResponse("the store does not answer", 503, {"Retry-After": "5"})
