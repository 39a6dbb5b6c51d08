"""The same request twice has one effect and one answer."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest
from sqlalchemy import insert
from starlette.applications import Starlette

from tests.conftest import FrozenClock
from tests.waiting import until
from tests.web.api import SITI, TEXT, api_app, audited, caller, count, inside, named, new_key, problem, refuses, rows
from wa_integrasi.outbox import Outbox
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import chats, commands, complaint_queue, idempotency_keys
from wa_integrasi.web.api import idempotency

COMPLAINT = {"complainant": SITI, "text": "Pesanan belum sampai"}
RUN = {"recipient": SITI, "arguments": {"unit": "mesin-3"}}


@pytest.mark.parametrize(
    ("path", "body", "table"),
    [
        ("/v1/messages", TEXT, "wa_outbox"),
        ("/v1/complaints", COMPLAINT, "complaint_queue"),
        ("/v1/triggers/stok/run", RUN, "commands"),
    ],
)
async def test_the_same_request_again_has_no_effect_and_gets_the_first_answer(
    bot: httpx.AsyncClient, store: Store, clock: FrozenClock, path: str, body: dict[str, object], table: str
) -> None:
    first = await bot.post(path, json=body, headers=named("a"))
    clock.tick(hours=23)
    Outbox(store, clock=clock).hold("default", "190", "the token has expired")
    again = await bot.post(path, json=body, headers=named("a"))
    assert first.status_code in (201, 202), first.text
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers.get("location") == first.headers.get("location")
    assert [answer.headers.get("idempotent-replayed") for answer in (first, again)] == [None, "true"]
    assert count(store, idempotency_keys.metadata.tables[table]) == 1
    assert len(audited(store)) == 1


async def test_after_a_day_it_is_a_new_request(bot: httpx.AsyncClient, store: Store, clock: FrozenClock) -> None:
    ids = []
    for _ in range(2):
        ids.append((await bot.post("/v1/messages", json=TEXT, headers=named("a"))).json()["id"])
        clock.tick(hours=24)
    assert ids[0] != ids[1]
    assert len(rows(store)) == 2


async def test_another_request_under_the_same_key_is_refused(bot: httpx.AsyncClient, store: Store) -> None:
    await bot.post("/v1/messages", json=TEXT, headers=named("a"))
    answers = [
        await bot.post("/v1/messages", json={**TEXT, "priority": "bulk"}, headers=named("a")),
        await bot.post("/v1/complaints", json=COMPLAINT, headers=named("a")),
    ]
    assert [(answer.status_code, problem(answer)["code"]) for answer in answers] == [(422, "key_reused")] * 2
    assert (len(rows(store)), count(store, complaint_queue)) == (1, 0)


async def test_each_key_of_the_api_has_its_own(
    api: Starlette, bot: httpx.AsyncClient, store: Store, clock: FrozenClock
) -> None:
    async with caller(api, new_key(store, clock)) as other:
        answers = [await client.post("/v1/messages", json=TEXT, headers=named("a")) for client in (bot, other)]
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, None]
    assert len(rows(store)) == 2


async def test_a_request_that_was_refused_may_be_put_right(
    bot: httpx.AsyncClient, store: Store, clock: FrozenClock
) -> None:
    refused = await bot.post("/v1/messages", json={**TEXT, "recipient": "tono"}, headers=named("a"))
    taken = await bot.post("/v1/messages", json=TEXT, headers=named("a"))
    assert [refused.status_code, taken.status_code] == [422, 202]
    refuses(store, clock, "+6281234567891")
    assert (await bot.post("/v1/messages", json={**TEXT, "recipient": "budi"}, headers=named("b"))).status_code == 409
    assert count(store, idempotency_keys) == 1


async def test_without_a_key_the_same_words_may_be_sent_twice(bot: httpx.AsyncClient, store: Store) -> None:
    for _ in range(2):
        assert (await bot.post("/v1/messages", json=TEXT)).status_code == 202
    assert len(rows(store)) == 2


@pytest.mark.parametrize("processes", [1, 4])
async def test_twenty_at_once_are_one_message(store: Store, clock: FrozenClock, processes: int) -> None:
    clients = [caller(api_app(store, clock)) for _ in range(processes)]
    try:
        posts = [clients[n % processes].post("/v1/messages", json=TEXT, headers=named("a")) for n in range(20)]
        answers = await asyncio.gather(*posts)
    finally:
        await asyncio.gather(*(client.aclose() for client in clients))
    assert [answer.status_code for answer in answers] == [202] * 20
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(rows(store)) == 1


async def test_twenty_at_once_of_several_bodies_are_one_message(bot: httpx.AsyncClient, store: Store) -> None:
    bodies = [{**TEXT, "content": {"type": "text", "body": f"halo {number % 2}"}} for number in range(20)]
    answers = await asyncio.gather(*(bot.post("/v1/messages", json=body, headers=named("a")) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [202] * 10 + [422] * 10
    assert len(rows(store)) == 1


async def test_while_the_first_is_being_carried_out_the_others_are_told_to_come_again(
    api: Starlette, bot: httpx.AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, begun = threading.Event(), threading.Event()
    enqueue = Outbox.enqueue

    def slow(*arguments: object, **more: object) -> object:
        begun.set()
        go.wait(30)
        return enqueue(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Outbox, "enqueue", slow)
    monkeypatch.setattr(idempotency, "WAITS_S", 0.1)
    first = asyncio.create_task(bot.post("/v1/messages", json=TEXT, headers=named("a")))
    try:
        await asyncio.to_thread(begun.wait, 30)
        second = await bot.post("/v1/messages", json=TEXT, headers=named("a"))
    finally:
        go.set()
    assert (second.status_code, problem(second)["code"], second.headers["retry-after"]) == (409, "still_running", "1")
    assert (await first).status_code == 202
    third = await bot.post("/v1/messages", json=TEXT, headers=named("a"))
    assert third.json() == (await first).json()
    assert len(rows(store)) == 1


async def test_another_process_that_carries_it_out_is_waited_for_and_not_for_long(
    bot: httpx.AsyncClient, store: Store, clock: FrozenClock
) -> None:
    """On SQLite there is nothing to see of it: who writes waits for whoever writes."""
    if store.dialect == "sqlite":
        pytest.skip("its writers wait for each other")
    with store.writing() as connection:
        values = {"actor": "key:environment", "key": "a", "fingerprint": "", "status": 0, "answer": {}}
        connection.execute(insert(idempotency_keys).values(**values, created_at=clock()))
        answer = await bot.post("/v1/messages", json=TEXT, headers=named("a"))
    assert (answer.status_code, problem(answer)["code"]) == (409, "still_running")
    assert rows(store) == []


async def test_what_breaks_on_the_way_leaves_nothing_behind(
    bot: httpx.AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def broken(*_: object) -> None:
            raise RuntimeError

        patch.setattr(idempotency, "finish", broken)
        assert (await bot.post("/v1/messages", json=TEXT, headers=named("a"))).status_code == 500
    assert (rows(store), audited(store), count(store, idempotency_keys), count(store, chats)) == ([], [], 0, 0)
    assert (await bot.post("/v1/messages", json=TEXT, headers=named("a"))).status_code == 202


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
async def test_a_key_that_is_no_word_is_refused(bot: httpx.AsyncClient, store: Store, key: str) -> None:
    headers = httpx.Headers([(b"idempotency-key", key.encode())])
    answer = await bot.post("/v1/messages", json=TEXT, headers=headers)
    assert (answer.status_code, problem(answer)["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert rows(store) == []


async def test_old_answers_are_forgotten(bot: httpx.AsyncClient, store: Store, clock: FrozenClock) -> None:
    for name in ("a", "b"):
        await bot.post("/v1/triggers/stok/run", json=RUN, headers=named(name))
        clock.tick(hours=20)
    with store.writing() as connection:
        assert idempotency.forget_old(connection, clock() - idempotency.KEPT) == 1
    assert count(store, idempotency_keys) == 1
    assert count(store, commands) == 2


async def test_nothing_of_a_request_stays_in_memory(api: Starlette, bot: httpx.AsyncClient) -> None:
    await asyncio.gather(*(bot.post("/v1/messages", json=TEXT, headers=named("a")) for _ in range(5)))
    await until(lambda: not inside(api).state.running._ends)
