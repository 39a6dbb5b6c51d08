"""Triggers: run on demand, and what became of that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from wa_integrasi.commands import CommandQueue, NewCommand, State
from wa_integrasi.keys import Scope
from wa_integrasi.recipient import Recipient
from wa_integrasi.web.api import going, models
from wa_integrasi.web.api.asking import Asker, Changer, Done, Effect, Reader
from wa_integrasi.web.api.door import KeyedRoute
from wa_integrasi.web.api.openapi import ID, answers, needs
from wa_integrasi.web.api.problems import Problem

Triggers = Callable[[], Collection[str]]
"""The names of the triggers that there are now. It is called in a thread, and may ask the store."""


def command_routes(triggers: Triggers, group_ids: Mapping[str, str]) -> APIRouter:
    """The routes; `group_ids` are the groups that the catalog leaves to the environment."""
    router = APIRouter(prefix="/v1", route_class=KeyedRoute, tags=["triggers"])

    @router.post(
        "/triggers/{name}/run",
        status_code=HTTPStatus.ACCEPTED,
        response_model=models.QueuedCommand,
        responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 429, 503, changes=True, of=202),
        openapi_extra=needs(Scope.RUN),
    )
    async def run_trigger(
        name: Annotated[models.TriggerName, Path()], body: models.TriggerRun, asker: Changer
    ) -> JSONResponse:
        """Run a trigger; its answer goes to the recipient."""
        return await asker.change(
            HTTPStatus.ACCEPTED, lambda looking: _prepared(asker, looking, name, body, triggers, group_ids)
        )

    @router.get(
        "/commands/{command_id}",
        response_model=models.CommandState,
        responses=answers(401, 403, 404, 422, 429, 503),
        openapi_extra=needs(Scope.READ),
    )
    async def get_command(command_id: Annotated[int, Path(**ID)], asker: Reader) -> JSONResponse:
        """Look up what became of a trigger that was run."""
        found = await asker.look(lambda: _command(asker, command_id))
        return JSONResponse(found.model_dump(mode="json"))

    return router


def _prepared(
    asker: Asker,
    looking: Connection,
    name: str,
    body: models.TriggerRun,
    triggers: Triggers,
    group_ids: Mapping[str, str],
) -> Effect:
    store = asker.door.store
    if name not in triggers():
        raise Problem(HTTPStatus.NOT_FOUND, "no_trigger", f"no trigger is called {name}")
    going.check_account(store, looking, asker.key, body.account)
    person = going.one_recipient(store, "recipient", body.recipient, group_ids)
    going.check_goes(looking, body.account, asker.door.clock())
    if going.opted_out(looking, body.account, [person]):
        raise going.refused_for_consent()
    wanted = NewCommand(
        account=body.account,
        chat=person.chat,
        trigger=name,
        arguments=body.arguments or None,
        asked_by=asker.key.actor,
    )

    def effect(connection: Connection, _: datetime) -> Done:
        [made] = CommandQueue(store, asker.door.clock).ask([wanted], connection)
        answer = models.QueuedCommand(
            id=made, trigger=name, state=State.WAITING, account=body.account, recipient=person.masked
        )
        details = {"trigger": name, "account": body.account, "recipient": person.masked}
        return Done(f"command:{made}", answer, f"/api/v1/commands/{made}", details)

    return effect


def _command(asker: Asker, command_id: int) -> models.CommandState:
    found = CommandQueue(asker.door.store).find(command_id)
    if found is None or not asker.key.may_use(found.account):
        raise Problem(HTTPStatus.NOT_FOUND, "no_command", "there is no such command")
    return models.CommandState(
        id=found.id,
        trigger=found.trigger,
        state=found.state.value,
        account=found.account,
        recipient=Recipient.of_chat(found.chat).masked,
        attempts=found.attempts,
        created_at=found.created_at,
        ended_at=found.ended_at,
        note=found.note,
    )
