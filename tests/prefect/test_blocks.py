"""The blocks as data engineers fill them in: explained, checked when they are saved, and silent about their secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites import BlockStandardTestSuite
from pydantic import ValidationError

from blocks.gateways import MetaCloudApi, Waha, WwebjsApi
from blocks.source_plugins import plugin_block
from blocks.sources import AiService, PiSource, SqlSource
from blocks.vault import MediaVault
from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.sources.pi import Basic, ClientCredentials, Kerberos

SECRET = "rahasia-sekali"
ACCOUNT: dict[str, Any] = {
    "phone_number_id": "106540352242922",
    "access_token": SECRET,
    "app_secret": SECRET,
    "verify_token": SECRET,
}
WAHA: dict[str, Any] = {"api_url": "http://waha:3000", "api_key": SECRET, "hmac_key": SECRET}
WWEBJS: dict[str, Any] = {"api_url": "http://wwebjs:3000", "api_key": SECRET}
AI: dict[str, Any] = {"api_url": "https://ai.example.id/v1", "model": "kecil", "api_key": SECRET}
PI: dict[str, Any] = {
    "api_url": "https://pi.example.id/piwebapi",
    "data_server": "PABRIK",
    "username": "PLANT\\siti",
    "password": SECRET,
}
PI_BEARER: dict[str, Any] = {
    "api_url": "https://pi.example.id/piwebapi",
    "data_server": "PABRIK",
    "login": "bearer",
    "token_url": "https://login.example.id/token",
    "client_id": "wa",
    "client_secret": SECRET,
}
HTTP: dict[str, Any] = {"api_url": "https://cuaca.example.id/api", "login": "bearer", "secret": SECRET}
BUCKET: dict[str, Any] = {"bucket": "wa", "access_key_id": "AKIA", "secret_access_key": SECRET}
URL = f"postgresql://siti:{SECRET}@host/plant"


class BlockSuite(BlockStandardTestSuite):
    """Prefect's own checks, but for the logo: ours have none, so that no page of the UI loads a foreign address."""

    def test_has_a_valid_image(self, block: type[Block]) -> None:
        assert block._logo_url is None

    def test_its_documentation_is_a_page_on_the_web(self, block: type[Block]) -> None:
        assert str(block._documentation_url).startswith("https://")

    def test_its_secrets_are_secrets_in_the_form_too(self, block: type[Block]) -> None:
        schema = block.model_json_schema()
        hidden = {name for name, field in schema["properties"].items() if field.get("format") == "password"}
        assert hidden == set(schema["secret_fields"])
        assert hidden


class TestMetaCloudApi(BlockSuite):
    @pytest.fixture
    def block(self) -> type[Block]:
        return MetaCloudApi


class TestWaha(BlockSuite):
    @pytest.fixture
    def block(self) -> type[Block]:
        return Waha


class TestWwebjsApi(BlockSuite):
    @pytest.fixture
    def block(self) -> type[Block]:
        return WwebjsApi


class TestSqlSource(BlockSuite):
    @pytest.fixture
    def block(self) -> type[Block]:
        return SqlSource


class TestPiSource(BlockSuite):
    @pytest.fixture
    def block(self) -> type[Block]:
        return PiSource


class TestHttpJsonSource(BlockSuite):
    """One of a plug-in, whose class knows nothing of Prefect."""

    @pytest.fixture
    def block(self) -> type[Block]:
        return plugin_block("http-json")

    def test_has_a_valid_code_example(self, block: type[Block]) -> None:
        """Nobody imports its class: a source is loaded by its kind."""
        assert 'rows = load_source("BLOCK_NAME", "http-json").query(' in block.get_code_example()


class TestAiService(BlockSuite):
    @pytest.fixture
    def block(self) -> type[Block]:
        return AiService


