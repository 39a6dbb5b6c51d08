"""Who may come in, how often and with what; and that nothing secret ever leaves."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from deployments.serve import build_app
from tests.conftest import FrozenClock
from tests.unit.test_settings import CHANNELS
from tests.web.api import OWN_KEY, SITI, TEXT, api_app, audited, caller, inside, new_key, problem, rows
from tests.web.service import RECEIVERS, browser, running
from wa_integrasi.keys import Keyring, Scope
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import api_keys
from wa_integrasi.web.api import door as door_module
from wa_integrasi.web.api.bodies import BODY_LIMIT
from wa_integrasi.web.api.rates import Rates
from wa_integrasi.web.app import create_app


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database: what is asked of it here is tested on each in tests/store."""
    return sqlite_url


class Stopwatch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def wrong_keys(key: str) -> dict[str, str | None]:
    return {
        "missing": None,
        "empty": "",
        "unknown": "wa_0123456789ab_" + "x" * 43,
        "its prefix, another secret": key[:-1] + ("A" if key[-1] != "A" else "B"),
        "its prefix alone": key[:15],
        "more than it": key + "x",
        "in capitals": key.upper(),
        "not ASCII": "kunci-\xe9",
        "of the environment, almost": OWN_KEY[:-1],
    }


@pytest.mark.parametrize("kind", wrong_keys("wa_"))
async def test_without_a_good_key_nothing_is_told(api: Starlette, store: Store, clock: FrozenClock, kind: str) -> None:
    presented = wrong_keys(new_key(store, clock))[kind]
    headers = [] if presented is None else [(b"x-api-key", presented.encode("latin-1"))]
    async with caller(api, None) as client:
        answer = await client.post("/v1/messages", json=TEXT, headers=httpx.Headers(headers))
    assert (answer.status_code, problem(answer)["code"]) == (401, "no_key")
    assert problem(answer)["detail"] == "X-API-Key must be a key that is good"
    assert answer.headers["www-authenticate"] == "ApiKey"
    assert rows(store) == []
    assert [row.action for row in audited(store)] == ["key.create"]


async def test_a_key_is_good_until_it_is_revoked_or_expires(api: Starlette, store: Store, clock: FrozenClock) -> None:
    async def status(key: str) -> int:
        async with caller(api, key) as client:
            return (await client.get("/v1/session")).status_code

    short = new_key(store, clock, "pendek", expires_at=clock.now + timedelta(hours=1))
    long = new_key(store, clock, "panjang")
    assert [await status(short), await status(long)] == [200, 200]
    clock.tick(hours=1)
    assert [await status(short), await status(long)] == [401, 200]
    Keyring(store, clock=clock).revoke("panjang")
    assert await status(long) == 401


async def test_the_last_use_of_a_key_is_kept_to_the_minute(api: Starlette, store: Store, clock: FrozenClock) -> None:
    key = new_key(store, clock)
    seen = []
    for seconds in (0, 59, 2):
        clock.tick(seconds=seconds)
        async with caller(api, key) as client:
            await client.get("/v1/session")
        seen.append(Keyring(store, clock=clock).all()[0].last_used_at)
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/messages", Scope.SEND),
        ("POST", "/v1/complaints", Scope.SEND),
        ("POST", "/v1/triggers/stok/run", Scope.RUN),
        ("GET", "/v1/messages", Scope.READ),
        ("GET", "/v1/messages/1", Scope.READ),
        ("GET", "/v1/commands/1", Scope.READ),
        ("GET", "/v1/session", Scope.READ),
    ],
)
async def test_each_address_needs_its_scope(
    api: Starlette, store: Store, clock: FrozenClock, method: str, path: str, scope: Scope
) -> None:
    for owned in Scope:
        async with caller(api, new_key(store, clock, f"hanya-{owned}", [owned])) as client:
            answer = await client.request(method, path)
        if owned is scope:
            assert answer.status_code != 403
        else:
            assert (answer.status_code, problem(answer)["code"]) == (403, "no_scope")
            assert f"no scope {scope}" in problem(answer)["detail"]


