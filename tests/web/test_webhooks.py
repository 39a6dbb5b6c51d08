"""Webhooks as providers deliver them: over a real store, in memory, and never acknowledged before they are stored."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from tests.waiting import until
from tests.web.service import NUMBER_ID, RECEIVERS, SECRET, SITI, TOKEN, browser, running, sent
from wa_integrasi.commands import CommandQueue, NewCommand
from wa_integrasi.content import Text
from wa_integrasi.history import History
from wa_integrasi.inbox import Inbox
from wa_integrasi.message import Receipt
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed, ReceiptEvent
from wa_integrasi.providers.meta import signature
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import conversations, inbound_events, inbound_messages, media
from wa_integrasi.web import working
from wa_integrasi.web.app import create_app
from wa_integrasi.web.webhooks import BODY_LIMIT

HOOK = "/webhooks/meta/default"


@pytest.fixture
def app(store: Store) -> Starlette:
    return create_app(store, RECEIVERS)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app) as opened:
        yield opened


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Hub-Signature-256": signature(secret.encode(), body)}


async def post(client: httpx.AsyncClient, body: bytes, path: str = HOOK) -> httpx.Response:
    return await client.post(path, content=body, headers=signed(body))


def status_webhook(message_id: str, status: str) -> bytes:
    value = {
        "metadata": {"phone_number_id": NUMBER_ID},
        "statuses": [{"id": message_id, "status": status, "timestamp": "1795000000", "recipient_id": "6281234567890"}],
    }
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def stored(store: Store) -> list[Any]:
    with store.reading() as connection:
        return list(connection.execute(select(inbound_events).order_by(inbound_events.c.id)))


async def test_the_subscription_check_is_answered_with_its_challenge(client: httpx.AsyncClient) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "<b>1158201444", "hub.verify_token": TOKEN}
    answer = await client.get(HOOK, params=query)
    assert (answer.status_code, answer.text) == (200, "<b>1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "guess"},
        {"hub.mode": "subscribe", "hub.challenge": "1158201444"},
        {"hub.mode": "unsubscribe", "hub.challenge": "1158201444", "hub.verify_token": TOKEN},
    ],
)
async def test_a_wrong_subscription_check_is_refused(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await client.get(HOOK, params=query)
    assert answer.status_code == 403
    assert "1158201444" not in answer.text
    assert TOKEN not in answer.text


async def test_a_signed_webhook_is_stored_as_it_came_and_answered_with_nothing(
    client: httpx.AsyncClient, store: Store
) -> None:
    body = b'{ "object": "x",\n\t"\xc3\xa9": 1 }'
    answer = await post(client, body)
    assert (answer.status_code, answer.content) == (200, b"")
    [event] = stored(store)
    assert (event.provider, event.account, bytes(event.body)) == ("meta", "default", body)
    assert event.due_at is not None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256="},
        signed(b"{}", "guess"),
        signed(b'{"another": "body"}'),
        {"X-Hub-Signature": signature(SECRET.encode(), b"{}")},
    ],
)
async def test_a_webhook_that_is_not_signed_by_the_provider_is_refused_and_not_stored(
    client: httpx.AsyncClient, store: Store, headers: dict[str, str]
) -> None:
    answer = await client.post(HOOK, content=b"{}", headers=headers)
    assert answer.status_code == 401
    assert signature(SECRET.encode(), b"{}") not in answer.text
    assert stored(store) == []


@pytest.mark.parametrize("path", ["/webhooks/meta/tenant", "/webhooks/twilio/default", "/webhooks/meta/default%00"])
async def test_an_unknown_account_is_not_found(client: httpx.AsyncClient, store: Store, path: str) -> None:
    assert (await post(client, b"{}", path)).status_code == 404
    assert (await client.get(path)).status_code == 404
    assert stored(store) == []


async def test_the_longest_webhook_is_taken_and_a_longer_one_is_not(client: httpx.AsyncClient, store: Store) -> None:
    assert (await post(client, b"1" * BODY_LIMIT)).status_code == 200
    assert (await post(client, b"1" * (BODY_LIMIT + 1))).status_code == 413
    assert [len(event.body) for event in stored(store)] == [BODY_LIMIT]


async def test_an_endless_body_is_given_up_as_soon_as_it_is_too_long(client: httpx.AsyncClient, store: Store) -> None:
    chunks = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal chunks
        while chunks < 1000:
            chunks += 1
            yield b"x" * 64 * 1024

    answer = await client.post(HOOK, content=endless(), headers=signed(b""))
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413
    assert chunks == BODY_LIMIT // (64 * 1024) + 1
    assert stored(store) == []


async def test_a_client_that_goes_away_in_the_middle_of_a_webhook_is_not_answered(app: Starlette, store: Store) -> None:
    said = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    answers: list[Any] = []

    async def receive() -> Any:
        return next(said)

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {"type": "http", "method": "POST", "path": HOOK, "query_string": b"", "headers": []}
    await app(scope, receive, send)
    assert answers == []
    assert stored(store) == []


async def test_a_webhook_comes_again_when_the_store_is_away(store_away: Store) -> None:
    async with browser(create_app(store_away, RECEIVERS)) as client:
        answer = await post(client, b"{}")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "rahasia" not in answer.text


async def test_a_webhook_comes_again_when_the_store_has_no_tables_yet(empty_database_url: str) -> None:
    with Store.open(empty_database_url) as empty:
        async with browser(create_app(empty, RECEIVERS)) as client:
            assert (await post(client, b"{}")).status_code == 503


async def test_a_webhook_that_comes_fifty_times_at_once_is_stored_once(client: httpx.AsyncClient, store: Store) -> None:
    answers = await asyncio.gather(*(post(client, b'{"same": true}') for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(stored(store)) == 1


async def test_fifty_webhooks_at_once_are_all_stored(client: httpx.AsyncClient, store: Store) -> None:
    answers = await asyncio.gather(*(post(client, str(number).encode()) for number in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(stored(store)) == 50


async def test_a_receipt_moves_its_message_on_after_it_was_acknowledged(app: Starlette, store: Store) -> None:
    sent(store)
    async with running(app) as client:
        assert (await post(client, status_webhook("wamid.1", "read"))).status_code == 200
        await until(lambda: History(store).counts() == {"read": 1})
        await until(lambda: stored(store)[0].note == "1 receipts")


async def test_what_was_stored_before_the_start_is_read_after_it(app: Starlette, store: Store) -> None:
    sent(store)
    Inbox(store, Outbox(store)).keep("meta", "default", status_webhook("wamid.1", "delivered"))
    async with running(app):
        await until(lambda: History(store).counts() == {"delivered": 1})


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"{" * 5000, b"{}{}", b"x" * 300_000])
async def test_a_signed_webhook_that_is_no_json_is_refused(
    client: httpx.AsyncClient, store: Store, body: bytes
) -> None:
    answer = await post(client, body)
    assert (answer.status_code, answer.text) == (400, "not JSON")
    assert stored(store) == []


async def test_signed_json_that_means_nothing_is_acknowledged_and_stops_no_receipt(
    app: Starlette, store: Store
) -> None:
    sent(store)
    async with running(app) as client:
        for body in (b"[]", b"null", b'{"entry": 1}', status_webhook("wamid.1", "read")):
            assert (await post(client, body)).status_code == 200
        await until(lambda: History(store).counts() == {"read": 1})


async def test_the_worker_goes_on_after_an_error_that_nobody_expected(
    app: Starlette, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, failures = Inbox.work, []

    def break_once(inbox: Inbox, *arguments: Any) -> int:
        if not failures:
            failures.append(1)
            raise RuntimeError("+6281234567890")
        return work(inbox, *arguments)

    monkeypatch.setattr(Inbox, "work", break_once)
    monkeypatch.setattr(working, "_STORE_AWAY_S", 0.01)
    sent(store)
    async with running(app) as client:
        await until(lambda: bool(failures))
        await post(client, status_webhook("wamid.1", "read"))
        await until(lambda: History(store).counts() == {"read": 1})


def message_webhook(message_id: str, **more: Any) -> bytes:
    said = {"from": "6281234567890", "id": message_id, "timestamp": "1795000000", "type": "text"}
    value = {"metadata": {"phone_number_id": NUMBER_ID}, "messages": [{**said, "text": {"body": "STOP"}, **more}]}
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


async def test_a_webhook_repeated_fifty_times_at_once_is_one_message(app: Starlette, store: Store) -> None:
    same, worded_anew = message_webhook("wamid.7"), message_webhook("wamid.7", extra=1)
    async with running(app) as client:
        answers = await asyncio.gather(*(post(client, body) for body in [same] * 50 + [worded_anew] * 5))
        assert {answer.status_code for answer in answers} == {200}
        await until(lambda: [row.due_at for row in stored(store)] == [None, None])
    with store.reading() as connection:
        assert list(connection.execute(select(inbound_messages.c.message_id)).scalars()) == ["wamid.7"]


async def test_who_says_stop_is_heard_at_once(app: Starlette, store: Store) -> None:
    async with running(app) as client:
        await post(client, message_webhook("wamid.8"))
        await until(lambda: stored(store)[0].due_at is None)
    outbox = Outbox(store)
    outbox.enqueue([NewMessage(SITI, Text(body="x"))])
    assert outbox.claim("test", {"default": AccountRules()}) == []
    assert History(store).counts() == {"refused": 1}


async def test_every_answer_is_counted_and_names_no_account_that_is_not_there(client: httpx.AsyncClient) -> None:
    await post(client, b"{}")
    await client.post(HOOK, content=b"{}")
    await post(client, b"no JSON")
    await post(client, b"1" * (BODY_LIMIT + 1))
    await post(client, b"{}", "/webhooks/meta/+6281234567890")
    await client.get(HOOK)
    page = await client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    counted = [line for line in page.text.splitlines() if line.startswith("wa_webhooks_total")]
    names = ("stored", "wrong_signature", "not_json", "too_large", "handshake_refused")
    for name in names:
        assert f'wa_webhooks_total{{account="default",answer="{name}",provider="meta"}} 1.0' in counted
    assert 'wa_webhooks_total{account="",answer="unknown_account",provider=""} 1.0' in counted
    assert len(counted) == len(names) + 1
    assert "wa_inbound_events_due 1.0" in page.text
    assert "81234567890" not in page.text


async def test_the_figures_say_how_long_messages_took_and_how_many_failed(
    client: httpx.AsyncClient, store: Store
) -> None:
    outbox = Outbox(store)
    outbox.enqueue([NewMessage(Recipient.parse(f"+62812345678{n:02}"), Text(body="x")) for n in range(4)])
    claimed = outbox.claim("test", {"default": AccountRules()})
    wrong = Failed(Action.DEAD, "131026", "Message undeliverable")
    outbox.settle([(each, Accepted(f"w{n}") if n else wrong) for n, each in enumerate(claimed)])
    later = datetime.now(UTC) + timedelta(seconds=30)
    outbox.apply([ReceiptEvent(f"w{n}", Receipt.READ, later) for n in (1, 2)])
    page = (await client.get("/metrics")).text
    [took] = re.findall(r'wa_delivery_seconds\{account="default",quantile="0.99",step="read"\} (.*)', page)
    assert 25 < float(took) < 31
    assert 'wa_delivery_failed_ratio{account="default",code="131026"} 0.25' in page
    assert 'wa_delivery_messages{account="default",status="sent"} 1.0' in page
    assert "81234567" not in page


async def test_the_figures_say_what_of_what_people_wrote_waits(client: httpx.AsyncClient, store: Store) -> None:
    before = datetime.now(UTC) - timedelta(minutes=10)
    talk = {"account": "default", "chat": "+6281234567890", "opened_at": before, "last_at": before, "messages": 1}
    file = {"message_id": 1, "provider": "meta", "account": "default", "kind": "image", "source": {}}
    wait = {"due_at": before + timedelta(days=1)}
    with store.writing() as connection:
        connection.execute(conversations.insert().values(**talk, sender="a", urgent_at=before))
        connection.execute(conversations.insert().values(**talk, sender="b", urgent_at=before, told_at=before))
        connection.execute(conversations.insert().values(**talk, sender="c", **wait))
        for position, state in enumerate(("fetch", "scan", "kept")):
            row = {**file, "position": position, "state": state, "received_at": before}
            connection.execute(media.insert().values(**row, **(wait if state != "kept" else {})))
    CommandQueue(store).ask([NewCommand("default", "+6281234567890", text="stok")])
    page = (await client.get("/metrics")).text
    counted = {"conversations": 1, "files": 2, "commands": 1, "alarms": 1}
    for kind, count in counted.items():
        assert f'wa_intake_waiting{{kind="{kind}"}} {count}.0' in page
        [oldest] = re.findall(rf'wa_intake_oldest_seconds{{kind="{kind}"}} (.*)', page)
        assert (float(oldest) >= 600) == (kind != "commands")
    assert "81234567" not in page


async def test_figures_are_shown_also_while_the_store_is_away(store_away: Store) -> None:
    async with browser(create_app(store_away, RECEIVERS)) as client:
        await post(client, b"{}")
        page = await client.get("/metrics")
    assert page.status_code == 200
    assert 'answer="store_away"' in page.text
    assert "wa_inbound_events_due NaN" in page.text