class TestMediaVault(BlockSuite):
    @pytest.fixture
    def block(self) -> type[Block]:
        return MediaVault


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"folder": "/media"}, "folder or bucket must be given, and not both"),
        ({"bucket": ""}, "folder or bucket must be given, and not both"),
        ({"bucket": "", "folder": "media"}, "folder must be an absolute path"),
        ({"access_key_id": ""}, "must be given together"),
        ({"access_key_id": "", "secret_access_key": ""}, "must be given for a bucket"),
        ({"endpoint": "minio:9000"}, "endpoint must begin with https:// or http://"),
        ({"prefix": "../x"}, "prefix"),
    ],
)
def test_a_wrong_vault_is_refused_when_it_is_saved_without_showing_its_key(
    changes: dict[str, Any], reason: str
) -> None:
    told = refused(MediaVault, **{**BUCKET, **changes})
    assert reason in told
    assert SECRET not in told


def test_a_vault_is_made_of_a_bucket_or_a_folder(tmp_path: Path) -> None:
    keys = MediaKeys("k" * 32)
    for fields in (BUCKET, {**BUCKET, "endpoint": "http://127.0.0.1:9000"}, {"folder": str(tmp_path)}):
        assert MediaVault(**fields).vault(keys) is not None


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (MetaCloudApi, ACCOUNT),
        (Waha, WAHA),
        (WwebjsApi, WWEBJS),
        (SqlSource, {"url": URL}),
        (PiSource, PI),
        (PiSource, PI_BEARER),
        (AiService, AI),
        (plugin_block("http-json"), HTTP),
    ],
)
def test_no_way_of_showing_a_block_shows_its_secrets(kind: type[Block], fields: dict[str, Any]) -> None:
    block = kind(**fields)
    shown = [repr(block), str(block), block.model_dump_json(), repr(block.model_dump()), str(block.model_dump())]
    assert not [text for text in shown if SECRET in text]


def refused(kind: type[Block], **fields: Any) -> str:
    with pytest.raises(ValidationError) as error:
        kind(**fields)
    return str(error.value)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"url": f"mssql://siti:{SECRET}@host/plant"},
            "found mssql, must be one of: sqlite, postgresql, mysql",
        ),
        ({"url": f"postgresql://siti:pw@x:{SECRET}@host/plant"}, "found an unreadable URL, must be one of"),
        ({"url": SECRET}, "found an unreadable URL, must be one of: sqlite, postgresql"),
        ({"url": URL, "timeout_s": 0}, "greater than 0"),
        ({"url": URL, "max_rows": 0}, "greater than or equal to 1"),
        ({"url": URL, "zone": "WIB"}, "found 'WIB', must be a zone such as Asia/Jakarta"),
    ],
)
def test_a_wrong_source_is_refused_when_it_is_saved_without_showing_its_password(
    fields: dict[str, Any], reason: str
) -> None:
    told = refused(SqlSource, **fields)
    assert reason in told
    assert SECRET not in told


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({**PI, "api_url": "http://pi.example.id/piwebapi"}, "api_url must begin with https://"),
        ({**PI, "api_url": f"https://siti:{SECRET}@pi.example.id/piwebapi"}, "without user, query and fragment"),
        ({**PI, "api_url": "https://pi.example.id"}, "must have the path of PI Web API"),
        ({**PI, "data_server": ""}, "data_server must be the name of a PI Data Archive"),
        ({**PI, "username": ""}, "username must not be empty"),
        ({**PI, "password": f"{SECRET}\n"}, "be printable"),
        ({**PI, "login": "digest"}, "'basic', 'bearer' or 'kerberos'"),
        ({**PI, "timezone": "WIB"}, "timezone must be an IANA name"),
        ({**PI, "max_values": 0}, "greater than or equal to 1"),
        ({**PI_BEARER, "token_url": f"http://{SECRET}.id/token"}, "token_url must begin with https://"),
        ({**PI_BEARER, "client_id": ""}, "client_id and client_secret must not be empty"),
    ],
)
def test_a_wrong_pi_server_is_refused_when_it_is_saved_without_showing_its_login(
    fields: dict[str, Any], reason: str
) -> None:
    told = refused(PiSource, **fields)
    assert reason in told
    assert SECRET not in told


