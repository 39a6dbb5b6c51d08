"""Files from the phone of the demo, by the account's own block, into the vault that Prefect's block names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prefect.client.orchestration import get_client

from blocks.gateways import media_of
from blocks.vault import MediaVault, load_vault
from tests.prefect.conftest import House, eventually
from tests.unit.privacy.files import PDF
from wa_integrasi.clock import utc_now
from wa_integrasi.inbox import Media
from wa_integrasi.intake.media import MediaWork, Medium, NewMedia, find_medium, list_media, note_media
from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.privacy.scan import ScanningOff

KEYS = MediaKeys("k" * 32)


async def content() -> AsyncIterator[bytes]:
    yield b"laporan"


@pytest.mark.usefixtures("house")
async def test_the_block_goes_before_the_folder_of_the_environment(tmp_path: Path) -> None:
    stored = await (await load_vault(tmp_path / "environment", KEYS)).put(content())
    assert [file.name for file in (tmp_path / "environment").rglob(stored.id)] == [stored.id]
    await MediaVault(folder=str(tmp_path / "block")).asave("default", overwrite=True)
    try:
        stored = await (await load_vault(tmp_path / "environment", KEYS)).put(content())
        assert [file.name for file in (tmp_path / "block").rglob(stored.id)] == [stored.id]
    finally:
        async with get_client() as client:
            document = await client.read_block_document_by_name("default", "media-vault")
            await client.delete_block_document(document.id)


async def test_a_picture_of_the_phone_is_fetched_by_the_block_and_exported(house: House, tmp_path: Path) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"{house.at.service_url}/simulator/attach",
            params={"from": "+6281234500077", "type": "application/pdf", "name": "surat.pdf"},
            content=PDF,
            headers={"Content-Type": "application/octet-stream"},
        )
    assert answer.status_code == 200

    def noted() -> list[Medium]:
        return [each for each in list_media(house.store) if each.state == "fetch"]

    [waiting] = eventually(noted)
    settings = house.at.settings
    assert settings.secret_key is not None
    vault = await load_vault(settings.media_path, MediaKeys(settings.secret_key.get_secret_value()))
    await MediaWork(house.store, vault, ScanningOff(), media_of).work()
    medium = find_medium(house.store, waiting.id)
    assert medium is not None
    assert (medium.state, medium.note) == ("kept", "not scanned: WA_CLAMAV=off")
    out = tmp_path / "surat.pdf"
    exported = house.says("media", "export", str(medium.id), "--out", str(out))
    assert (exported.returncode, exported.stderr) == (0, "")
    assert out.read_bytes() == PDF
    listed = house.says("media", "list")
    assert "application/pdf" in listed.stdout
    done = house.says("media", "expire")
    assert done.stdout == "deleted: 0, leftovers removed: 0, brought under the current key: 0\n"


async def test_an_account_without_a_block_waits(house: House) -> None:
    with house.store.writing() as connection:
        note_media(connection, [NewMedia(987_654, 0, "meta", "hilang", "image", Media(id="17"), utc_now())], utc_now())
    vault = await load_vault(house.at.settings.media_path, KEYS)
    await MediaWork(house.store, vault, ScanningOff(), media_of).work()
    [medium] = [each for each in list_media(house.store) if each.account == "hilang"]
    assert (medium.state, medium.note) == ("fetch", "the account cannot be used now (GatewayError)")
