"""A Starlette app that verifies the signature and does one INSERT a request, each with its commit. Nothing else.

Runs as a process of its own: `python -m benchmarks.bare_webhook STORE_URL PORT`.
"""

import asyncio
import hashlib
import hmac
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import uvicorn
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.load import SECRET

_COLUMNS = "provider, account, event_key, body, received_at"
_POSTGRES = f"INSERT INTO inbound_events ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
_SQLITE = f"INSERT INTO inbound_events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"

Insert = Callable[[tuple[object, ...]], Awaitable[None]]


@asynccontextmanager
async def postgres(url: str) -> AsyncIterator[Insert]:
    """Ten connections: more of them were slower."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    async with AsyncConnectionPool(plain, min_size=10, max_size=10, kwargs={"autocommit": True}, open=False) as pool:
        await pool.wait()

        async def insert(row: tuple[object, ...]) -> None:
            async with pool.connection() as connection:
                await connection.execute(_POSTGRES, row)

        yield insert


@asynccontextmanager
async def sqlite(url: str) -> AsyncIterator[Insert]:
    """One connection in a thread of its own: more of them would wait for each other's locks."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as thread:

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(str(make_url(url).database), isolation_level=None)
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 15000"):
                connection.execute(f"PRAGMA {pragma}")
            return connection

        connection = await loop.run_in_executor(thread, connect)

        async def insert(row: tuple[object, ...]) -> None:
            await loop.run_in_executor(thread, connection.execute, _SQLITE, row)

        yield insert
        await loop.run_in_executor(thread, connection.close)


def app_of(url: str) -> Starlette:
    inserts: list[Insert] = []
    is_postgres = make_url(url).get_backend_name() == "postgresql"

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with (postgres if is_postgres else sqlite)(url) as insert:
            inserts.append(insert)
            yield

    async def hook(request: Request) -> Response:
        body = await request.body()
        expected = f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"
        if not hmac.compare_digest(request.headers.get("x-hub-signature-256", ""), expected):
            return Response(status_code=401)
        now = datetime.now(UTC)
        moment = now if is_postgres else f"{now:%Y-%m-%d %H:%M:%S.%f}"
        await inserts[0](("meta", "default", hashlib.sha256(body).hexdigest(), body, moment))
        return Response()

    return Starlette(routes=[Route("/webhooks/meta/default", hook, methods=["POST"])], lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(app_of(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), access_log=False, log_level="warning")
