"""The service as operators and load balancers meet it: health and console, over a real store, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import update

from tests.web.service import RECEIVERS, SITI, browser, sent
from wa_integrasi.inbox import Inbox
from wa_integrasi.intake.routing import Router, no_commands
from wa_integrasi.outbox import Outbox
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import wa_outbox
from wa_integrasi.web.app import create_app
from wa_integrasi.web.metrics import Metrics
from wa_integrasi.web.working import InboundWork


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(create_app(store, RECEIVERS)) as opened:
        yield opened


async def test_the_service_is_alive_and_ready_over_a_store_that_is(client: httpx.AsyncClient) -> None:
    alive, ready = await client.get("/healthz"), await client.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    assert (ready.status_code, ready.json()) == (200, {"ready": True})


async def test_the_service_is_alive_but_not_ready_while_the_store_is_away(store_away: Store) -> None:
    async with browser(create_app(store_away, RECEIVERS)) as client:
        alive, ready = await client.get("/healthz"), await client.get("/readyz")
    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json()["ready"] is False
    assert "cannot open the store" in ready.json()["reason"]
    assert "rahasia" not in ready.text


async def test_a_store_without_tables_is_not_ready_and_the_answer_says_what_to_do(empty_database_url: str) -> None:
    with Store.open(empty_database_url) as empty:
        async with browser(create_app(empty, RECEIVERS)) as client:
            ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert "run 'wa init'" in ready.json()["reason"]


@pytest.mark.parametrize("turns", range(5))
async def test_the_service_stops_also_in_the_moment_in_which_a_webhook_comes(store: Store, turns: int) -> None:
    woken = asyncio.Event()
    outbox = Outbox(store)
    work = InboundWork(Inbox(store, outbox), Router(store, outbox, no_commands), RECEIVERS, Metrics())
    worker = asyncio.create_task(work.run(woken))
    await asyncio.sleep(0.05)
    woken.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    worker.cancel()
    done, _ = await asyncio.wait([worker], timeout=30)
    assert done == {worker}


async def test_the_front_door_leads_to_the_console(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/console")


async def test_the_console_shows_messages_with_masked_numbers_and_never_their_text(
    client: httpx.AsyncClient, store: Store
) -> None:
    sent(store, body="isi yang rahasia")
    page = (await client.get("/console")).text
    for shown in ("+62…7890", "harian", "2026-11-19", "1/1", "sent <b>1</b>"):
        assert shown in page
    assert SITI.address not in page
    assert SITI.address[1:] not in page
    assert "rahasia" not in page


async def test_an_empty_ledger_is_shown_as_empty(client: httpx.AsyncClient) -> None:
    assert "belum ada pesan" in (await client.get("/console")).text


async def test_what_a_provider_or_another_program_wrote_is_text_on_the_console(
    client: httpx.AsyncClient, store: Store
) -> None:
    sent(store)
    attack = "<script>alert('1')</script>"
    with store.writing() as connection:
        columns = dict.fromkeys(("report", "slot", "status", "error_text"), attack)
        connection.execute(update(wa_outbox).values(**columns, chat=f"{attack}@g.us"))
    page = (await client.get("/console")).text
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 5


async def test_a_browser_runs_nothing_on_the_console_and_keeps_nothing_of_it(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/console")).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"] == "text/html; charset=utf-8"
