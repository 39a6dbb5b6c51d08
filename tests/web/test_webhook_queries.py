"""Webhooks whose query string says who sent them, or for which attempt."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import select

from tests.providers.channels import TWILIO_HOOK, TWILIO_TOKEN, WATZAP_TOKEN, twilio_signed
from tests.web.service import browser
from wa_integrasi.providers.base import ReceiptEvent
from wa_integrasi.providers.twilio_webhook import TwilioReceiver
from wa_integrasi.providers.watzap_webhook import WatzapReceiver
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import inbound_events
from wa_integrasi.web.app import create_app

TWILIO = TwilioReceiver(TWILIO_TOKEN, TWILIO_HOOK)
RECEIVERS = {("twilio", "default"): TWILIO, ("watzap", "default"): WatzapReceiver(WATZAP_TOKEN)}
STATUS = b"MessageSid=SM1&MessageStatus=delivered"


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(create_app(store, RECEIVERS)) as opened:
        yield opened


def kept(store: Store) -> list[bytes]:
    with store.reading() as connection:
        return [bytes(body) for body in connection.execute(select(inbound_events.c.body)).scalars()]


async def test_a_status_is_kept_with_its_attempt(client: httpx.AsyncClient, store: Store) -> None:
    query = "attempt=token%2F1.7"
    for _ in range(2):
        answer = await client.post(
            f"/webhooks/twilio/default?{query}", content=STATUS, headers=twilio_signed(STATUS, query)
        )
        assert (answer.status_code, answer.content) == (200, b"")
    [body] = kept(store)
    [receipt] = TWILIO.parse(body)
    assert isinstance(receipt, ReceiptEvent)
    assert (receipt.message_id, receipt.attempt_id) == ("SM1", "token/1.7")


@pytest.mark.parametrize("query", ["attempt=token.2", "attempt=token.1&x=1", ""])
async def test_the_attempt_cannot_be_changed(client: httpx.AsyncClient, store: Store, query: str) -> None:
    headers = twilio_signed(STATUS, "attempt=token.1")
    assert (await client.post(f"/webhooks/twilio/default?{query}", content=STATUS, headers=headers)).status_code == 401
    assert kept(store) == []


async def test_a_secret_address_lets_in_and_is_not_kept(client: httpx.AsyncClient, store: Store) -> None:
    body = b'{"type": "incoming_chat", "data": {}}'
    assert (await client.post("/webhooks/watzap/default?token=guess", content=body)).status_code == 401
    assert (await client.post("/webhooks/watzap/default", content=body)).status_code == 401
    assert (await client.post(f"/webhooks/watzap/default?token={WATZAP_TOKEN}", content=body)).status_code == 200
    assert kept(store) == [body]
