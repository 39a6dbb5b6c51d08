"""Triggers: run on demand, and what became of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.commands import CommandQueue, NewCommand, State
from wa_integrasi.commands.given import GivenError, read_given
from wa_integrasi.commands.grammar import Reader as ArgumentReader
from wa_integrasi.commands.grammar import Setting, dump
from wa_integrasi.keys import Scope
from wa_integrasi.recipient import Recipient
from wa_integrasi.web.api import going, models
from wa_integrasi.web.api.asking import Asker, Changer, Done, Effect, Reader
from wa_integrasi.web.api.door import KeyedRoute
from wa_integrasi.web.api.openapi import ID, answers, needs
from wa_integrasi.web.api.problems import Fault, Problem

Triggers = Callable[[], Mapping[str, Trigger]]
"""The triggers that there are now, by their names. It is called in a thread, and may ask the store."""


def command_routes(triggers: Triggers, group_ids: Mapping[str, str], zone: ZoneInfo) -> APIRouter:
    """The routes; `group_ids` are the groups that the catalog leaves to the environment, `zone` says what today is."""
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
            HTTPStatus.ACCEPTED, lambda looking: _prepared(asker, looking, name, body, triggers, group_ids, zone)
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
    zone: ZoneInfo,
) -> Effect:
    store = asker.door.store
    trigger = triggers().get(name)
    if trigger is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no_trigger", f"no trigger is called {name}")
    going.check_account(store, looking, asker.key, body.account)
    person = going.one_recipient(store, "recipient", body.recipient, group_ids)
    arguments = _arguments(trigger, body.arguments, Setting("en", asker.door.clock().astimezone(zone).date()))
    going.check_goes(looking, body.account, asker.door.clock())
    if going.opted_out(looking, body.account, [person]):
        raise going.refused_for_consent()
    wanted = NewCommand(
        account=body.account,
        chat=person.chat,
        trigger=name,
        arguments=arguments or None,
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


def _arguments(trigger: Trigger, given: Mapping[str, models.Argument], setting: Setting) -> dict[str, Any]:
    """The trigger's arguments as they are kept. Raises `Problem`, which names all that are wrong."""
    readers = [ArgumentReader.of(argument) for argument in trigger.arguments]
    try:
        return dump(read_given(readers, given, setting))
    except GivenError as error:
        faults = [Fault(f"arguments.{name}", reason) for name, reason in error.faults.items()]
        detail = "; ".join(f"{fault.field}: {fault.reason}" for fault in faults)
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, faults=faults) from None


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
