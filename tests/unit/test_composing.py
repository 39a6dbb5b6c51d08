"""What becomes of a message on its channel before a row is written, and what is said of one that cannot go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_integrasi.composing import ComposeError, compose
from wa_integrasi.content import Button, Buttons, Choice, Content, Document, Image, Menu, Reaction, Section, Template
from wa_integrasi.content import Text as Words
from wa_integrasi.outbox import NewMessage
from wa_integrasi.policy.fit import fit
from wa_integrasi.providers.base import ApprovedTemplate, Capabilities
from wa_integrasi.providers.channels import capabilities_of
from wa_integrasi.recipient import Recipient

PERSON = Recipient.parse("+6281234567890")
GROUP = Recipient.parse("120363041234567890@g.us")
LINK = "https://files.example/rekap.xlsx"
ASK = Buttons(body="Selesai?", buttons=(Button(id="y", title="Ya"), Button(id="n", title="Belum")))
READY = Template(name="laporan_siap", language="id", body=("produksi", "Oktober"))
PAUSED = Template(name="terjeda", language="id")
KNOWN = [
    ApprovedTemplate("laporan_siap", "id", "APPROVED", "UTILITY", body=2),
    ApprovedTemplate("terjeda", "id", "PAUSED", "UTILITY"),
]
CHANNELS = ("meta", "twilio", "watzap", "waha", "wwebjs")


def channel(name: str) -> Capabilities:
    found = capabilities_of(name)
    assert found is not None
    return found


def message(content: Content | str = "halo", to: Recipient = PERSON, **more: Any) -> NewMessage:
    return NewMessage(to, Words(body=content) if isinstance(content, str) else content, **more)


def bodies(messages: list[NewMessage]) -> list[str]:
    return [made.content.body for made in messages if isinstance(made.content, Words)]


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_is_known_by_its_name_and_takes_text(name: str) -> None:
    assert compose(message(), channel(name), None) == [message()]


def test_no_other_channel_is_known() -> None:
    assert capabilities_of("telegram") is None


def test_a_long_text_becomes_numbered_parts_with_keys_of_their_own() -> None:
    long = message("kata " * 800, dedupe_key="k", report="harian", reply_to="wamid.1")
    parts = compose(long, channel("twilio"), None)
    assert [(part.part, part.parts, part.dedupe_key) for part in parts] == [(1, 3, "k/1"), (2, 3, "k/2"), (3, 3, "k/3")]
    assert [part.reply_to for part in parts] == ["wamid.1", None, None]
    assert {part.report for part in parts} == {"harian"}
    assert compose(long, channel("meta"), None) == [long]


def test_a_part_of_a_report_that_is_cut_again_stays_that_part() -> None:
    parts = compose(message("kata " * 800, part=2, parts=5), channel("twilio"), None)
    assert [(part.part, part.parts, part.dedupe_key) for part in parts] == [(2, 5, None)] * 3


def test_buttons_become_numbered_text_where_there_are_none() -> None:
    [made] = compose(message(ASK, dedupe_key="k"), channel("waha"), None)
    assert made == message("Selesai?\n\n1. Ya\n2. Belum\n\nBalas dengan nomor pilihan.", dedupe_key="k")
    assert compose(message(ASK), channel("meta"), None) == [message(ASK)]


def test_a_reaction_that_cannot_be_shown_is_left_out() -> None:
    assert compose(message(Reaction(message_id="1", emoji="👍")), channel("twilio"), None) == []


@pytest.mark.parametrize(
    ("name", "refused", "field", "said"),
    [
        ("meta", message(to=GROUP), "recipient", "recipient: this channel does not reach existing groups; use a Whats"),
        ("waha", message(READY), "content", "content: this channel has no templates, so laporan_siap cannot be sent"),
        ("twilio", message(Image(media_id="1")), "content", "content: this channel takes images by link only"),
        (
            "twilio",
            message(Template(name="berkas", language="id", header_media=Document(link=LINK, filename="a"))),
            *("content", "content: on this channel the file at the head of berkas belongs to the template"),
        ),
        ("meta", message(" \n "), "content", "content: the text is blank"),
        (
            "meta",
            message(READY.model_copy(update={"body": ("rahasia",)})),
            *("body", "template laporan_siap (id), body: must have 2 parameters, has 1"),
        ),
        ("meta", message(PAUSED), "status", "template terjeda (id), status: is paused"),
    ],
)
def test_what_cannot_go_is_refused_with_the_message_the_field_and_what_is_allowed(
    name: str, refused: NewMessage, field: str, said: str
) -> None:
    with pytest.raises(ComposeError) as error:
        compose(replace(refused, report="harian", part=2, parts=3), channel(name), KNOWN)
    assert (error.value.field, error.value.reason[: len(said)]) == (field, said)
    assert str(error.value).startswith(f"harian to {refused.recipient.masked}, part 2/3: {said}")
    assert "rahasia" not in str(error.value)
    assert refused.recipient.address not in str(error.value)


def test_a_message_of_no_report_is_named_by_its_type() -> None:
    with pytest.raises(ComposeError, match=r"^text to group …7890: recipient: "):
        compose(message(to=GROUP), channel("meta"), None)


def test_an_approved_template_goes_as_it_is() -> None:
    assert compose(message(READY), channel("meta"), KNOWN) == [message(READY)]


def test_before_the_first_sync_the_channel_decides_on_templates() -> None:
    unknown = message(Template(name="apa_saja", language="en", body=("x",)))
    assert compose(unknown, channel("meta"), None) == [unknown]


TEXTS = st.text(st.sampled_from("ab \n*_`🙂1."), min_size=1, max_size=4096) | st.builds(
    lambda word, times: (word * times)[:4096], st.text(min_size=1, max_size=9), st.integers(1, 4096)
)
SHORT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
CONTENTS = st.one_of(
    TEXTS.map(lambda body: Words(body=body)),
    st.builds(lambda title, body: Buttons(body=body, buttons=(Button(id="y", title=title),)), SHORT, SHORT),
    st.builds(
        lambda title, body: Menu(
            body=body, button="Lihat", sections=(Section(choices=(Choice(id="a", title=title, description=title),)),)
        ),
        SHORT,
        TEXTS,
    ),
    SHORT.map(lambda caption: Image(link=LINK, caption=caption)),
    SHORT.map(lambda name: Document(link=LINK, filename=name)),
    st.just(Image(media_id="1")),
    st.just(Reaction(message_id="1", emoji="👍")),
    st.just(READY),
)
MESSAGES = st.builds(
    NewMessage,
    st.sampled_from([PERSON, GROUP]),
    CONTENTS,
    dedupe_key=st.none() | st.just("k"),
    report=st.just("harian"),
)


@given(MESSAGES, st.sampled_from(CHANNELS))
def test_whatever_is_composed_fits_its_channel_is_in_order_and_comes_out_the_same_again(
    given_message: NewMessage, name: str
) -> None:
    capabilities = channel(name)
    try:
        made = compose(given_message, capabilities, KNOWN)
    except ComposeError:
        with pytest.raises(ComposeError):
            compose(given_message, capabilities, KNOWN)
        return
    assert made == compose(given_message, capabilities, KNOWN)
    assert [(each.part, each.parts) for each in made] == [(n, len(made)) for n in range(1, len(made) + 1)]
    for each in made:
        assert fit(each.content, each.recipient, capabilities) == (each.content,)
        assert compose(each, capabilities, KNOWN) == [each]
    if given_message.dedupe_key is not None:
        assert len({each.dedupe_key for each in made}) == len(made)


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=30), min_size=1, max_size=120).map(" ".join))
def test_the_parts_of_a_text_hold_its_words_in_their_order(body: str) -> None:
    narrow = replace(channel("waha"), text_limit=80)
    parts = bodies(compose(message(body), narrow, None))
    said = [word for part in parts for word in part.split() if not word.startswith("(")]
    assert said == body.split()
