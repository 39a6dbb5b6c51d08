"""The kinds of gateways as blocks, and the way from an account's name to the one block that it has."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace, TracebackType
from typing import Any, Self

import httpx
import pytest
from prefect.blocks.core import Block
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from pydantic import ValidationError

from blocks.gateways import GATEWAYS, GatewayError, TwilioWhatsApp, Watzap, gateway_channels, load_gateway, loading
from tests.prefect.test_blocks import BlockSuite

SECRET = "rahasia-sekali-1"
HOOK = "https://wa.example.id/webhooks/twilio/default"
TWILIO: dict[str, Any] = {
    "account_sid": "AC" + "0" * 32,
    "auth_token": SECRET,
    "sender_id": "+622150001234",
    "webhook_url": HOOK,
}
WATZAP: dict[str, Any] = {"api_key": SECRET, "number_key": SECRET, "webhook_token": SECRET}


class TestTwilioWhatsApp(BlockSuite):
    @pytest.fixture
    def block(self) -> type[Block]:
        return TwilioWhatsApp


class TestWatzap(BlockSuite):
    @pytest.fixture
    def block(self) -> type[Block]:
        return Watzap


@pytest.mark.parametrize(("kind", "fields"), [(TwilioWhatsApp, TWILIO), (Watzap, WATZAP)])
def test_no_way_of_showing_a_block_shows_its_secrets(kind: type[Block], fields: dict[str, Any]) -> None:
    block = kind(**fields)
    shown = [repr(block), str(block), block.model_dump_json(), repr(block.model_dump()), str(block.model_dump())]
    assert not [text for text in shown if SECRET in text]


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        (TwilioWhatsApp, {**TWILIO, "account_sid": "AC1"}, "account_sid"),
        (TwilioWhatsApp, {**TWILIO, "sender_id": "0812"}, "sender must be a phone number"),
        (TwilioWhatsApp, {**TWILIO, "webhook_url": f"https://u:{SECRET}@x"}, "webhook_url must be http(s)://host"),
        (TwilioWhatsApp, {**TWILIO, "auth_token": ""}, "secret must be one word"),
        (TwilioWhatsApp, {**TWILIO, "api_key_sid": "SK" + "0" * 32}, "must be given together"),
        (TwilioWhatsApp, {**TWILIO, "content_sids": {"rekap": "HX1"}}, "content_sids must map name:language"),
        (Watzap, {**WATZAP, "webhook_token": "guess"}, "token must be 16 to 128"),
        (Watzap, {**WATZAP, "api_key": f"{SECRET} x"}, "api_key must be one word"),
    ],
)
def test_a_wrong_account_is_refused_when_it_is_saved_without_showing_its_secrets(
    kind: type[Block], fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError) as error:
        kind(**fields)
    assert reason in str(error.value)
    assert SECRET not in str(error.value)


def test_an_api_key_sends_and_the_accounts_token_verifies() -> None:
    block = TwilioWhatsApp(**TWILIO, api_key_sid="SK" + "0" * 32, api_key_secret="key-secret")  # type: ignore[arg-type]
    assert block.sender()._config.secret == "key-secret"
    assert block.receiver()._auth_token == SECRET.encode()


class Documents:
    """A Prefect API that has the blocks it is told of."""

    def __init__(self, *slugs: str) -> None:
        self.slugs = slugs

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def read_block_document_by_name(self, name: str, slug: str, *, include_secrets: bool) -> object:
        assert name == "default"
        assert not include_secrets
        if slug not in self.slugs:
            raise ObjectNotFound(httpx.HTTPError("404"))
        return object()

    async def read_block_documents_by_type(self, slug: str, *, include_secrets: bool) -> list[SimpleNamespace]:
        assert not include_secrets
        if slug not in self.slugs:
            request = httpx.Request("GET", "http://prefect.test/api")
            raise PrefectHTTPStatusError("404", request=request, response=httpx.Response(404, request=request))
        names = [*(f"tenant-{number:03}" for number in range(300)), "default"]
        return [SimpleNamespace(name=name) for name in names]


@pytest.fixture
def having(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def has(*slugs: str) -> None:
        monkeypatch.setattr(loading, "get_client", lambda: Documents(*slugs))
        for kind in GATEWAYS:
            monkeypatch.setattr(kind, "aload", _loaded(kind))

    return has


def _loaded(kind: type[Block]) -> Callable[..., Any]:
    async def load(name: str, client: object) -> object:
        return kind, name

    return load


@pytest.mark.parametrize("kind", GATEWAYS)
async def test_an_account_is_found_whatever_its_kind(kind: Any, having: Callable[..., None]) -> None:
    having(kind.get_block_type_slug())
    assert await load_gateway("default") == (kind, "default")


async def test_an_account_without_a_block_says_which_there_could_be(having: Callable[..., None]) -> None:
    having()
    with pytest.raises(GatewayError, match=r"no block .* 'default'.* meta-cloud-api, twilio-whatsapp, .*watzap"):
        await load_gateway("default")


async def test_an_account_with_two_blocks_says_which(having: Callable[..., None]) -> None:
    having("watzap", "meta-cloud-api")
    with pytest.raises(GatewayError, match=r"has 2 blocks \(meta-cloud-api, watzap\): rename or delete all but one"):
        await load_gateway("default")


async def test_all_accounts_are_found_with_their_channels() -> None:
    found = await gateway_channels(Documents("watzap", "meta-cloud-api"))  # type: ignore[arg-type]
    assert (list(found)[:2], len(found)) == (["default", "tenant-000"], 301)
    assert found["default"] == ["meta", "watzap"]


async def test_without_any_block_there_are_no_accounts() -> None:
    assert await gateway_channels(Documents()) == {}  # type: ignore[arg-type]
