"""The service put together: routes, and the worker that reads what the webhooks have stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from wa_integrasi.history import History
from wa_integrasi.inbox import Inbox, Receivers
from wa_integrasi.outbox import Outbox
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.web.commits import SharedCommits
from wa_integrasi.web.console import console_routes
from wa_integrasi.web.metrics import Metrics, metrics_route
from wa_integrasi.web.webhooks import webhook_routes

_LOOK_AGAIN_S = 1.0
"""How often parked events are looked for; new ones wake the worker at once."""

_STORE_AWAY_S = 5.0

_MANY = 200
_FEW = 50
"""Events read at once; few while webhooks crowd in, since each batch holds them up."""

_YIELD = 9
_LONGEST_YIELD_S = 0.5

log = logging.getLogger(__name__)


def create_app(
    store: Store,
    receivers: Receivers,
    *,
    mounts: Sequence[BaseRoute] = (),
    companions: Sequence[AbstractAsyncContextManager[object]] = (),
) -> Starlette:
    """The ASGI app over an open store. `companions` run as long as it does; `mounts` are further routes."""
    inbox = Inbox(store, Outbox(store))
    woken = asyncio.Event()
    metrics = Metrics()
    commits = SharedCommits(inbox.keep_all, woken.set, metrics)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for companion in companions:
                await stack.enter_async_context(companion)
            worker = asyncio.create_task(_work(inbox, receivers, woken, lambda: commits.crowded), name="inbox")
            yield
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            commits.close()

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
        metrics_route(metrics, inbox.due),
        *console_routes(History(store)),
        *mounts,
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={StoreError: _store_away, SQLAlchemyError: _store_away},
    )


async def _store_away(_: Request, error: Exception) -> Response:
    """Say in one line that the store is away; which query it was is nobody's business."""
    log.error("the store does not answer: %s", type(error).__name__)
    return PlainTextResponse("the store does not answer", 503, {"Retry-After": "5"})


async def _work(
    inbox: Inbox, receivers: Receivers, woken: asyncio.Event, crowded: Callable[[], bool] = lambda: False
) -> None:
    """Act on stored events until cancelled; after any error, such as a store that is away, it waits and goes on.

    While webhooks crowd in, taking them in goes first: a tenth of the time is left for reading them.
    """
    clock = asyncio.get_running_loop().time
    while True:
        woken.clear()
        pause = _LOOK_AGAIN_S
        try:
            began = clock()
            while await asyncio.to_thread(inbox.work, receivers, _FEW if crowded() else _MANY):
                if crowded():
                    await asyncio.sleep(min(_LONGEST_YIELD_S, _YIELD * (clock() - began)))
                began = clock()
        except Exception as error:
            log.warning("stored events wait: %s", error if isinstance(error, StoreError) else type(error).__name__)
            pause = _STORE_AWAY_S
        # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await woken.wait()
