"""What becomes of each content on channels that can do less."""

from __future__ import annotations

import pytest

from wa_integrasi.content import (
    TEXT_LIMIT,
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
from wa_integrasi.policy.fit import Unfit, choices, fit
from wa_integrasi.providers.base import Capabilities
from wa_integrasi.providers.meta import MetaCloudSender
from wa_integrasi.recipient import Kind, Recipient
from wa_integrasi.text.markup import BORDER

PERSON = Recipient.parse("+6281234567890")
GROUP = Recipient.parse("120363041234567890@g.us")
PLAIN = Capabilities(frozenset({Kind.PHONE, Kind.GROUP}), frozenset({"text"}))
FILES = Capabilities(frozenset({Kind.PHONE}), frozenset({"text", "image", "document"}))
TEMPLATES = Capabilities(frozenset({Kind.PHONE}), frozenset({"text", "template"}))
META = MetaCloudSender.capabilities

LINK = "https://files.example/rekap_harian.xlsx?x=1"
ASK = Buttons(
    body="*Selesai?*",
    header="Keluhan",
    footer="Tim",
    buttons=(Button(id="y", title="Ya, *sudah*"), Button(id="n", title="Belum")),
)
PICK = Menu(
    body="Pilih laporan",
    button="Lihat",
    sections=(
        Section(title="Harian", choices=(Choice(id="a", title="Rekap", description="Kemarin"),)),
        Section(title="Bulanan", choices=(Choice(id="b", title="Rekap"), Choice(id="c", title="Stok"))),
    ),
)
UPLOAD = Image(media_id="1065")
OURS = Image(file="0" * 64)
REACTION = Reaction(message_id="wamid.1", emoji="👍")
TEMPLATE = Template(name="laporan_siap", language="id", body=("x",))
WITH_FILE = Template(name="berkas", language="id", header_media=Document(link=LINK, filename="a"))


@pytest.mark.parametrize(
    "content",
    [
        *(Text(body="x"), Image(link=LINK), UPLOAD, Document(link=LINK, filename="a")),
        *(TEMPLATE, WITH_FILE, ASK, PICK, REACTION),
    ],
)
def test_what_a_channel_can_send_stays(content: Content) -> None:
    assert fit(content, PERSON, META) == (content,)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (Image(link=LINK, caption="Grafik *harian*"), f"Grafik *harian*\n{LINK}"),
        (Image(link=LINK), LINK),
        (Document(link=LINK, filename="rekap_harian_.xlsx", caption="Rekap"), f"Rekap\nrekap_harianˍ.xlsx\n{LINK}"),
        (
            ASK,
            "*Keluhan*\n\n*Selesai?*\n\n1. Ya, ∗sudah∗\n2. Belum\n\n_Tim_\n\nBalas dengan nomor pilihan.",
        ),
        (
            PICK,
            (
                "Pilih laporan\n\n*Harian*\n1. Rekap – Kemarin\n\n*Bulanan*\n2. Rekap\n3. Stok\n\n"
                "Balas dengan nomor pilihan."
            ),
        ),
    ],
)
def test_what_it_cannot_becomes_text(content: Content, text: str) -> None:
    assert fit(content, PERSON, PLAIN) == (Text(body=text),)


def test_the_line_that_asks_has_a_language() -> None:
    (text,) = fit(ASK, PERSON, PLAIN, language="en")
    assert isinstance(text, Text)
    assert text.body.endswith("\nReply with the number of your choice.")


def test_a_reaction_is_a_decoration() -> None:
    assert fit(REACTION, PERSON, PLAIN) == ()


@pytest.mark.parametrize(
    ("content", "recipient", "capabilities", "said"),
    [
        (Text(body="x"), GROUP, META, "existing groups; use a WhatsApp-Web channel"),
        (Text(body="x"), Recipient.parse("ID.13491208655302741918"), PLAIN, "user ids"),
        (Text(body="x"), Recipient.parse("123456789012345@lid"), PLAIN, "linked ids"),
        (Text(body="x"), PERSON, Capabilities(frozenset({Kind.GROUP}), frozenset({"text"})), "phone numbers"),
        (Text(body="x"), PERSON, Capabilities(frozenset({Kind.PHONE}), frozenset()), "no text"),
        (Text(body=" \n"), PERSON, META, "blank"),
        (TEMPLATE, PERSON, PLAIN, "laporan_siap cannot be sent"),
        (WITH_FILE, PERSON, TEMPLATES, "the file at the head of berkas belongs to the template"),
        (UPLOAD, PERSON, PLAIN, "media_id"),
        (OURS, PERSON, PLAIN, "by link only, and a file of ours has none"),
        (UPLOAD, PERSON, FILES, "by link only"),
    ],
)
def test_the_rest_is_refused(content: Content, recipient: Recipient, capabilities: Capabilities, said: str) -> None:
    with pytest.raises(Unfit, match=said):
        fit(content, recipient, capabilities)


def test_long_texts_become_several() -> None:
    short = Capabilities(frozenset({Kind.PHONE}), frozenset({"text"}), text_limit=1600)
    parts = fit(Text(body="kata " * 800), PERSON, short)
    assert len(parts) == 3
    assert all(isinstance(part, Text) and len(part.body) <= 1600 for part in parts)
    assert len(fit(Text(body="kata " * 800), PERSON, PLAIN)) == 1


def test_a_numbered_menu_may_be_longer_than_a_text() -> None:
    menu = PICK.model_copy(update={"body": "kata " * 819})
    parts = fit(menu, PERSON, PLAIN)
    assert len(parts) == 2
    assert all(isinstance(part, Text) and len(part.body) <= TEXT_LIMIT for part in parts)


def test_borders_of_sections_are_never_sent() -> None:
    assert fit(Text(body=f"a{BORDER}b"), PERSON, PLAIN) == (Text(body="a\n\nb"),)


def test_numbers_map_back_to_what_was_chosen() -> None:
    assert choices(ASK) == {"1": "y", "2": "n"}
    assert choices(PICK) == {"1": "a", "2": "b", "3": "c"}
    assert choices(Text(body="1. x")) == {}
