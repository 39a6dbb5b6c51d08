"""Webhooks of several accounts: the environment's own, and those that `wa deploy` has told the store of."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from deployments.serve import build_app
from tests.providers.channels import TWILIO_HOOK, TWILIO_TOKEN, WATZAP_TOKEN, twilio_signed
from tests.unit.test_settings import CHANNELS
from tests.waiting import until
from tests.web.service import RECEIVERS, SECRET, browser, running
from wa_integrasi.accounts import WebhookKey, forget_other_accounts, save_account
from wa_integrasi.providers.meta import signature
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import inbound_events
from wa_integrasi.web.app import create_app
from wa_integrasi.web.receivers import AccountReceivers

KEY = WebhookKey("0123456789abcdef" * 2)
STATUS = b"MessageSid=SM1&MessageStatus=delivered"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database: what is asked of it here is tested on each in tests/store."""
    return sqlite_url


def deployed(store: Store, name: str, provider: str = "twilio", key: WebhookKey = KEY, **fields: str) -> None:
    given = fields or {"auth_token": TWILIO_TOKEN, "webhook_url": TWILIO_HOOK}
    with store.writing() as connection:
        save_account(connection, name, provider, key.encrypt(provider, given))


def service(store: Store, key: WebhookKey | None = KEY) -> tuple[Starlette, AccountReceivers]:
    receivers = AccountReceivers(store, key, RECEIVERS)
    return create_app(store, receivers, companions=[receivers.kept_fresh(every_s=0.01)]), receivers


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    deployed(store, "gudang")
    app, _ = service(store)
    async with running(app) as opened:
        yield opened


async def twilio(client: httpx.AsyncClient, place: str) -> int:
    return (await client.post(f"/webhooks/{place}", content=STATUS, headers=twilio_signed(STATUS))).status_code


def kept(store: Store) -> list[tuple[str, str]]:
    with store.reading() as connection:
        columns = select(inbound_events.c.provider, inbound_events.c.account)
        return list(connection.execute(columns.order_by(inbound_events.c.id)).tuples())


async def test_two_accounts_of_different_channels_take_their_webhooks(client: httpx.AsyncClient, store: Store) -> None:
    headers = {"X-Hub-Signature-256": signature(SECRET.encode(), b"{}")}
    assert (await client.post("/webhooks/meta/default", content=b"{}", headers=headers)).status_code == 200
    assert await twilio(client, "twilio/gudang") == 200
    assert kept(store) == [("meta", "default"), ("twilio", "gudang")]


@pytest.mark.parametrize(
    "place", ["twilio/tidak-ada", "twilio/default", "meta/gudang", "waha/gudang", "telegram/gudang"]
)
async def test_an_unknown_account_and_another_channel_than_the_accounts_are_not_found(
    client: httpx.AsyncClient, store: Store, place: str
) -> None:
    assert await twilio(client, place) == 404
    assert kept(store) == []


async def test_one_account_does_not_take_what_another_signed(client: httpx.AsyncClient, store: Store) -> None:
    deployed(store, "kantor", auth_token="another-token", webhook_url=TWILIO_HOOK)
    app, _ = service(store)
    async with running(app) as other:
        assert await twilio(other, "twilio/kantor") == 401
        assert await twilio(other, "twilio/gudang") == 200


async def test_a_new_account_a_changed_one_and_one_that_is_gone_are_seen_while_it_runs(store: Store) -> None:
    app, receivers = service(store)
    async with running(app) as client:
        assert await twilio(client, "twilio/gudang") == 404
        deployed(store, "gudang")
        await until(lambda: ("twilio", "gudang") in receivers)
        assert await twilio(client, "twilio/gudang") == 200
        deployed(store, "gudang", "watzap", webhook_token=WATZAP_TOKEN)
        await until(lambda: ("watzap", "gudang") in receivers)
        assert await twilio(client, "twilio/gudang") == 404
        with store.writing() as connection:
            forget_other_accounts(connection, [])
        await until(lambda: set(receivers) == set(RECEIVERS))


async def test_the_environments_own_account_goes_before_what_the_store_says_of_it(store: Store) -> None:
    deployed(store, "default")
    app, receivers = service(store)
    async with running(app):
        assert dict(receivers) == RECEIVERS


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (None, "no webhooks are taken for gudang: WA_SECRET_KEY is not set"),
        (WebhookKey("another key, also of 32 letters."), "encrypted with another WA_SECRET_KEY"),
    ],
)
async def test_an_account_that_cannot_be_read_is_told_of_once_and_keeps_no_other_out(
    store: Store, key: WebhookKey | None, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    deployed(store, "gudang")
    app, receivers = service(store, key)
    with caplog.at_level(logging.WARNING, "wa_integrasi.web.receivers"):
        async with running(app) as client:
            for _ in range(3):
                receivers.look()
            assert await twilio(client, "twilio/gudang") == 404
    assert dict(receivers) == RECEIVERS
    assert [reason in record.message for record in caplog.records] == [True]
    assert TWILIO_TOKEN not in caplog.text


async def test_it_starts_with_its_own_account_while_the_store_is_away(store_away: Store) -> None:
    app, receivers = service(store_away)
    async with running(app):
        assert dict(receivers) == RECEIVERS


async def test_accounts_that_were_known_stay_while_the_store_is_away(
    store: Store, monkeypatch: pytest.MonkeyPatch, store_away: Store
) -> None:
    deployed(store, "gudang")
    receivers = AccountReceivers(store, KEY, RECEIVERS)
    receivers.look()
    monkeypatch.setattr(receivers, "_store", store_away)
    async with receivers.kept_fresh():
        assert ("twilio", "gudang") in receivers


async def test_without_its_companion_it_knows_its_own_account_only(store: Store) -> None:
    deployed(store, "gudang")
    async with browser(service(store)[0]) as client:
        assert await twilio(client, "twilio/gudang") == 404


@pytest.mark.parametrize("provider", CHANNELS)
async def test_every_channel_of_the_environment_has_its_webhook_without_a_deploy(
    store: Store, provider: str, tmp_path: Path
) -> None:
    variables, channel = CHANNELS[provider]
    settings = load_settings({**variables, "WA_PROVIDER": provider}, tmp_path / "none.env")
    async with browser(build_app(settings, store, "http://127.0.0.1:8080", tmp_path / "phone.db")) as client:
        assert (await client.post(f"/webhooks/{channel}/default", content=b"{}")).status_code == 401
        assert (await client.post("/webhooks/telegram/default", content=b"{}")).status_code == 404


def test_what_the_channel_refuses_is_told_by_its_variable_before_anything_listens(store: Store, tmp_path: Path) -> None:
    variables = {**CHANNELS["twilio"][0], "WA_PROVIDER": "twilio", "WA_PUBLIC_URL": "https://siti:rahasia@wa"}
    settings = load_settings(variables, tmp_path / "none.env")
    with pytest.raises(SettingsError, match=r"^WA_PUBLIC_URL: must be http\(s\)://host, without user[^:]*$"):
        build_app(settings, store, "http://127.0.0.1:8080", tmp_path / "phone.db")
