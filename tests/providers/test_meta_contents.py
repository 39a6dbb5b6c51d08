"""The Cloud API's request for each content, its templates, and read receipts."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from wa_integrasi.content import (
    Button,
    Buttons,
    Choice,
    Content,
    Document,
    Image,
    Menu,
    Reaction,
    Section,
    Template,
    TemplateButton,
    Text,
)
from wa_integrasi.providers.base import Action, ApprovedTemplate, Failed, Outbound, Unanswered
from wa_integrasi.providers.meta import MetaCloudSender, MetaConfig
from wa_integrasi.providers.meta_request import request_body
from wa_integrasi.recipient import Recipient

OPERATOR = Recipient.parse("+6281234567890")
LINK = "https://files.example/a"

GOLDEN: list[tuple[Content, str, dict[str, Any]]] = [
    (Text(body="*Halo*"), "text", {"body": "*Halo*"}),
    (Image(link=LINK, caption="Grafik"), "image", {"link": LINK, "caption": "Grafik"}),
    (Image(media_id="1065"), "image", {"id": "1065"}),
    (Document(media_id="1065", filename="a.pdf"), "document", {"id": "1065", "filename": "a.pdf"}),
    (Reaction(message_id="wamid.1", emoji=""), "reaction", {"message_id": "wamid.1", "emoji": ""}),
    (
        Buttons(body="Selesai?", header="Keluhan", footer="Tim", buttons=(Button(id="y", title="Ya"),)),
        "interactive",
        {
            "type": "button",
            "header": {"type": "text", "text": "Keluhan"},
            "body": {"text": "Selesai?"},
            "footer": {"text": "Tim"},
            "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Ya"}}]},
        },
    ),
    (
        Menu(
            body="Pilih",
            button="Lihat",
            sections=(
                Section(title="Harian", choices=(Choice(id="a", title="Rekap", description="Kemarin"),)),
                Section(title="Bulanan", choices=(Choice(id="b", title="Rekap"),)),
            ),
        ),
        "interactive",
        {
            "type": "list",
            "body": {"text": "Pilih"},
            "action": {
                "button": "Lihat",
                "sections": [
                    {"title": "Harian", "rows": [{"id": "a", "title": "Rekap", "description": "Kemarin"}]},
                    {"title": "Bulanan", "rows": [{"id": "b", "title": "Rekap"}]},
                ],
            },
        },
    ),
    (
        Template(name="hello_world", language="en_US"),
        "template",
        {"name": "hello_world", "language": {"code": "en_US"}},
    ),
    (
        Template(
            name="laporan",
            language="id",
            header=("Giling",),
            body=("1", "2"),
            buttons=(
                TemplateButton(index=0, parameter="2026/11"),
                TemplateButton(index=2, sub_type="quick_reply", parameter="rekap"),
                TemplateButton(index=3, sub_type="copy_code", parameter="HEMAT"),
            ),
        ),
        "template",
        {
            "name": "laporan",
            "language": {"code": "id"},
            "components": [
                {"type": "header", "parameters": [{"type": "text", "text": "Giling"}]},
                {"type": "body", "parameters": [{"type": "text", "text": "1"}, {"type": "text", "text": "2"}]},
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "0",
                    "parameters": [{"type": "text", "text": "2026/11"}],
                },
                {
                    "type": "button",
                    "sub_type": "quick_reply",
                    "index": "2",
                    "parameters": [{"type": "payload", "payload": "rekap"}],
                },
                {
                    "type": "button",
                    "sub_type": "copy_code",
                    "index": "3",
                    "parameters": [{"type": "coupon_code", "coupon_code": "HEMAT"}],
                },
            ],
        },
    ),
    (
        Template(
            name="named",
            language="id",
            header_media=Document(link=LINK, filename="a.pdf"),
            body=("Giling", "12"),
            names=("unit", "ton"),
        ),
        "template",
        {
            "name": "named",
            "language": {"code": "id"},
            "components": [
                {
                    "type": "header",
                    "parameters": [{"type": "document", "document": {"link": LINK, "filename": "a.pdf"}}],
                },
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "text": "Giling", "parameter_name": "unit"},
                        {"type": "text", "text": "12", "parameter_name": "ton"},
                    ],
                },
            ],
        },
    ),
]


@pytest.mark.parametrize(("content", "kind", "node"), GOLDEN)
def test_request_bodies(content: Content, kind: str, node: dict[str, Any]) -> None:
    assert request_body(Outbound(OPERATOR, content, "attempt-1")) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+6281234567890",
        "type": kind,
        kind: node,
        "biz_opaque_callback_data": "attempt-1",
    }


def test_a_quote_is_a_context_and_a_reaction_has_none() -> None:
    quoting = Outbound(OPERATOR, Text(body="x"), "a", reply_to="wamid.1")
    assert request_body(quoting)["context"] == {"message_id": "wamid.1"}
    reacting = Outbound(OPERATOR, Reaction(message_id="wamid.1", emoji="👍"), "a", reply_to="wamid.1")
    assert "context" not in request_body(reacting)


class TestMarkingAsRead:
    @pytest.mark.parametrize("typing", [False, True])
    async def test_request(self, meta: Any, meta_server: Any, answer: Any, typing: bool) -> None:
        meta_server.then(answer(200, {"success": True}))
        async with meta.sender(meta_server.url, 5, 5) as sender:
            assert await sender.mark_read("wamid.1", typing=typing) is True
        wanted = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"}
        assert meta_server.requests[0].json == wanted | ({"typing_indicator": {"type": "text"}} if typing else {})

    async def test_nothing_is_raised(self, meta: Any, meta_server: Any, answer: Any) -> None:
        meta_server.then(answer(400, {"error": {"code": 100, "message": "no"}}), "close")
        async with meta.sender(meta_server.url, 5, 5) as sender:
            assert await sender.mark_read("wamid.1") is False
            assert await sender.mark_read("wamid.1") is False


def listed(name: str, **fields: Any) -> dict[str, Any]:
    body = {"type": "BODY", "text": "Halo {{1}}"}
    return {
        "name": name,
        "language": "id",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [body],
        **fields,
    }


class TestTemplates:
    async def _templates(self, server: Any, waba_id: str | None = "2042") -> Any:
        config = MetaConfig("1065", "token", api_url=server.url, timeout_s=30, waba_id=waba_id)
        async with MetaCloudSender(config) as sender:
            return await sender.templates()

    async def test_page_by_page_and_never_where_the_answer_says(self, meta_server: Any, answer: Any) -> None:
        paging = {"cursors": {"before": "a", "after": "QVFI/1="}, "next": "http://evil.example/?access_token=token"}
        last = {"cursors": {"before": "b", "after": "QVFI2"}}
        meta_server.then(answer(200, {"data": [listed("satu")], "paging": paging}))
        meta_server.then(answer(200, {"data": [listed("dua"), {"odd": 1}, 7], "paging": last}))
        found = await self._templates(meta_server)
        assert [template.name for template in found] == ["satu", "dua"]
        method, path, _ = meta_server.requests[1].line.split()
        assert (method, urlsplit(path).path) == ("GET", "/v23.0/2042/message_templates")
        query = parse_qs(urlsplit(path).query)
        assert query["after"] == ["QVFI/1="]
        assert query["fields"] == ["name,status,language,category,components"]
        assert "access_token" not in query

    async def test_places_of_each_part(self, meta_server: Any, answer: Any) -> None:
        components = [
            {"type": "HEADER", "format": "TEXT", "text": "Unit {{1}}"},
            {"type": "BODY", "text": "{{2}} dan {{1}}, lagi {{ 1 }}"},
            {"type": "FOOTER", "text": "{{not one}}"},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Ya"},
                    {"type": "URL", "text": "Buka", "url": "https://a.example/{{1}}"},
                    {"type": "URL", "text": "Situs", "url": "https://a.example/"},
                    {"type": "COPY_CODE", "text": "Salin"},
                    {"type": "PHONE_NUMBER", "text": "Telepon", "phone_number": "+62"},
                ],
            },
        ]
        data = [listed("a", language="en-US", status="paused", components=components)]
        meta_server.then(answer(200, {"data": data}))
        kinds = ("quick_reply", "url", "", "copy_code", "")
        (found,) = await self._templates(meta_server)
        assert found == ApprovedTemplate("a", "en_US", "PAUSED", "UTILITY", 1, 2, 2, button_kinds=kinds)

    async def test_named_places_and_media_headers(self, meta_server: Any, answer: Any) -> None:
        components = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "{{unit}}: {{ton}} ({{unit}})"}]
        meta_server.then(answer(200, {"data": [listed("a", components=components)]}))
        (found,) = await self._templates(meta_server)
        assert (found.header_format, found.header, found.body, found.names) == ("IMAGE", 0, 2, ("unit", "ton"))

    async def test_what_no_database_takes_is_replaced(self, meta_server: Any, answer: Any) -> None:
        body = {"type": "BODY", "text": "{{a\ud800}}"}
        meta_server.then(answer(200, {"data": [listed("x\x00", category="\udfff", components=[body])]}))
        (found,) = await self._templates(meta_server)
        assert (found.name, found.category, found.names) == ("x\ufffd", "\ufffd", ("a\ufffd",))

    async def test_without_an_account_it_says_so(self, meta_server: Any) -> None:
        outcome = await self._templates(meta_server, None)
        assert isinstance(outcome, Failed)
        assert "waba_id" in outcome.text
        assert not meta_server.requests

    async def test_all_or_nothing(self, meta_server: Any, answer: Any) -> None:
        page = {"data": [listed("satu")], "paging": {"next": "x", "cursors": {"after": "same"}}}
        meta_server.then(answer(200, page), answer(400, {"error": {"code": 190, "message": "expired"}}))
        outcome = await self._templates(meta_server)
        assert (outcome.action, outcome.code) == (Action.HOLD_ACCOUNT, "190")
        for paging in ({"next": "x", "cursors": {"after": "same"}}, {"next": "x"}, {"next": "x", "cursors": []}):
            meta_server.otherwise = answer(200, {"data": [], "paging": paging})
            assert isinstance(await self._templates(meta_server), Failed)

    @pytest.mark.parametrize("body", [b"", b"[]", b'{"data": {}}', b"<html>"])
    async def test_what_is_no_list(self, meta_server: Any, answer: Any, body: bytes) -> None:
        meta_server.then(answer(200, body))
        assert isinstance(await self._templates(meta_server), Unanswered)

    def test_waba_ids_are_digits(self) -> None:
        with pytest.raises(ValueError, match="waba_id"):
            MetaConfig("1065", "token", waba_id="../1")