def test_a_pi_server_is_read_with_the_login_and_limits_of_its_block() -> None:
    config = PiSource(**PI, timeout_s=5, max_values=7, ca_file="/ca.pem").server().config
    assert (config.login, config.ca_file) == (Basic("PLANT\\siti", SECRET), "/ca.pem")
    assert (config.timeout_s, config.max_values) == (5, 7)
    token_url = PI_BEARER["token_url"]
    assert PiSource(**PI_BEARER).server().config.login == ClientCredentials(token_url, "wa", SECRET)
    kerberos = PiSource(api_url=PI["api_url"], data_server="PABRIK", login="kerberos")
    assert kerberos.server().config.login == Kerberos()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"api_url": "ai.example.id/v1"}, "api_url must be http(s)://host/path"),
        ({"api_url": f"https://siti:{SECRET}@ai.example.id/v1"}, "api_url must be http(s)://host/path"),
        ({"api_url": f"https://ai.example.id/v1?key={SECRET}"}, "api_url must be http(s)://host/path"),
        ({"api_key": f"{SECRET}\n"}, "api_key must be one word"),
        ({"model": " "}, "model must not be empty"),
        ({"timeout_s": 0}, "greater than 0"),
        ({"max_tokens": 1}, "greater than or equal to 50"),
    ],
)
def test_a_wrong_ai_is_refused_when_it_is_saved_without_showing_its_key(changes: dict[str, Any], reason: str) -> None:
    told = refused(AiService, **{**AI, **changes})
    assert reason in told
    assert SECRET not in told


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"api_url": "graph.facebook.com"}, "api_url must be http(s)://host"),
        ({"api_url": f"https://siti:{SECRET}@graph.facebook.com"}, "api_url must be http(s)://host"),
        ({"phone_number_id": "+62 812-3456-7890"}, "phone_number_id"),
        ({"phone_number_id": "１０６５４０"}, "phone_number_id must be digits"),
        ({"access_token": f"{SECRET}\n"}, "access_token must be one word"),
        ({"app_secret": ""}, "app_secret and verify_token must not be empty"),
        ({"api_version": "latest"}, "api_version"),
        ({"access_token": None}, "access_token"),
    ],
)
def test_a_wrong_account_is_refused_when_it_is_saved_without_showing_its_secrets(
    changes: dict[str, Any], reason: str
) -> None:
    told = refused(MetaCloudApi, **{**ACCOUNT, **changes})
    assert reason in told
    assert SECRET not in told


@pytest.mark.parametrize(("kind", "account"), [(Waha, WAHA), (WwebjsApi, WWEBJS)])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"api_url": "waha:3000"}, "api_url must be http(s)://host"),
        ({"api_url": f"http://siti:{SECRET}@waha"}, "api_url must be http(s)://host"),
        ({"api_key": f"{SECRET} x"}, "api_key must be one word"),
        ({"session": f"../{SECRET}"}, "session must be letters"),
    ],
)
def test_a_wrong_paired_phone_is_refused_when_it_is_saved_without_showing_its_secrets(
    kind: type[Block], account: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    told = refused(kind, **{**account, **changes})
    assert reason in told
    assert SECRET not in told


def test_an_account_that_lacks_something_says_what_and_shows_nothing_of_the_rest() -> None:
    told = refused(MetaCloudApi, app_secret=SECRET, verify_token=SECRET)
    assert "phone_number_id" in told
    assert "access_token" in told
    assert SECRET not in told


def test_a_source_reads_with_the_limits_of_its_block() -> None:
    database = SqlSource(url=URL, timeout_s=5, max_rows=7).database()
    assert (database.url, database.timeout_s, database.max_rows) == (URL, 5, 7)
    assert database.dialect == "postgresql"
    more = SqlSource(url=URL, zone="Asia/Makassar", functions=["shift_of"], max_bytes=5_000).database()
    assert (more.zone, more.functions, more.max_bytes) == ("Asia/Makassar", {"shift_of"}, 5_000)


def test_an_account_answers_the_handshake_of_its_own_token() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": SECRET, "hub.challenge": "1158201444"}
    assert MetaCloudApi(**ACCOUNT).receiver().handshake(query) == "1158201444"
