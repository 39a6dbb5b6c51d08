"""What every request passes: key, rate, scope, body; and how it leaves, whatever becomes of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError

from wa_integrasi.audit.log import AuditOutcome, audit
from wa_integrasi.clock import Clock
from wa_integrasi.keys import ApiKey, Keyring, Scope
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.web.api.bodies import CheckedRequest, read_json
from wa_integrasi.web.api.problems import Problem, invalid, store_away
from wa_integrasi.web.api.rates import Rates
from wa_integrasi.web.metrics import Metrics

T = TypeVar("T")

SECURITY = "ApiKey"
HEADER = "X-API-Key"

_THREADS = 2
"""Few: what other programs ask must not hold up webhooks, nor take all connections of the store."""
_WAITING = 200

_REFUSALS = {
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
_NO_REFUSALS = {"store_away", "busy", "still_running"}
"""Of these statuses those that say nothing of what was asked."""

log = logging.getLogger(__name__)


class Door:
    """Who may come in, how often, and the threads in which the store is asked for them."""

    def __init__(self, store: Store, keyring: Keyring, metrics: Metrics, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.rates = Rates(time.monotonic)
        self.metrics = metrics
        self._keyring = keyring
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="api")
        self._waiting = 0

    def close(self) -> None:
        """Let no more work begin."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, work: Callable[[], T]) -> T:
        """Do work that blocks; what waits is bounded. Raises `Problem`."""
        if self._waiting >= _WAITING:
            detail = "too many requests wait; send it again"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail, retry_after=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    async def known(self, presented: str) -> ApiKey:
        """Whose key this is. Raises `Problem`, the same for every key that is none."""
        key = await self.run(lambda: self._keyring.find(presented))
        if key is None:
            headers = {"WWW-Authenticate": SECURITY}
            raise Problem(HTTPStatus.UNAUTHORIZED, "no_key", f"{HEADER} must be a key that is good", headers=headers)
        return key

    async def note_refusal(self, key: ApiKey, action: str, problem: Problem) -> None:
        """Write down that a change was refused, and why."""
        details: dict[str, Any] = {"status": int(problem.status), "code": problem.code}
        if problem.faults:
            details["fields"] = [fault.field for fault in problem.faults]

        def write() -> None:
            with self.store.writing() as connection:
                audit(connection, self.clock(), key.actor, action, outcome=AuditOutcome.REFUSED, details=details)

        try:
            await self.run(write)
        except (Problem, StoreError, SQLAlchemyError) as error:
            log.warning("a refusal of %s for %s is not in the audit: %s", action, key.name, type(error).__name__)


class KeyedRoute(APIRoute):
    """A route that needs a key with the scope that its documentation names."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        handle = super().get_route_handler()
        [[scope]] = [requirement[SECURITY] for requirement in (self.openapi_extra or {})["security"]]

        async def answer(request: Request) -> Response:
            visit = _Visit(request, self, Scope(scope))
            return await visit.answered(handle)

        return answer


class _Visit:
    """One request on its way through the door."""

    def __init__(self, request: Request, route: KeyedRoute, scope: Scope) -> None:
        self._request = request
        self._route = route
        self._scope = scope
        self._door: Door = request.app.state.door
        self._key: ApiKey | None = None
        self._headers: dict[str, str] = {}

    async def answered(self, handle: Callable[[Request], Coroutine[Any, Any, Response]]) -> Response:
        """The answer, whatever happens; counted, and if a change was refused, in the audit."""
        try:
            response = await handle(await self._let_in())
        except (Problem, RequestValidationError, StoreError, SQLAlchemyError) as error:
            problem = _problem(error)
            response = problem.answer()
            refused = problem.status in _REFUSALS and problem.code not in _NO_REFUSALS
            if self._key is not None and refused and self._request.method == "POST":
                await self._door.note_refusal(self._key, self._route.name, problem)
        response.headers.update(self._headers)
        key = self._key.name if self._key else ""
        self._door.metrics.count_request(f"/api{self._route.path}", self._request.method, response.status_code, key)
        return response

    async def _let_in(self) -> Request:
        self._key = key = await self._door.known(self._request.headers.get(HEADER, ""))
        allowance = self._door.rates.spend(key.name, key.per_minute)
        self._headers = allowance.headers()
        if allowance.wait_s:
            detail = f"more than {allowance.limit} requests a minute"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too_often", detail, retry_after=allowance.wait_s)
        if self._scope not in key.scopes:
            raise Problem(HTTPStatus.FORBIDDEN, "no_scope", f"this key has no scope {self._scope}")
        checked = CheckedRequest(self._request.scope, self._request.receive)
        checked.state.key, checked.state.action = key, self._route.name
        if self._route.body_field is not None:
            checked.checked = await read_json(self._request)
        return checked


def _problem(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return invalid(error.errors())
        case _:
            log.error("the store does not answer: %s", type(error).__name__)
            return store_away()
