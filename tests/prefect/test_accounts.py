"""The account `default` is the environment's, and the store knows every account that has a block."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from pydantic import SecretStr

from blocks.gateways import TwilioWhatsApp, Waha, gateway_channels, load_gateway
from deployments.accounts import load_account
from deployments.errors import RegistrationError
from deployments.register import register_blocks
from tests.prefect.conftest import House
from tests.providers.channels import TWILIO_HOOK, TWILIO_SID, TWILIO_TOKEN, twilio_signed
from wa_integrasi.accounts import WebhookKey, known_accounts
from wa_integrasi.message import REACHED
from wa_integrasi.settings import Settings, SettingsError, load_settings

CONTENTS = {"laporan_siap:id": "HX" + "0a1b2c3d" * 4}
TWILIO = {
    "WA_PROVIDER": "twilio",
    "WA_API_URL": "",
    "WA_API_KEY": TWILIO_TOKEN,
    "WA_ACCOUNT_SID": TWILIO_SID,
    "WA_PHONE_NUMBER_ID": "+622150001234",
    "WA_PUBLIC_URL": "https://wa.example.id",
}


def settings(house: House, **changes: str) -> Settings:
    return load_settings({**house.at.environment, **changes}, house.at.folder / "none.env")


async def channels() -> dict[str, list[str]]:
    async with get_client() as client:
        return await gateway_channels(client)


@pytest.fixture
async def house(house: House) -> AsyncIterator[House]:
    """Left as it was found."""
    before = await channels()
    yield house
    async with get_client() as client:
        for name, kinds in (await channels()).items():
            for kind in kinds if name not in before else ():
                slug = {"twilio": "twilio-whatsapp", "waha": "waha", "watzap": "watzap"}[kind]
                document = await client.read_block_document_by_name(name, slug)
                await client.delete_block_document(document.id)
    await register_blocks(house.at.settings)
    assert await channels() == before


def twilio(**fields: Any) -> TwilioWhatsApp:
    given = {"account_sid": TWILIO_SID, "auth_token": TWILIO_TOKEN, "sender_id": "+622150001234"}
    return TwilioWhatsApp(**given, webhook_url=TWILIO_HOOK, **fields)


def waha() -> Waha:
    return Waha(api_url="http://waha:3000", api_key=SecretStr("key"), hmac_key=SecretStr("hmac"))


async def save(block: Block, name: str) -> None:
    await block.asave(name, overwrite=True)


def kept(house: House) -> dict[str, str]:
    return {account.name: account.provider for account in known_accounts(house.store)}


async def test_after_another_provider_was_chosen_the_account_has_its_block_only(house: House) -> None:
    lines = await register_blocks(settings(house, **TWILIO))
    assert "block twilio-whatsapp/default" in lines
    assert "block meta-cloud-api/default removed: WA_PROVIDER=twilio makes this account" in lines
    block = await load_gateway("default")
    assert isinstance(block, TwilioWhatsApp)
    assert block.webhook_url == "https://wa.example.id/webhooks/twilio/default"
    assert kept(house)["default"] == "twilio"


async def test_what_no_variable_decides_on_stays_as_the_ui_has_it(house: House) -> None:
    await register_blocks(settings(house, **TWILIO))
    await save(twilio(content_sids=CONTENTS), "default")
    await register_blocks(settings(house, **TWILIO))
    block = await load_gateway("default")
    assert isinstance(block, TwilioWhatsApp)
    assert block.content_sids == CONTENTS
    assert block.webhook_url == "https://wa.example.id/webhooks/twilio/default"


async def test_a_wrong_value_is_told_by_its_variable_and_changes_nothing(house: House) -> None:
    before = await channels()
    with pytest.raises(SettingsError, match=r"^WA_PUBLIC_URL: must be http\(s\)://host, without user"):
        await register_blocks(settings(house, **{**TWILIO, "WA_PUBLIC_URL": "https://siti:rahasia@wa"}))
    assert await channels() == before


async def test_who_names_an_account_that_is_not_there_is_told_which_are(house: House) -> None:
    await save(twilio(), "gudang")
    with pytest.raises(
        RegistrationError, match=r"^no account is called gudng \(did you mean 'gudang'\?\); there are: .*gud"
    ):
        await load_account("gudng")
    await TwilioWhatsApp.adelete("gudang")


async def test_every_account_is_told_to_the_store_and_forgotten_with_its_block(house: House) -> None:
    await save(twilio(), "gudang")
    assert "account gudang (twilio)" in await register_blocks(house.at.settings)
    secret_key = house.at.settings.secret_key
    assert secret_key is not None
    [account] = [each for each in known_accounts(house.store) if each.name == "gudang"]
    body = b"MessageSid=SM1&MessageStatus=delivered"
    assert WebhookKey(secret_key.get_secret_value()).receiver(account).verify(twilio_signed(body), body) == body
    await TwilioWhatsApp.adelete("gudang")
    assert "account gudang removed" in await register_blocks(house.at.settings)
    assert "gudang" not in kept(house)


async def test_further_accounts_need_a_key_and_without_one_nothing_is_changed(house: House) -> None:
    await save(twilio(), "gudang")
    with pytest.raises(SettingsError, match=r"^WA_SECRET_KEY: not set; .* the webhooks of gudang") as error:
        await register_blocks(settings(house, **TWILIO, WA_SECRET_KEY=""))
    assert len(str(error.value).splitlines()) == 1
    assert (await channels())["default"] == ["meta"]


async def test_an_account_with_two_blocks_is_named_and_keeps_no_other_out(house: House) -> None:
    await save(twilio(), "gudang")
    await save(waha(), "gudang")
    await save(waha(), "kantor")
    with pytest.raises(RegistrationError, match="the account 'gudang' has 2 blocks"):
        await register_blocks(house.at.settings)
    assert kept(house)["kantor"] == "waha"
    assert "gudang" not in kept(house)


def test_a_message_by_hand_reaches_the_phone(house: House) -> None:
    done = house.says("send", "0812-0000-0009", "Mesin 3 jalan lagi", "--wait")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().rpartition(" ")[2] in REACHED
    received = [message["to"] for message in house.phone() if message["body"] == "Mesin 3 jalan lagi"]
    assert received == ["+6281200000009"]


def test_a_message_that_is_to_be_waited_for_is_not_enqueued_while_prefect_is_away(house: House) -> None:
    before = sum(house.history.counts().values())
    done = house.wa("send", "0812-0000-0009", "halo", "--wait", PREFECT_API_URL="http://127.0.0.1:1/api")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert sum(house.history.counts().values()) == before


def test_the_simulated_phone_has_no_session(house: House) -> None:
    done = house.says("session", "status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: default: meta has no session: nothing to pair\n"
