"""Every kind of content on every channel that says it can send it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

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
    Text,
)
from wa_integrasi.providers.base import Accepted, Action, Failed, Outbound

MARK = "RekapHarian77"
SAMPLES: dict[str, Content] = {
    "text": Text(body=MARK),
    "image": Image(link=f"https://files.example/{MARK}.png", caption="Grafik"),
    "document": Document(link=f"https://files.example/{MARK}.xlsx", filename="rekap.xlsx"),
    "template": Template(name="laporan_siap", language="id", body=(MARK, "Oktober")),
    "buttons": Buttons(body=MARK, buttons=(Button(id="y", title="Ya"), Button(id="n", title="Tidak"))),
    "menu": Menu(body="Pilih", button="Lihat", sections=(Section(choices=(Choice(id=MARK, title="Rekap"),)),)),
    "reaction": Reaction(message_id=MARK, emoji="👍"),
}


def _said(server: Any) -> str:
    return "\n".join(f"{request.line}\n{unquote_plus(request.body.decode())}" for request in server.requests)


async def test_what_a_channel_can_send_arrives(sendable: Any, start: Any) -> None:
    make, kind = sendable
    channel = make()
    server = await start(channel.accepted)
    async with channel.sender(server.url, 5, 5) as sender:
        outcome = await sender.send(Outbound(channel.reachable, SAMPLES[kind], "attempt-7f3a"))
    assert not isinstance(outcome, Failed), outcome
    if kind != "reaction":  # not every channel names a reaction
        assert outcome == Accepted(channel.accepted_id)
    assert MARK in _said(server)


async def test_what_it_cannot_send_is_never_tried(unsendable: Any, start: Any) -> None:
    make, kind = unsendable
    channel = make()
    server = await start(channel.accepted)
    async with channel.sender(server.url, 5, 5) as sender:
        outcome = await sender.send(Outbound(channel.reachable, SAMPLES[kind], "attempt-7f3a"))
    assert isinstance(outcome, Failed)
    assert outcome.action is Action.DEAD
    assert not server.requests


async def test_a_file_without_a_link_goes_only_where_ids_are_known(channel: Any, server: Any) -> None:
    async with channel.sender(server.url, 5, 5) as sender:
        upload = Outbound(channel.reachable, Image(media_id="1065"), "attempt-7f3a")
        assert isinstance(await sender.send(upload), Accepted) is sender.capabilities.media_ids


async def test_quotes_name_the_quoted_message(channel: Any, server: Any) -> None:
    async with channel.sender(server.url, 5, 5) as sender:
        await sender.send(Outbound(channel.reachable, Text(body=MARK), "attempt-7f3a", reply_to="QuotedRekap78"))
        assert ("QuotedRekap78" in _said(server)) is sender.capabilities.quotes
