"""Who asks, and how what they ask is carried out: once, in one transaction with its audit and its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Connection

from wa_integrasi.audit.log import audit
from wa_integrasi.keys import ApiKey
from wa_integrasi.store.engine import again_after_deadlock
from wa_integrasi.web.api import idempotency
from wa_integrasi.web.api.door import Door

T = TypeVar("T")

REPLAYED = "Idempotent-Replayed"


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: what it is called in the audit, and the answer."""

    subject: str
    answer: BaseModel
    location: str | None
    """Where it can be looked up, if it can."""
    details: Mapping[str, Any] = field(default_factory=dict)


Effect = Callable[[Connection, datetime], Done]

Prepare = Callable[[Connection], Effect]
"""Looks whether something can be done, and raises `Problem` if not."""


class Running:
    """The requests of this process that are being carried out, by whose they are and what they are called."""

    def __init__(self) -> None:
        self._ends: dict[tuple[str, str], asyncio.Future[None]] = {}

    async def after(self, request: idempotency.Request, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work` once the same request is not being carried out here. Raises `Problem`.

        It holds no thread while it waits. The store sees to it that there is one effect, also with other processes.
        """
        place = (request.actor, request.key)
        if place in self._ends:
            ended, _ = await asyncio.wait([self._ends[place]], timeout=idempotency.WAITS_S)
            if not ended:
                raise idempotency.still_running()
            return await work()
        end = self._ends[place] = asyncio.get_running_loop().create_future()
        try:
            return await work()
        finally:
            del self._ends[place]
            end.set_result(None)


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever sent the request, and by what it can be told from others."""

    key: ApiKey
    door: Door
    running: Running
    action: str
    request: idempotency.Request | None

    async def look(self, work: Callable[[], T]) -> T:
        """Do work that only reads."""
        return await self.door.run(work)

    async def change(self, status: int, prepare: Prepare) -> JSONResponse:
        """Carry out what was asked for, unless it was before: then the first answer comes again.

        What `prepare` returns is committed together with the audit and the answer.
        """
        if self.request is None:
            return await self.door.run(lambda: self._carry_out(status, prepare))
        return await self.running.after(self.request, lambda: self.door.run(lambda: self._carry_out(status, prepare)))

    def _carry_out(self, status: int, prepare: Prepare) -> JSONResponse:
        now, store = self.door.clock(), self.door.store
        with store.reading() as connection:
            if self.request and (first := idempotency.answered(connection, self.request, now)):
                return _again(*first)
            effect = prepare(connection)

        def once() -> JSONResponse:
            with store.writing() as connection:
                if self.request and (first := idempotency.begin(connection, self.request, now)):
                    return _again(*first)
                done = effect(connection, now)
                audit(connection, now, self.key.actor, self.action, done.subject, details=done.details)
                answer = {"body": done.answer.model_dump(mode="json"), "location": done.location}
                if self.request:
                    idempotency.finish(connection, self.request, status, answer)
            return _answer(status, answer)

        return again_after_deadlock(once)


def _answer(status: int, kept: Mapping[str, Any]) -> JSONResponse:
    where = kept["location"]
    return JSONResponse(kept["body"], status, {"Location": where} if where else None)


def _again(status: int, kept: Mapping[str, Any]) -> JSONResponse:
    response = _answer(status, kept)
    response.headers[REPLAYED] = "true"
    return response


async def _reader(request: Request) -> Asker:
    state = request.app.state
    return Asker(request.state.key, state.door, state.running, request.state.action, None)


async def _changer(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            pattern=r"^[!-~]{1,255}$",
            description="A name for this request, of your own, such as a UUID. Sent again within 24 hours with the "
            "same body, it has no second effect, and the first answer comes again.",
        ),
    ] = None,
) -> Asker:
    state, key = request.app.state, request.state.key
    named = None
    if idempotency_key is not None:
        asked = idempotency.fingerprint(request.method, request.url.path, await request.body())
        named = idempotency.Request(key.actor, idempotency_key, asked)
    return Asker(key, state.door, state.running, request.state.action, named)


Reader = Annotated[Asker, Depends(_reader)]
Changer = Annotated[Asker, Depends(_changer)]