async def test_a_key_has_its_requests_a_minute_and_then_waits(api: Starlette, store: Store, clock: FrozenClock) -> None:
    watch = Stopwatch()
    inside(api).state.door.rates = Rates(watch)
    slow, other = new_key(store, clock, "pelan", per_minute=3), new_key(store, clock, "lain", per_minute=3)
    async with caller(api, slow) as client, caller(api, other) as neighbour:
        answers = [await client.get("/v1/session") for _ in range(4)]
        assert (await neighbour.get("/v1/session")).status_code == 200
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["ratelimit"] for answer in answers[:3]] == [
            '"key";r=2;t=20',
            '"key";r=1;t=40',
            '"key";r=0;t=60',
        ]
        assert answers[3].headers["ratelimit-policy"] == '"key";q=3;w=60'
        assert answers[3].headers["ratelimit"] == '"key";r=0;t=20'
        assert (answers[3].headers["retry-after"], problem(answers[3])["code"]) == ("20", "too_often")
        watch.now += 19.9
        assert (await client.get("/v1/session")).status_code == 429
        watch.now += 0.2
        assert [(await client.get("/v1/session")).status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"recipient": NaN}',
        b'{"recipient": Infinity}',
        b'{"recipient": 1e999}',
        b'{"recipient": ' + b"9" * 50 + b"}",
        b'{"recipient": "\\u0000"}',
        b'{"\\ud800": 1}',
        b"[" * 100_000,
        b'{"a":' * 30 + b"1" + b"}" * 30,
    ],
)
async def test_a_body_that_is_no_json_is_refused(bot: httpx.AsyncClient, store: Store, body: bytes) -> None:
    answer = await bot.post("/v1/messages", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, problem(answer)["code"]) == (400, "not_json")


@pytest.mark.parametrize("body", [b"[]", b"17", b'"halo"', b"null", b"{}"])
async def test_json_of_another_shape_is_refused(bot: httpx.AsyncClient, body: bytes) -> None:
    answer = await bot.post("/v1/messages", content=body, headers={"Content-Type": "application/json; charset=utf-8"})
    assert (answer.status_code, problem(answer)["code"]) == (422, "invalid")


