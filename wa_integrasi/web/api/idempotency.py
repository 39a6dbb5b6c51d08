"""The same request twice has one effect and one answer, kept for a day beside the effect.

Only what was done is kept: a request that was refused had no effect, and may be put right under the same key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import psycopg
from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from wa_integrasi.store.tables import idempotency_keys
from wa_integrasi.web.api.problems import Problem

KEPT = timedelta(hours=24)

WAITS_S = 2
"""How long a request waits for the same one that is being carried out."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may come again: whose, what they call it, and what it asks for."""

    actor: str
    key: str
    fingerprint: str


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What a request asks for, so that another under the same key is noticed."""
    return hashlib.sha256(b"\0".join([method.encode(), path.encode("utf-8", "surrogateescape"), body])).hexdigest()


def still_running() -> Problem:
    """The same request is being carried out by somebody else."""
    detail = "a request with this Idempotency-Key is being carried out; ask again"
    return Problem(HTTPStatus.CONFLICT, "still_running", detail, retry_after=1)


def answered(connection: Connection, request: Request, now: datetime) -> tuple[int, Any] | None:
    """Status and body of the first answer, if there was one. Raises `Problem` when that asked for something else."""
    columns = (idempotency_keys.c.fingerprint, idempotency_keys.c.status, idempotency_keys.c.answer)
    kept = select(*columns).where(_of(request), idempotency_keys.c.created_at > now - KEPT)
    row = connection.execute(kept).first()
    if row is None:
        return None
    if row.fingerprint != request.fingerprint:
        detail = "this Idempotency-Key was used for another request; take a new one"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "key_reused", detail)
    return row.status, row.answer


def begin(connection: Connection, request: Request, now: datetime) -> tuple[int, Any] | None:
    """Make sure that nobody else carries out the request before this transaction ends; its answer if somebody has.

    Raises `Problem` when it is being carried out for longer than anybody waits.
    """
    if connection.dialect.name == "sqlite":
        made = _make(connection, request, now)
    else:
        made = _make_or_wait(connection, request, now)
    return None if made else answered(connection, request, now)


def _make_or_wait(connection: Connection, request: Request, now: datetime) -> bool:
    """An insert waits for the transaction that has made the same row, until the lock's time is over."""
    connection.execute(text(f"SET LOCAL lock_timeout = '{WAITS_S}s'"))
    try:
        made = _make(connection, request, now)
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise still_running() from None
        raise
    connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
    return made


def _make(connection: Connection, request: Request, now: datetime) -> bool:
    connection.execute(delete(idempotency_keys).where(_of(request), idempotency_keys.c.created_at <= now - KEPT))
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {"actor": request.actor, "key": request.key, "fingerprint": request.fingerprint, "created_at": now}
    new = insert(idempotency_keys).values(**values, status=0, answer={})
    made = connection.execute(new.on_conflict_do_nothing().returning(idempotency_keys.c.key))
    return made.first() is not None


def finish(connection: Connection, request: Request, status: int, answer: Any) -> None:
    """Keep the answer, in the transaction of the effect."""
    connection.execute(update(idempotency_keys).where(_of(request)).values(status=status, answer=answer))


def forget_old(connection: Connection, before: datetime) -> int:
    """Remove answers that were given before a moment; returns how many. Those of the last 24 hours are still good."""
    return connection.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at < before)).rowcount


def _of(request: Request) -> Any:
    return (idempotency_keys.c.actor == request.actor) & (idempotency_keys.c.key == request.key)
