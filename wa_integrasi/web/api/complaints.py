"""Complaints that other programs file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from wa_integrasi.complaints import Complaint, file_complaint, read_complaint, ticket_of
from wa_integrasi.keys import Scope
from wa_integrasi.web.api import going, models
from wa_integrasi.web.api.asking import Asker, Changer, Done, Effect
from wa_integrasi.web.api.door import KeyedRoute
from wa_integrasi.web.api.openapi import answers, needs


def complaint_routes(group_ids: Mapping[str, str]) -> APIRouter:
    """The routes; `group_ids` are the groups that the catalog leaves to the environment."""
    router = APIRouter(prefix="/v1", route_class=KeyedRoute, tags=["complaints"])

    @router.post(
        "/complaints",
        status_code=HTTPStatus.CREATED,
        response_model=models.Filed,
        responses=answers(400, 401, 403, 409, 413, 415, 422, 429, 503, changes=True, of=201),
        openapi_extra=needs(Scope.SEND),
    )
    async def file_complaint(body: models.NewComplaint, asker: Changer) -> JSONResponse:
        """File a complaint. It is taken also while the account is held: what waits then is its answer."""
        return await asker.change(HTTPStatus.CREATED, lambda looking: _prepared(asker, looking, body, group_ids))

    return router


def _prepared(asker: Asker, looking: Connection, body: models.NewComplaint, group_ids: Mapping[str, str]) -> Effect:
    store = asker.door.store
    going.check_account(store, looking, asker.key, body.account)
    person = going.one_recipient(store, "complainant", body.complainant, group_ids)
    read = read_complaint(body.text) or Complaint(body.text)
    complaint = Complaint(read.text, {**read.fields, **body.fields})

    def effect(connection: Connection, now: datetime) -> Done:
        made = file_complaint(
            connection,
            complaint,
            complainant=person.chat,
            now=now,
            account=body.account,
            filed_by=asker.key.actor,
        )
        ticket = ticket_of(made, now)
        answer = models.Filed(id=made, ticket=ticket, account=body.account, complainant=person.masked, created_at=now)
        details = {"ticket": ticket, "account": body.account, "complainant": person.masked}
        return Done(f"complaint:{made}", answer, None, details)

    return effect
