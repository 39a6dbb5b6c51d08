"""Files of ours on their way to a channel: uploaded once, or sent along with the message."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import Any

import pytest

from wa_integrasi.content import Document, Image, Template
from wa_integrasi.files import OutgoingFile
from wa_integrasi.providers.base import Accepted, Action, Outbound

PNG = b"\x89PNG\r\n\x1a\n\r\n--\x00\xff"
FILE = OutgoingFile(hashlib.sha256(PNG).hexdigest(), "image/png", PNG)
XLSX = OutgoingFile("b" * 64, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK..")
IMAGE = Image(file=FILE.sha256, caption="grafik")
DOCUMENT = Document(file=XLSX.sha256, filename="rekap.xlsx")


def outbound(channel: Any, content: Any = IMAGE, file: OutgoingFile = FILE) -> Outbound:
    return Outbound(channel.reachable, content, "attempt-7f3a", file=file)


async def test_a_file_of_ours_goes_only_where_bytes_are_taken(channel: Any, server: Any) -> None:
    async with channel.sender(server.url, 5, 5) as sender:
        if sender.capabilities.files:
            assert sender.name in ("meta", "waha", "wwebjs")
        else:
            assert (await sender.send(outbound(channel))).action is Action.DEAD
            assert not server.requests


async def test_meta_is_given_a_file_once_for_all_who_get_it(meta: Any, meta_server: Any, answer: Any) -> None:
    meta_server.then(answer(200, {"id": "1065"}))
    async with meta.sender(meta_server.url, 5, 1) as sender:
        outcomes = await asyncio.gather(*(sender.send(outbound(meta)) for _ in range(3)))
    assert outcomes == [Accepted(meta.accepted_id)] * 3
    upload, *messages = meta_server.requests
    assert upload.line == "POST /v23.0/106540352242922/media HTTP/1.1"
    assert upload.headers["authorization"].startswith("Bearer ")
    assert upload.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert PNG in upload.body
    for said in (b'name="messaging_product"\r\n\r\nwhatsapp\r\n', b'name="type"\r\n\r\nimage/png\r\n'):
        assert said in upload.body
    assert b'Content-Type: image/png\r\nContent-Disposition: form-data; name="file"; filename="file.png"' in upload.body
    assert [message.json["image"] for message in messages] == [{"id": "1065", "caption": "grafik"}] * 3


async def test_meta_gets_the_file_at_the_head_of_a_template(meta: Any, meta_server: Any, answer: Any) -> None:
    meta_server.then(answer(200, {"id": "77"}))
    template = Template(name="laporan_siap", language="id", header_media=DOCUMENT)
    async with meta.sender(meta_server.url, 5, 5) as sender:
        assert await sender.send(outbound(meta, template, XLSX)) == Accepted(meta.accepted_id)
    [head] = meta_server.requests[1].json["template"]["components"]
    assert head["parameters"] == [{"type": "document", "document": {"id": "77", "filename": "rekap.xlsx"}}]


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [("reset", "upload"), ("half_body", "upload"), ({"ok": True}, "upload"), ({"id": 7}, "upload")],
)
async def test_an_upload_that_fails_is_a_certain_failure_and_tried_again(
    meta: Any, meta_server: Any, answer: Any, behaviour: Any, code: str
) -> None:
    meta_server.then(behaviour if isinstance(behaviour, str) else answer(200, behaviour))
    async with meta.sender(meta_server.url, 5, 5) as sender:
        failed = await sender.send(outbound(meta))
        assert (failed.action, failed.code) == (Action.RETRY, code)
        meta_server.then(answer(200, {"id": "1065"}))
        assert await sender.send(outbound(meta)) == Accepted(meta.accepted_id)
    assert [request.line.split()[1].rsplit("/")[-1] for request in meta_server.requests] == [
        "media",
        "media",
        "messages",
    ]


async def test_a_refused_message_makes_the_next_one_upload_again(meta: Any, meta_server: Any, answer: Any) -> None:
    meta_server.then(answer(200, {"id": "1"}), meta.refusal("no such media"), answer(200, {"id": "2"}))
    async with meta.sender(meta_server.url, 5, 5) as sender:
        await sender.send(outbound(meta))
        assert await sender.send(outbound(meta)) == Accepted(meta.accepted_id)
    assert meta_server.requests[-1].json["image"]["id"] == "2"


async def test_the_token_is_refused_at_the_upload_as_at_a_message(meta: Any, meta_server: Any, answer: Any) -> None:
    error = {"error": {"message": "Invalid OAuth access token", "type": "OAuthException", "code": 190}}
    meta_server.then(answer(401, error))
    async with meta.sender(meta_server.url, 5, 5) as sender:
        assert (await sender.send(outbound(meta))).action is Action.HOLD_ACCOUNT


async def test_waha_gets_the_bytes_along_with_the_message(waha: Any, waha_server: Any) -> None:
    async with waha.sender(waha_server.url, 5, 5) as sender:
        await sender.send(outbound(waha))
        await sender.send(outbound(waha, DOCUMENT, XLSX))
    image, document = waha_server.requests
    assert image.json["file"] == {"mimetype": "image/png", "data": base64.b64encode(PNG).decode()}
    assert document.json["file"] == {
        "mimetype": XLSX.mime_type,
        "filename": "rekap.xlsx",
        "data": base64.b64encode(XLSX.content).decode(),
    }


async def test_wwebjs_gets_the_bytes_along_with_the_message(wwebjs: Any, wwebjs_server: Any) -> None:
    async with wwebjs.sender(wwebjs_server.url, 5, 5) as sender:
        await sender.send(outbound(wwebjs))
        await sender.send(outbound(wwebjs, DOCUMENT, XLSX))
    image, document = (request.json for request in wwebjs_server.requests)
    assert image["contentType"] == document["contentType"] == "MessageMedia"
    assert image["content"] == {"mimetype": "image/png", "data": base64.b64encode(PNG).decode()}
    assert document["content"]["filename"] == "rekap.xlsx"
    assert document["options"]["sendMediaAsDocument"] is True
    assert "mediaFromURLOptions" not in document


async def test_meta_takes_a_csv_as_plain_text_only(meta: Any, meta_server: Any, answer: Any) -> None:
    meta_server.then(answer(200, {"id": "1"}))
    csv = OutgoingFile("d" * 64, "text/csv", b"a;b")
    async with meta.sender(meta_server.url, 5, 5) as sender:
        await sender.send(outbound(meta, Document(file=csv.sha256, filename="rekap.csv"), csv))
    upload, message = meta_server.requests
    assert b'name="type"\r\n\r\ntext/plain\r\n' in upload.body
    assert b"text/csv" not in upload.body
    assert message.json["document"] == {"id": "1", "filename": "rekap.csv"}
