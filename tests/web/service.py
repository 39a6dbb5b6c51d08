"""The service in memory, as a browser or a provider reaches it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette

from wa_integrasi.content import Text
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted
from wa_integrasi.providers.meta import MetaCloudReceiver
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store

SECRET = "app-secret"

TOKEN = "verify-token"

NUMBER_ID = "106540352242922"

RECEIVERS = {("meta", "default"): MetaCloudReceiver(SECRET, TOKEN, NUMBER_ID)}

SITI = Recipient.parse("+6281234567890")


def browser(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://wa")


@asynccontextmanager
async def running(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """The app with its worker."""
    async with app.router.lifespan_context(app), browser(app) as client:
        yield client


def sent(store: Store, message_id: str = "wamid.1", body: str = "halo") -> None:
    outbox = Outbox(store)
    outbox.enqueue([NewMessage(SITI, Text(body=body), report="harian", slot="2026-11-19")])
    [claimed] = outbox.claim("test", {"default": AccountRules()})
    outbox.settle([(claimed, Accepted(message_id))])
