"""The Bot API put together, as an app of its own below `/api`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic import SecretStr
from starlette.exceptions import HTTPException

from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.keys import Keyring
from wa_integrasi.store.engine import Store
from wa_integrasi.web.api.asking import Running
from wa_integrasi.web.api.commands import Triggers, command_routes
from wa_integrasi.web.api.complaints import complaint_routes
from wa_integrasi.web.api.door import Door
from wa_integrasi.web.api.messages import message_routes
from wa_integrasi.web.api.openapi import add_description
from wa_integrasi.web.api.problems import Problem
from wa_integrasi.web.api.sessions import session_routes
from wa_integrasi.web.metrics import Metrics

_NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False}


def _no_triggers() -> Mapping[str, Trigger]:
    return {}


@dataclass(frozen=True)
class ApiOptions:
    """What the API is told from outside."""

    key: SecretStr | None = None
    """`WA_BOT_API_KEY`."""
    group_ids: Mapping[str, str] = field(default_factory=dict)
    """The groups that the catalog leaves to the environment."""
    triggers: Triggers = _no_triggers
    timezone: str = "UTC"
    """Where it is decided what day today is."""


def create_api(store: Store, metrics: Metrics, options: ApiOptions, clock: Clock = utc_now) -> FastAPI:
    """The app. Its door (`app.state.door`) is to be closed when it ends."""
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        telemetry=_NO_TELEMETRY,
        exception_handlers={HTTPException: _http_problem, Exception: _broken},
    )
    key = options.key.get_secret_value() if options.key else None
    app.state.door = Door(store, Keyring(store, key, clock), metrics, clock)
    app.state.running = Running()
    for routes in (
        message_routes(options.group_ids),
        command_routes(options.triggers, options.group_ids, ZoneInfo(options.timezone)),
        complaint_routes(options.group_ids),
        session_routes(),
    ):
        app.include_router(routes)

    add_description(app)
    return app


async def _http_problem(_: Request, error: Exception) -> Response:
    """What the routing refuses: addresses and methods that there are not."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    status = HTTPStatus(error.status_code)
    names = {HTTPStatus.NOT_FOUND: "no_address", HTTPStatus.METHOD_NOT_ALLOWED: "no_method"}
    code = names.get(status, "refused")
    return Problem(
        status, code, f"{status.phrase}; /api/openapi.json says what there is", headers=error.headers
    ).answer()


async def _broken(_: Request, __: Exception) -> Response:
    """Something nobody thought of; the log has it."""
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "broken", "this was not foreseen; the log says more").answer()
