"""Pictures and documents from the simulated phone: told to the webhook, given out in two steps, and kept."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.conftest import FrozenClock
from tests.unit.privacy.files import JPEG, OPUS, PDF
from tests.web.world import NUMBER_ID, TOKEN, Start, World, serve
from wa_integrasi.inbox.normalising import normalise
from wa_integrasi.intake.media import MediaWork, NewMedia, list_media, note_media, read_media
from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.privacy.scan import ScanningOff
from wa_integrasi.privacy.shelves import FolderShelf
from wa_integrasi.privacy.vault import Vault
from wa_integrasi.providers.base import Fetched, FileSource, Lack, Unfetched
from wa_integrasi.providers.media.meta import MetaMedia
from wa_integrasi.providers.meta import MetaConfig
from wa_integrasi.simulator import Phone, PhoneConfig, simulator_app
from wa_integrasi.store.engine import Store

BINARY = {"Content-Type": "application/octet-stream"}


async def attach(
    world: World, content: bytes | io.BytesIO, headers: dict[str, str] | None = None, **query: str
) -> tuple[int, Any]:
    told = {"from": "+6281234567890", **query}
    async with world.http.post(
        f"{world.url}/attach", params=told, data=content, headers=BINARY if headers is None else headers
    ) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else None


def meta(world: World, token: str = TOKEN) -> MetaMedia:
    return MetaMedia(MetaConfig(NUMBER_ID, token, api_url=world.url))


async def fetch(fetcher: MetaMedia, file: str) -> tuple[Fetched | Unfetched, bytes]:
    taken: list[bytes] = []

    async def take(piece: bytes) -> None:
        taken.append(piece)

    async with fetcher:
        return await fetcher.fetch(FileSource(file), take, 20_000_000), b"".join(taken)


class TestSending:
    @pytest.mark.parametrize(
        ("content", "mime", "kind", "more"),
        [
            (JPEG, "image/jpeg", "image", {}),
            (PDF, "application/pdf", "document", {"filename": "Laporan \u2026.pdf"}),
            (OPUS, "audio/ogg", "audio", {"voice": False}),
            (b"tanpa jenis", "", "document", {"filename": "Laporan \u2026.pdf"}),
        ],
    )
    async def test_the_webhook_hears_of_it_as_from_meta(
        self, start: Start, content: bytes, mime: str, kind: str, more: dict[str, Any]
    ) -> None:
        world = await start()
        status, answer = await attach(world, content, type=mime, name="Laporan \u2026.pdf", caption="ini *ya*")
        assert status == 200
        [event] = await world.business.heard(1)
        told = event.raw[kind]
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        expected = {"mime_type": mime or "application/octet-stream", "sha256": digest, "caption": "ini *ya*", **more}
        assert {key: value for key, value in told.items() if key != "id"} == expected
        assert told["id"].isdigit()
        assert (event.kind, event.message_id) == (kind, answer["id"])

    async def test_the_page_shows_a_card(self, start: Start) -> None:
        world = await start()
        await attach(world, JPEG, type="image/jpeg", name="<b>foto</b>.jpg")
        async with world.http.get(f"{world.url}/chats.json", params={"chat": "+6281234567890"}) as answer:
            view = await answer.json()
        assert view["bubbles"][0]["file"] == {"kind": "image", "name": "<b>foto</b>.jpg", "link": ""}
        assert view["chats"][0]["preview"] == "Gambar · <b>foto</b>.jpg"

    @pytest.mark.parametrize(
        "query", [{"from": "x"}, {"from": "120363041234567890@g.us"}, {"type": "../x"}, {"caption": "x" * 1025}]
    )
    async def test_what_cannot_be_sent_is_refused(self, start: Start, query: dict[str, str]) -> None:
        world = await start()
        assert (await attach(world, JPEG, **query))[0] == 422
        assert (await attach(world, b""))[0] == 422

    async def test_a_page_of_another_site_cannot_send(self, start: Start) -> None:
        world = await start()
        assert (await attach(world, JPEG, {"Content-Type": "text/plain"}))[0] == 415
        assert (await attach(world, JPEG, {**BINARY, "Origin": "https://evil.example"}))[0] == 403

    async def test_too_much_is_refused(self, start: Start) -> None:
        world = await start()
        assert (await attach(world, io.BytesIO(bytes(16 * 1024 * 1024 + 1))))[0] == 413


class TestGivingOut:
    async def sent(self, world: World) -> str:
        await attach(world, JPEG, type="image/jpeg")
        [event] = await world.business.heard(1)
        return str(event.raw["image"]["id"])

    async def test_it_is_had_in_two_steps(self, start: Start) -> None:
        world = await start()
        outcome, content = await fetch(meta(world), await self.sent(world))
        assert outcome == Fetched("image/jpeg", hashlib.sha256(JPEG).hexdigest(), len(JPEG))
        assert content == JPEG

    async def test_an_address_that_has_expired_is_given_anew(self, start: Start) -> None:
        world = await start()
        file = await self.sent(world)
        world.phone.faults.expire_next = 1
        assert (await fetch(meta(world), file))[1] == JPEG
        world.phone.faults.expire_next = 2
        outcome, content = await fetch(meta(world), file)
        assert isinstance(outcome, Unfetched)
        assert (outcome.lack, content) == (Lack.MISSING, b"")

    async def test_both_steps_want_the_token(self, start: Start) -> None:
        world = await start()
        file = await self.sent(world)
        outcome, _ = await fetch(meta(world, "EAAGanother"), file)
        assert isinstance(outcome, Unfetched)
        assert outcome.lack is Lack.AGAIN
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with world.http.get(f"{world.url}/v23.0/{file}", headers=headers) as answer:
            url = (await answer.json())["url"]
        for given, status in (({}, 401), (headers, 200)):
            async with world.http.get(url, headers=given) as answer:
                assert answer.status == status
        async with world.http.get(f"{url}0", headers=headers) as answer:
            assert answer.status == 404

    async def test_an_id_that_nobody_sent_is_missing(self, start: Start) -> None:
        world = await start()
        outcome, _ = await fetch(meta(world), "17")
        assert isinstance(outcome, Unfetched)
        assert outcome.lack is Lack.MISSING

    async def test_it_survives_a_restart_of_the_phone(self, start: Start, tmp_path: Path) -> None:
        world = await start()
        file = await self.sent(world)
        world.phone.store.close()
        other = await start()
        assert (await fetch(meta(other), file))[1] == JPEG


async def test_below_another_app_the_address_is_right(tmp_path: Path) -> None:
    phone = Phone(PhoneConfig(tmp_path / "phone.db", NUMBER_ID, TOKEN, "app-secret"))
    async with serve(Starlette(routes=[Mount("/simulator", simulator_app(phone))])) as url, phone.running():
        await phone.attach("+6281234567890", JPEG, "image/jpeg", "foto.jpg", "")
        [line] = phone.store.lines()
        file = json.loads(line.details)["file"]["id"]
        outcome, content = await fetch(MetaMedia(MetaConfig(NUMBER_ID, TOKEN, api_url=f"{url}/simulator")), file)
    assert (isinstance(outcome, Fetched), content) == (True, JPEG)


async def test_from_the_phone_to_a_file_that_can_be_read(
    start: Start, store: Store, clock: FrozenClock, tmp_path: Path
) -> None:
    world = await start()
    await attach(world, PDF, type="application/pdf", name="surat.pdf")
    [event] = await world.business.heard(1)
    message = normalise(event, "meta", "default", clock())
    [source] = message.media
    vault = Vault(FolderShelf(tmp_path / "media"), MediaKeys("k" * 32))
    with store.writing() as connection:
        note_media(connection, [NewMedia(1, 0, "meta", "default", message.kind, source, clock())], clock())
    await MediaWork(store, vault, ScanningOff(), lambda _: meta(world), clock).work()
    [medium] = list_media(store)
    assert (medium.state, medium.mime_type, medium.filename) == ("kept", "application/pdf", "surat.pdf")
    assert b"".join([piece async for piece in read_media(store, vault, medium.id)]) == PDF