async def test_a_body_that_is_declared_as_something_else_is_refused(bot: httpx.AsyncClient) -> None:
    answers = [
        await bot.post("/v1/messages", data={"recipient": SITI}),
        await bot.post("/v1/messages", content=b"{}"),
    ]
    assert [answer.status_code for answer in answers] == [415, 415]
    problem(answers[0])


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_that_is_too_large_is_given_up(bot: httpx.AsyncClient, store: Store, *, declared: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield b" " * (BODY_LIMIT // 2 + 1)

    content: Any = b" " * (BODY_LIMIT + 1) if declared else chunks()
    answer = await bot.post("/v1/messages", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, problem(answer)["code"]) == (413, "too_large")
    assert str(BODY_LIMIT) in problem(answer)["detail"]


async def test_addresses_and_methods_that_there_are_not(bot: httpx.AsyncClient) -> None:
    answers = [await bot.get("/v1/pesan"), await bot.get("/"), await bot.put("/v1/session")]
    assert [(answer.status_code, problem(answer)["code"]) for answer in answers] == [
        (404, "no_address"),
        (404, "no_address"),
        (405, "no_method"),
    ]
    assert answers[2].headers["allow"] == "GET"


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/messages"), ("POST", "/v1/messages")])
async def test_a_store_that_is_away_is_told_and_when_to_come_again(
    store_away: Store, clock: FrozenClock, method: str, path: str
) -> None:
    async with caller(api_app(store_away, clock)) as client:
        answer = await client.request(method, path, json=TEXT)
    assert (answer.status_code, problem(answer)["code"], answer.headers["retry-after"]) == (503, "store_away", "5")
    assert "rahasia" not in answer.text


async def test_what_waits_is_bounded(api: Starlette, bot: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "_WAITING", 0)
    answer = await bot.get("/v1/session")
    assert (answer.status_code, problem(answer)["code"], answer.headers["retry-after"]) == (503, "busy", "1")


async def test_the_loop_goes_on_while_the_store_keeps_all_threads_waiting(
    api: Starlette, bot: httpx.AsyncClient
) -> None:
    go = threading.Event()
    door = inside(api).state.door
    stuck = [asyncio.create_task(door.run(lambda: go.wait(30))) for _ in range(8)]
    waiting = asyncio.create_task(bot.get("/v1/session"))
    try:
        assert (await bot.get("/openapi.json")).status_code == 200
        assert not waiting.done()
    finally:
        go.set()
    await asyncio.gather(*stuck)
    assert (await waiting).status_code == 200


async def test_something_that_nobody_foresaw_is_a_problem_too(
    api: Starlette, bot: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(f"secret {SITI}")

    monkeypatch.setattr("wa_integrasi.web.api.sessions._session", broken)
    answer = await bot.get("/v1/session")
    assert (answer.status_code, problem(answer)["code"]) == (500, "broken")
    assert SITI not in answer.text


async def test_wa_serve_has_it_with_the_key_of_the_environment(store: Store, tmp_path: Path) -> None:
    variables, _ = CHANNELS["meta"]
    settings = load_settings({**variables, "WA_PROVIDER": "meta", "WA_BOT_API_KEY": OWN_KEY}, tmp_path / "none.env")
    app = build_app(settings, store, "http://127.0.0.1:8080", tmp_path / "phone.db")
    async with browser(app) as client:
        answers = [await client.get("/api/v1/session", headers={"X-API-Key": key}) for key in (OWN_KEY, OWN_KEY + "x")]
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_without_a_key_in_the_environment_no_key_is_that_of_the_environment(store: Store) -> None:
    async with browser(create_app(store, RECEIVERS)) as client:
        for key in ("", "None", "x" * 32):
            assert (await client.get("/api/v1/session", headers={"X-API-Key": key})).status_code == 401


async def test_the_page_for_people_needs_no_key_and_no_other_host(api: Starlette) -> None:
    async with caller(api, None) as client:
        page = await client.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for path in ("POST /api/v1/messages", "POST /api/v1/triggers/{name}/run", "GET /api/v1/session", "scope send"):
        assert path in page.text
    assert "https://" not in page.text
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_keys_and_persons_are_in_no_log_no_answer_no_audit_and_no_metric(
    store: Store, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = Keyring(store).create("erp", list(Scope))
    app = create_app(store, RECEIVERS)
    said = []
    async with running(app) as client:
        for presented in (key, key[:-1] + "x"):
            headers = {"X-API-Key": presented}
            for body in (TEXT, {**TEXT, "recipient": SITI * 2}, {**TEXT, SITI: SITI}, {**TEXT, "account": SITI}):
                answer = await client.post("/api/v1/messages", json=body, headers=headers)
                said.append(f"{answer.headers} {answer.text}")
            complaint = {"complainant": SITI, "text": "Mesin 3 jalan lagi"}
            said.append((await client.post("/api/v1/complaints", json=complaint, headers=headers)).text)
        said.append((await client.get("/metrics")).text)
    said += [str(row) for row in audited(store)]
    said.append(caplog.text)
    assert 'wa_api_requests_total{answer="2xx",key="erp",method="POST",route="/api/v1/messages"} 1.0' in said[10]
    assert 'wa_api_requests_total{answer="4xx",key="",method="POST",route="/api/v1/messages"} 4.0' in said[10]
    for secret in (key, key[16:], key[:-1], SITI, SITI[1:], "Mesin 3"):
        assert not [text for text in said if secret in text]
    with store.reading() as connection:
        kept = str(connection.execute(select(api_keys)).all())
    assert key not in kept
    assert key[16:] not in kept
