"""How the accounts stand."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from wa_integrasi.accounts import known_accounts
from wa_integrasi.keys import Scope
from wa_integrasi.providers.base import HasSession
from wa_integrasi.providers.channels import SENDERS
from wa_integrasi.session import is_of_session
from wa_integrasi.web.api import going, models
from wa_integrasi.web.api.asking import Asker, Reader
from wa_integrasi.web.api.door import KeyedRoute
from wa_integrasi.web.api.openapi import answers, needs


def session_routes() -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1", route_class=KeyedRoute, tags=["session"])

    @router.get(
        "/session",
        response_model=models.Session,
        responses=answers(401, 403, 429, 503),
        openapi_extra=needs(Scope.READ),
    )
    async def get_session(asker: Reader) -> JSONResponse:
        """Say of every account that the key may use whether it sends, and if not, why."""
        found = await asker.look(lambda: _session(asker, asker.door.clock()))
        return JSONResponse(found.model_dump(mode="json"))

    return router


def _session(asker: Asker, now: datetime) -> models.Session:
    store = asker.door.store
    channels: dict[str, str | None] = {"default": None}
    channels |= {account.name: account.provider for account in known_accounts(store)}
    states = []
    with store.reading() as connection:
        for account, channel in sorted(channels.items()):
            if asker.key.may_use(account):
                breaker, held = going.is_held(connection, account, now)
                lost = is_of_session(breaker.code or "")
                states.append(
                    models.AccountState(
                        account=account,
                        channel=channel,
                        sends=not held,
                        circuit=breaker.circuit.value,
                        session=("lost" if lost else "good") if _has_session(channel) else None,
                        code=breaker.code or None,
                        reason=breaker.reason or None,
                        until=breaker.until,
                    )
                )
    return models.Session(accounts=states)


def _has_session(channel: str | None) -> bool:
    sender = SENDERS.get(channel or "")
    return sender is not None and issubclass(sender, HasSession)
