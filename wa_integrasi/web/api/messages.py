"""Messages: sent, looked up, listed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from wa_integrasi.composing import ComposeError, compose_all
from wa_integrasi.content import Template, Text
from wa_integrasi.history import Entry, History
from wa_integrasi.keys import Scope
from wa_integrasi.message import Status
from wa_integrasi.outbox import NewMessage as OutboxMessage
from wa_integrasi.outbox import Outbox
from wa_integrasi.recipient import Recipient
from wa_integrasi.web.api import going, models
from wa_integrasi.web.api.asking import Asker, Changer, Done, Effect, Reader
from wa_integrasi.web.api.door import KeyedRoute
from wa_integrasi.web.api.openapi import ID, answers, needs
from wa_integrasi.web.api.problems import Problem, wrong

_PLACES = {"body parameter": "body", "header parameter": "header"}


def message_routes(group_ids: Mapping[str, str]) -> APIRouter:
    """The routes; `group_ids` are the groups that the catalog leaves to the environment."""
    router = APIRouter(prefix="/v1", route_class=KeyedRoute, tags=["messages"])

    @router.post(
        "/messages",
        status_code=HTTPStatus.ACCEPTED,
        response_model=models.Queued,
        responses=answers(400, 401, 403, 409, 413, 415, 422, 429, 503, changes=True, of=202),
        openapi_extra=needs(Scope.SEND),
    )
    async def send_message(body: models.NewMessage, asker: Changer) -> JSONResponse:
        """Put a message into the outbox.

        202 says that it is kept and will be sent: before it goes everything is checked that can be. It may be several
        messages, for a list of people or a text that is too long for one.
        """
        return await asker.change(HTTPStatus.ACCEPTED, lambda looking: _prepared(asker, looking, body, group_ids))

    @router.get(
        "/messages",
        response_model=models.MessagePage,
        responses=answers(401, 403, 422, 429, 503),
        openapi_extra=needs(Scope.READ),
    )
    async def list_messages(
        asker: Reader,
        status: Annotated[Status | None, Query(description="Only messages that stand here.")] = None,
        account: Annotated[models.Word | None, Query(description="Only messages of this account.")] = None,
        report: Annotated[models.Word | None, Query(description="Only messages of this report.")] = None,
        slot: Annotated[models.Word | None, Query(description="Such as 2026-11-19.")] = None,
        code: Annotated[models.Word | None, Query(description="Of the last error, such as 131047.")] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="At most so many.")] = 50,
        cursor: Annotated[models.Word | None, Query(description="`next` of the page before.")] = None,
    ) -> JSONResponse:
        """List messages, the newest first."""
        before = _before(cursor) if cursor is not None else None
        history = History(asker.door.store)

        def look() -> list[Entry]:
            return history.messages(
                status=status,
                account=account,
                report=report,
                slot=slot,
                code=code,
                accounts=asker.key.accounts,
                before=before,
                limit=limit + 1,
            )

        found = await asker.look(look)
        page = models.MessagePage(
            messages=[models.MessageSummary(**_summary(entry)) for entry in found[:limit]],
            next=_cursor(found[limit - 1].id) if len(found) > limit else None,
        )
        return JSONResponse(page.model_dump(mode="json"))

    @router.get(
        "/messages/{message_id}",
        response_model=models.Message,
        responses=answers(401, 403, 404, 422, 429, 503),
        openapi_extra=needs(Scope.READ),
    )
    async def get_message(message_id: Annotated[int, Path(**ID)], asker: Reader) -> JSONResponse:
        """Look a message up, with every status that it had."""
        found = await asker.look(lambda: _message(asker, message_id))
        return JSONResponse(found.model_dump(mode="json"))

    return router


def _prepared(asker: Asker, looking: Connection, body: models.NewMessage, group_ids: Mapping[str, str]) -> Effect:
    """Whom a message goes to, and as what; nothing is written yet. Raises `Problem`."""
    store = asker.door.store
    going.check_account(store, looking, asker.key, body.account)
    if isinstance(body.content, Text) and not body.content.body.strip():
        raise wrong("content.body", "must not be blank")
    people = going.recipients(store, "recipient", body.recipient, group_ids)
    going.check_goes(looking, body.account, asker.door.clock())
    unwilling = going.opted_out(looking, body.account, people)
    willing = [person for person in people if person not in unwilling]
    if not willing:
        raise going.refused_for_consent()
    wanted = [_row(body, person) for person in willing]
    composed = compose_all(store, wanted)
    if composed.refused:
        raise _refused(composed.refused[0], body)
    if not composed.messages:
        raise wrong("content", "this channel shows no reactions", "content_refused")
    left_out = [person for person in people if person in unwilling]

    def effect(connection: Connection, _: datetime) -> Done:
        rows = Outbox(store, clock=asker.door.clock).enqueue(composed.messages, connection)
        return _queued(body.account, composed.messages, [row.id for row in rows], left_out)

    return effect


def _row(body: models.NewMessage, person: Recipient) -> OutboxMessage:
    priority = models.PRIORITIES[body.priority]
    return OutboxMessage(person, body.content, account=body.account, priority=priority, reply_to=body.reply_to)


def _refused(error: ComposeError, body: models.NewMessage) -> Problem:
    """What the channel could never send, by the field of the request."""
    if not isinstance(body.content, Template) or error.field in ("content", "recipient"):
        return wrong(error.field, error.reason.removeprefix(f"{error.field}: "), "content_refused")
    kind, _, number = error.field.rpartition(" ")
    if kind in _PLACES:
        place = f"{_PLACES[kind]}.{int(number) - 1}"
    else:
        place = {"button": "buttons", "status": "name"}.get(kind or error.field, error.field)
    reason = error.reason.partition(f", {error.field}: ")[2] or error.reason
    return wrong(f"content.{place}", reason, "template_refused")


def _queued(account: str, messages: Sequence[OutboxMessage], ids: Sequence[int], left_out: Sequence[Recipient]) -> Done:
    parts = [
        models.QueuedPart(
            id=id_,
            recipient=message.recipient.masked,
            status=Status.PENDING,
            part=message.part,
            parts=message.parts,
        )
        for id_, message in zip(ids, messages, strict=True)
    ]
    missing = [
        models.LeftOut(recipient=person.masked, code=going.OPTED_OUT, reason=going.OPTED_OUT_REASON)
        for person in left_out
    ]
    answer = models.Queued(
        id=parts[0].id,
        status=Status.PENDING,
        account=account,
        recipient=parts[0].recipient,
        messages=parts,
        left_out=missing,
    )
    details = {
        "account": account,
        "recipient": answer.recipient,
        "type": messages[0].content.type,
        "messages": list(ids),
        "left_out": len(missing),
    }
    return Done(f"message:{answer.id}", answer, f"/api/v1/messages/{answer.id}", details)


def _message(asker: Asker, message_id: int) -> models.Message:
    history = History(asker.door.store)
    found = history.messages(ids=[message_id], accounts=asker.key.accounts, limit=1)
    if not found:
        raise Problem(HTTPStatus.NOT_FOUND, "no_message", "there is no such message")
    [entry] = found
    wait, held = history.wait_of(message_id), history.held_by(entry.account)
    waits = None
    if wait is not None:
        reason = ": ".join(word for word in held if word) if held else None
        waits = models.Waits(due_at=wait.due_at, behind=wait.behind, held=reason)
    steps = [
        models.StatusStep(status=step.status, at=step.at, error_code=step.error_code, error_text=step.error_text)
        for step in history.steps(message_id)
    ]
    return models.Message(**_summary(entry), waits=waits, steps=steps)


def _summary(entry: Entry) -> dict[str, object]:
    names = [name for name in models.MessageSummary.model_fields if name != "recipient"]
    return {**{name: getattr(entry, name) for name in names}, "recipient": entry.masked}


def _cursor(message_id: int) -> str:
    return base64.urlsafe_b64encode(f"before {message_id}".encode()).decode().rstrip("=")


def _before(cursor: str) -> int:
    try:
        word, _, number = base64.b64decode(f"{cursor}===", b"-_").decode("ascii").partition(" ")
        if word == "before" and number.isdecimal() and 0 < int(number) <= models.LARGEST_ID:
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise wrong("cursor", "must be the next of a page before, as it was given")
