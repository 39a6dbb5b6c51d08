"""Files that the business uploads to the phone, through the real sender."""

from __future__ import annotations

import hashlib
from typing import Any

import aiohttp
import pytest

from tests.web.world import NUMBER_ID, TOKEN, Start
from wa_integrasi.content import Document, Image
from wa_integrasi.files import OutgoingFile
from wa_integrasi.providers.base import Accepted

PNG = b"\x89PNG\r\n\x1a\n\r\n--\x00\xff\r\n"
PICTURE = OutgoingFile(hashlib.sha256(PNG).hexdigest(), "image/png", PNG)
PDF = OutgoingFile("c" * 64, "application/pdf", b"%PDF-1.4 x")
SENT = {"Authorization": f"Bearer {TOKEN}"}


async def bubbles(world: Any) -> list[Any]:
    async with world.http.get(f"{world.url}/chats.json", params={"chat": "+6281234567890"}) as answer:
        return list((await answer.json())["bubbles"])


async def test_a_chart_is_shown_on_the_phone_as_it_was_drawn(start: Start) -> None:
    world = await start(webhook=None)
    assert isinstance(await world.send(Image(file=PICTURE.sha256, caption="*Grafik*"), file=PICTURE), Accepted)
    assert isinstance(await world.send(Document(file=PDF.sha256, filename="Rekap.pdf"), file=PDF), Accepted)
    image, document = await bubbles(world)
    assert document["file"] == {"kind": "document", "name": "Rekap.pdf", "link": ""}
    async with world.http.get(f"{world.url}/{image['file']['picture']}") as shown:
        assert (shown.status, shown.content_type, await shown.read()) == (200, "image/png", PNG)
        assert "sandbox" in shown.headers["Content-Security-Policy"]


async def test_only_pictures_are_given_out_without_the_token(start: Start) -> None:
    world = await start(webhook=None)
    form = aiohttp.FormData({"messaging_product": "whatsapp", "type": "application/pdf"})
    form.add_field("file", PDF.content, filename="a.pdf", content_type="application/pdf")
    async with world.http.post(f"{world.url}/v23.0/{NUMBER_ID}/media", data=form, headers=SENT) as answer:
        number = (await answer.json())["id"]
    for path in (f"picture/{number}", "picture/1"):
        async with world.http.get(f"{world.url}/{path}") as shown:
            assert shown.status == 404


@pytest.mark.parametrize(
    ("fields", "number", "token", "status", "reason"),
    [
        ({"messaging_product": "whatsapp", "type": "image/png"}, NUMBER_ID, "wrong", 401, "OAuth"),
        ({"messaging_product": "whatsapp", "type": "image/png"}, "1", TOKEN, 400, "does not exist"),
        ({"type": "image/png"}, NUMBER_ID, TOKEN, 400, "messaging_product"),
        ({"messaging_product": "whatsapp", "type": "text/csv"}, NUMBER_ID, TOKEN, 400, "following types"),
        ({"messaging_product": "whatsapp"}, NUMBER_ID, TOKEN, 400, "file and type are required"),
    ],
)
async def test_what_meta_refuses_is_refused(
    start: Start, fields: Any, number: str, token: str, status: int, reason: str
) -> None:
    world = await start(webhook=None)
    form = aiohttp.FormData(fields)
    form.add_field("file", PNG, filename="a.png", content_type="image/png")
    path, headers = f"{world.url}/v23.0/{number}/media", {"Authorization": f"Bearer {token}"}
    async with world.http.post(path, data=form, headers=headers) as answer:
        assert answer.status == status
        assert reason in (await answer.text())
