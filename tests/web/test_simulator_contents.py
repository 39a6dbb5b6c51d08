"""What the phone takes and shows beside text: files, choices, templates, reactions, quotes, read marks."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.web.world import IDENTITY, TOKEN, WABA, Start, World
from wa_integrasi.content import (
    Button,
    Buttons,
    Choice,
    Document,
    Image,
    Menu,
    Reaction,
    Section,
    Template,
    TemplateButton,
)
from wa_integrasi.message import Receipt
from wa_integrasi.policy.approval import TemplateRefused, check_template
from wa_integrasi.providers.base import Accepted, Action, ApprovedTemplate, Failed, MessageEvent
from wa_integrasi.simulator import Phone, PhoneConfig, PhoneTemplate
from wa_integrasi.simulator import TemplateButton as ShownButton

CHAT = "+6281234567890"
LINK = "https://files.example/rekap/november.xlsx?token=1"
ASK = Buttons(body="*Selesai?*", header="Keluhan", footer="Tim", buttons=(Button(id="y", title="Ya"),))
PICK = Menu(
    body="Pilih",
    button="Lihat",
    sections=(Section(title="Harian", choices=(Choice(id="r1", title="Rekap", description="Kemarin"),)),),
)
READY = PhoneTemplate(
    "siap",
    "id",
    "Laporan {{1}} untuk {{2}}, {{1}}.",
    header="Unit {{1}}",
    footer="Tim",
    buttons=(ShownButton("Kirim"), ShownButton("Buka", "https://a.example/{{1}}")),
)
NAMED = PhoneTemplate("bernama", "id", "{{unit}}: {{ton}} ton", header_format="DOCUMENT")
FILLED = Template(
    name="siap",
    language="id",
    header=("Giling",),
    body=("produksi", "Oktober"),
    buttons=(
        TemplateButton(index=0, sub_type="quick_reply", parameter="kirim produksi"),
        TemplateButton(index=1, parameter="2026-10"),
    ),
)


async def bubbles(world: World) -> list[dict[str, Any]]:
    async with world.http.get(f"{world.url}/chats.json", params={"chat": CHAT}) as answer:
        return list((await answer.json())["bubbles"])


async def choose(world: World, message: str, choice: str, chat: str = CHAT) -> int:
    tapped = {"from": chat, "message": message, "choice": choice}
    async with world.http.post(f"{world.url}/choose", json=tapped) as answer:
        return answer.status


class TestShowing:
    async def test_files_are_cards_that_load_nothing(self, start: Start) -> None:
        world = await start(webhook=None)
        await world.send(Document(link=LINK, filename="Rekap.xlsx", caption="*Rekap*"))
        await world.send(Image(link=LINK))
        await world.send(Image(media_id="1065"))
        document, image, upload = await bubbles(world)
        assert document["file"] == {"kind": "document", "name": "Rekap.xlsx", "link": LINK}
        assert document["html"].count("<strong>Rekap</strong>") == 1
        assert (image["file"]["name"], upload["file"]["name"], upload["file"]["link"]) == (
            "november.xlsx",
            "Gambar",
            "",
        )
        assert [message["type"] for message in world.phone.messages()] == ["document", "image", "image"]

    async def test_quotes_and_reactions(self, start: Start) -> None:
        world = await start(webhook=None)
        first = (await world.send("Rekap *harian*")).message_id
        await world.send("Sudah?", reply_to=first)
        await world.send("Entah?", reply_to="wamid.long-ago")
        for emoji in ("👍", "🎉"):
            assert isinstance(await world.send(Reaction(message_id=first, emoji=emoji)), Accepted)
        shown, quoting, entah = await bubbles(world)
        assert shown["reaction"] == "🎉"
        assert quoting["quote"] == {"text": "Rekap harian", "typed": False}
        assert entah["quote"] is None
        await world.send(Reaction(message_id=first, emoji=""))
        assert (await bubbles(world))[0]["reaction"] == ""

    async def test_a_reaction_to_nothing_is_refused(self, start: Start) -> None:
        world = await start(webhook=None)
        outcome = await world.send(Reaction(message_id="wamid.none", emoji="👍"))
        assert (outcome.action, outcome.code) == (Action.DEAD, "131009")

    async def test_halves_of_surrogates_harm_nothing(self, start: Start) -> None:
        world = await start(webhook=None)
        action = {"buttons": [{"type": "reply", "reply": {"id": "\ud800", "title": "\ud800\x00"}}]}
        node = {"type": "button", "body": {"text": "x\ud800"}, "action": action}
        status, _ = await world.post(
            {"messaging_product": "whatsapp", "to": CHAT, "type": "interactive", "interactive": node}
        )
        assert status == 200
        assert len(await bubbles(world)) == 1


class TestChoosing:
    @pytest.mark.parametrize(
        ("content", "choice", "node"),
        [
            (ASK, "y", {"type": "button_reply", "button_reply": {"id": "y", "title": "Ya"}}),
            (
                PICK,
                "r1",
                {"type": "list_reply", "list_reply": {"id": "r1", "title": "Rekap", "description": "Kemarin"}},
            ),
        ],
    )
    async def test_the_webhook_hears_what_was_tapped(
        self, start: Start, content: Any, choice: str, node: dict[str, Any]
    ) -> None:
        world = await start()
        sent = await world.send(content)
        await world.business.heard(3)
        assert await choose(world, sent.message_id, choice) == 200
        event = (await world.business.heard(4))[-1]
        assert isinstance(event, MessageEvent)
        assert (event.kind, event.raw["interactive"]) == ("interactive", node)
        assert event.raw["context"] == {"from": "622150001234", "id": sent.message_id}
        assert (await bubbles(world))[-1]["quote"]["text"] == content.body.strip("*")

    async def test_a_templates_button_comes_as_its_payload(self, start: Start) -> None:
        world = await start(templates=(READY,))
        sent = await world.send(FILLED)
        await world.business.heard(3)
        assert await choose(world, sent.message_id, "kirim produksi") == 200
        event = (await world.business.heard(4))[-1]
        assert event.raw["button"] == {"payload": "kirim produksi", "text": "Kirim"}

    async def test_only_what_is_offered_can_be_tapped(self, start: Start) -> None:
        world = await start(webhook=None)
        asked, plain = (await world.send(ASK)).message_id, (await world.send("x")).message_id
        assert await choose(world, asked, "other") == 422
        assert await choose(world, asked, "y", "+6281377701234") == 422
        assert await choose(world, plain, "y") == 422
        assert await choose(world, "wamid.none", "y") == 422
        headers = {"Origin": "https://evil.example"}
        async with world.http.post(f"{world.url}/choose", json={}, headers=headers) as answer:
            assert answer.status == 403


class TestTemplates:
    async def test_they_are_listed_page_by_page_and_pass_the_check(self, start: Start) -> None:
        paused = tuple(PhoneTemplate(f"t{n}", "en_US", "Hi {{1}}", status="PAUSED") for n in range(60))
        world = await start(webhook=None, templates=(READY, NAMED, *paused))
        known = await world.sender.templates()
        kinds = ("quick_reply", "url")
        assert not isinstance(known, Failed)
        assert known[0] == ApprovedTemplate("siap", "id", "APPROVED", "UTILITY", 1, 2, 1, button_kinds=kinds)
        assert (known[1].header_format, known[1].names) == ("DOCUMENT", ("unit", "ton"))
        assert len(known) == 62
        check_template(FILLED, known)
        with pytest.raises(TemplateRefused, match="paused"):
            check_template(Template(name="t3", language="en_US", body=("x",)), known)

    async def test_of_others_are_not_listed(self, start: Start) -> None:
        world = await start(webhook=None)
        for path, token, status in ((f"{WABA}1", TOKEN, 400), (WABA, "stolen", 401)):
            headers = {"Authorization": f"Bearer {token}"}
            async with world.http.get(f"{world.url}/v23.0/{path}/message_templates", headers=headers) as answer:
                assert answer.status == status

    async def test_they_show_their_parameters(self, start: Start) -> None:
        world = await start(templates=(READY, NAMED))
        await world.send(FILLED)
        named = Template(name="bernama", language="id", body=("12", "Giling"), names=("ton", "unit"))
        file = Document(link=LINK, filename="a.pdf")
        assert isinstance(await world.send(named.model_copy(update={"header_media": file})), Accepted)
        first, second = await bubbles(world)
        assert (first["header"], first["footer"]) == ("Unit Giling", "Tim")
        assert "Laporan produksi untuk Oktober, produksi." in first["html"]
        assert first["choices"] == [{"id": "kirim produksi", "title": "Kirim"}]
        assert first["links"] == [{"title": "Buka", "link": "https://a.example/2026-10"}]
        assert "Giling: 12 ton" in second["html"]
        assert second["file"]["name"] == "a.pdf"
        prices = {event.price_category for event in await world.business.heard(6)} - {None}
        assert prices == {"utility"}

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"name": "lain"}, "132001"),
            ({"language": "en"}, "132001"),
            ({"body": ("satu",)}, "132000"),
            ({"header": ()}, "132000"),
            ({"body": ("dua\nbaris", "x")}, "132018"),
            ({"buttons": ()}, "132000"),
            ({"buttons": (TemplateButton(index=0, parameter="x"),)}, "132012"),
            ({"buttons": (TemplateButton(index=7, parameter="x"),)}, "132012"),
        ],
    )
    async def test_refusals(self, start: Start, change: dict[str, Any], code: str) -> None:
        world = await start(webhook=None, templates=(READY, NAMED))
        outcome = await world.send(FILLED.model_copy(update=change))
        assert outcome.code == code

    @pytest.mark.parametrize(("status", "code"), [("PAUSED", "132015"), ("DISABLED", "132016")])
    async def test_those_that_are_held(self, start: Start, status: str, code: str) -> None:
        world = await start(webhook=None, templates=(PhoneTemplate("a", "id", "Halo", status=status),))
        outcome = await world.send(Template(name="a", language="id"))
        assert (outcome.action, outcome.code) == (Action.HOLD_TEMPLATE, code)


class TestWindow:
    async def test_outside_it_only_templates_arrive(self, start: Start) -> None:
        world = await start(window=True)
        assert isinstance(await world.send(), Accepted)
        (failed,) = await world.business.heard(1)
        assert failed.receipt is Receipt.FAILED
        assert (failed.failure.action, failed.failure.code) == (Action.NEEDS_TEMPLATE, "131047")
        await world.send(Template(name="hello_world", language="en_US"))
        assert {event.receipt for event in (await world.business.heard(4))[1:]} >= {Receipt.READ}

    async def test_it_opens_when_the_owner_writes(self, start: Start) -> None:
        world = await start(window=True)
        await world.phone.type(CHAT, "rekap")
        await world.send()
        events = await world.business.heard(4)
        assert Receipt.READ in {getattr(event, "receipt", None) for event in events}


class TestReading:
    async def test_marks_turn_blue_and_typing_shows(self, start: Start) -> None:
        world = await start()
        for text in ("satu", "dua", "tiga"):
            await world.phone.type(CHAT, text)
        events = await world.business.heard(3)
        second = next(event for event in events if event.text == "dua")
        assert await world.sender.mark_read(second.message_id, typing=True)
        assert [bubble["status"] for bubble in await bubbles(world)] == ["read", "read", "delivered"]
        assert 0 < world.phone.typing_for(CHAT) <= 25
        await world.send()
        assert world.phone.typing_for(CHAT) == 0


WRONG: list[tuple[str, Any, str]] = [
    ("image", {}, "image['link']"),
    ("image", {"link": LINK, "id": "1"}, "image['link']"),
    ("image", {"link": "ftp://x"}, "URL"),
    ("image", {"link": LINK, "caption": "x" * 1025}, "at most 1024"),
    ("document", None, "document"),
    ("reaction", {"emoji": "👍"}, "message_id"),
    ("interactive", {"type": "button", "body": {"text": "x"}}, "action"),
    ("interactive", {"type": "button", "action": {}}, "body"),
    ("interactive", {"type": "button", "body": {"text": "x"}, "action": {"buttons": []}}, "buttons"),
    ("interactive", {"type": "carousel", "body": {"text": "x"}, "action": {}}, "BUTTON, LIST"),
    ("interactive", {"type": "list", "body": {"text": "x"}, "action": {"button": "x" * 21}}, "at most 20"),
    ("interactive", {"type": "list", "body": {"text": "x"}, "action": {"button": "x", "sections": 1}}, "sections"),
    ("template", {"name": "hello_world"}, "language"),
]


@pytest.mark.parametrize(("kind", "node", "said"), WRONG)
async def test_what_meta_refuses(start: Start, kind: str, node: Any, said: str) -> None:
    world = await start(webhook=None)
    status, answer = await world.post({"messaging_product": "whatsapp", "to": CHAT, "type": kind, kind: node})
    assert (status, answer["error"]["code"]) == (400, 100)
    assert said in answer["error"]["error_data"]["details"]
    assert world.phone.messages() == []


async def test_two_buttons_with_one_id(start: Start) -> None:
    world = await start(webhook=None)
    reply = {"type": "reply", "reply": {"id": "a", "title": "A"}}
    node = {"type": "button", "body": {"text": "x"}, "action": {"buttons": [reply, reply]}}
    _, answer = await world.post(
        {"messaging_product": "whatsapp", "to": CHAT, "type": "interactive", "interactive": node}
    )
    assert "Duplicated" in answer["error"]["error_data"]["details"]


def test_a_file_of_an_earlier_version_still_opens(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "phone.db") as db:
        db.executescript(
            "create table line (seq integer primary key, id text not null unique, chat text not null, typed integer "
            "not null, body text not null, attempt_id text, error_code integer, received_at real not null, sent_at "
            "real, delivered_at real, read_at real, failed_at real);"
            f"insert into line (id, chat, typed, body, received_at) values ('wamid.1', '{CHAT}', 0, 'lama', 1);"
        )
    db.close()
    phone = Phone(PhoneConfig(tmp_path / "phone.db", **IDENTITY))
    assert [(message["type"], message["body"]) for message in phone.messages()] == [("text", "lama")]
    phone.store.close()
