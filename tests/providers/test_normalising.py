"""Messages of every channel in one shape: what is there is read, what makes no sense is left out."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.inbox import Context, InboundMessage, Media
from wa_integrasi.inbox.normalising import normalise
from wa_integrasi.providers.base import MessageEvent, Receiver
from wa_integrasi.providers.meta import MetaCloudReceiver
from wa_integrasi.providers.twilio_webhook import TwilioReceiver
from wa_integrasi.providers.waha import WahaReceiver
from wa_integrasi.providers.watzap_webhook import WatzapReceiver
from wa_integrasi.providers.wwebjs import WwebjsReceiver

AT = datetime(2026, 11, 21, 0, 0, 1, tzinfo=UTC)
SECONDS = int(AT.timestamp())
CAME = AT + timedelta(seconds=1)
SITI = "+6281234567890"
DIGEST = bytes(range(32))
BASE64 = base64.b64encode(DIGEST).decode()

META = MetaCloudReceiver("secret", "token")
WAHA = WahaReceiver("key")
WWEBJS = WwebjsReceiver("key", "abc")
TWILIO = TwilioReceiver("token", "https://wa.example.id/webhooks/twilio/default", clock=lambda: AT)
WATZAP = WatzapReceiver("0123456789abcdef")


def read(receiver: Receiver, body: bytes) -> InboundMessage:
    (event,) = receiver.parse(body)
    assert isinstance(event, MessageEvent)
    return normalise(event, receiver.name, "default", CAME)


def meta(kind: str, people: Any = None, **parts: Any) -> InboundMessage:
    raw = {"from": "6281234567890", "id": "wamid.1", "timestamp": str(SECONDS), "type": kind, **parts}
    value = {"messages": [raw], **({"contacts": people} if people is not None else {})}
    envelope = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}
    return read(META, json.dumps(envelope).encode())


def twilio(**fields: str) -> InboundMessage:
    base = {"MessageSid": "SM1", "From": f"whatsapp:{SITI}", "Body": "", "ProfileName": "Siti"}
    return read(TWILIO, urlencode({**base, **fields}).encode())


def waha(event: str = "message", **payload: Any) -> InboundMessage:
    said = {"id": "false_6281234567890@c.us_3EB0AA", "timestamp": SECONDS, "from": "6281234567890@c.us", **payload}
    envelope = {"event": event, "session": "default", "payload": {"fromMe": False, "body": "", **said}}
    return read(WAHA, json.dumps(envelope).encode())


def watzap(**data: Any) -> InboundMessage:
    said = {"chat_id": "6281234567890@c.us", "message_id": "W1", "name": "Siti", "timestamp": SECONDS, **data}
    return read(WATZAP, json.dumps({"type": "incoming_chat", "data": said}).encode())


def recorded() -> list[InboundMessage]:
    told = json.loads((Path(__file__).parent / "recorded" / "wwebjs.json").read_text())["webhooks"]
    bodies = [each["body"].encode() for each in told]
    events = [event for body in bodies for event in WWEBJS.parse(body)]
    return [normalise(event, "wwebjs", "default", event.at) for event in events if isinstance(event, MessageEvent)]


class TestMeta:
    def test_a_text_says_who_wrote_where_and_what_it_answers(self) -> None:
        contact = {"profile": {"name": "Siti Aminah"}, "wa_id": "6281234567890", "user_id": "ID.1349120865"}
        found = meta("text", [contact], text={"body": "halo"}, context={"from": "628110000001", "id": "wamid.0"})
        assert (found.chat, found.sender, found.group, found.text) == (SITI, SITI, None, "halo")
        assert (found.name, found.phone, found.user_id) == ("Siti Aminah", SITI, "ID.1349120865")
        assert found.context == Context("wamid.0", "+628110000001")
        assert (found.at, found.received_at) == (AT, CAME)
        assert found.addresses == (SITI, "ID.1349120865")
        assert found.raw["id"] == "wamid.1"

    def test_each_sender_has_their_own_profile(self) -> None:
        contacts = [{"profile": {"name": "Budi"}, "wa_id": "6281234567891"}, {"profile": {}, "wa_id": "6281234567890"}]
        assert meta("text", contacts, text={"body": "x"}).name is None

    def test_who_shows_only_a_user_id_is_known_by_it(self) -> None:
        found = meta("text", [{"user_id": "ID.1349120865"}], text={"body": "x"}, **{"from": None})
        assert (found.chat, found.phone, found.user_id) == ("ID.1349120865", None, "ID.1349120865")

    @pytest.mark.parametrize("kind", ["image", "document", "video", "audio", "sticker"])
    def test_files(self, kind: str) -> None:
        node = {"id": "9", "mime_type": "image/jpeg", "sha256": BASE64, "filename": "a.jpg", "url": "https://x/y"}
        found = meta(kind, **{kind: {**node, "voice": True, "caption": "lihat"}})
        [media] = found.media
        assert media == Media("9", "https://x/y", "image/jpeg", DIGEST.hex(), None, "a.jpg", "lihat", voice=True)

    @pytest.mark.parametrize("node", [None, [], {}, {"id": 5}, {"id": "", "mime_type": "image/jpeg"}])
    def test_a_file_that_cannot_be_had_is_none(self, node: Any) -> None:
        assert meta("image", image=node).media == ()

    @pytest.mark.parametrize(
        ("kind", "parts", "details"),
        [
            (
                "location",
                {"location": {"latitude": -6.2, "longitude": 106.8, "name": "Pabrik", "address": "Jl. 1"}},
                {"latitude": -6.2, "longitude": 106.8, "name": "Pabrik", "address": "Jl. 1"},
            ),
            ("location", {"location": {"latitude": 1e999, "longitude": "x"}}, None),
            ("reaction", {"reaction": {"message_id": "wamid.0", "emoji": "👍"}}, {"emoji": "👍"}),
            ("reaction", {"reaction": {"message_id": "wamid.0"}}, {"emoji": ""}),
            (
                "interactive",
                {"interactive": {"type": "list_reply", "list_reply": {"id": "r1", "title": "Rekap"}}},
                {"id": "r1", "type": "list_reply"},
            ),
            ("interactive", {"errors": [{"code": 131000}]}, None),
            ("button", {"button": {"payload": "P", "text": "Setuju"}}, {"id": "P"}),
            (
                "contacts",
                {"contacts": [{"name": {"formatted_name": "Budi"}, "phones": [{"phone": "+62 812"}]}, {}, 5]},
                {"contacts": [{"name": "Budi", "phones": ["+62 812"]}]},
            ),
            (
                "order",
                {"order": {"catalog_id": "1", "product_items": [{"product_retailer_id": "p", "quantity": 2}]}},
                {"catalog_id": "1", "items": [{"product": "p", "quantity": 2}]},
            ),
            ("unsupported", {"errors": [{"code": 131051}]}, {"error": 131051}),
            (
                "system",
                {"system": {"body": "x", "wa_id": "6281234567891", "type": "user_changed_number"}},
                {"type": "user_changed_number", "new_chat": "+6281234567891"},
            ),
        ],
    )
    def test_every_other_kind(self, kind: str, parts: dict[str, Any], details: Any) -> None:
        found = meta(kind, **parts)
        assert (found.kind, found.details) == (kind, details)

    def test_a_reaction_refers_to_its_message(self) -> None:
        assert meta("reaction", reaction={"message_id": "wamid.0"}).context == Context("wamid.0")

    def test_a_forwarded_message_quotes_nothing(self) -> None:
        found = meta("text", text={"body": "x"}, context={"frequently_forwarded": True})
        assert found.context == Context(forwarded=True)

    def test_an_unknown_kind_is_kept_raw(self) -> None:
        found = meta("hologram", hologram={"depth": 3})
        assert (found.kind, found.text, found.raw["hologram"]) == ("unknown", None, {"depth": 3})

    def test_nothing_was_written_after_it_came(self) -> None:
        assert meta("text", text={"body": "x"}, timestamp="99999999999").at == CAME


class TestTwilio:
    def test_several_files(self) -> None:
        files = {"MediaUrl0": "https://x/0", "MediaContentType0": "image/jpeg", "MediaUrl1": "https://x/1"}
        found = twilio(NumMedia="2", Body="lihat", **files)
        assert found.media == (
            Media(url="https://x/0", mime_type="image/jpeg", caption="lihat"),
            Media(url="https://x/1"),
        )
        assert (found.kind, found.name, found.phone) == ("image", "Siti", SITI)

    @pytest.mark.parametrize("count", ["9999999999999", "-1", "x", "1e400", "nan"])
    def test_a_strange_number_of_files(self, count: str) -> None:
        assert twilio(NumMedia=count, MediaUrl0="").media == ()

    def test_answers_places_and_choices(self) -> None:
        quoted = twilio(
            Body="x", OriginalRepliedMessageSid="SM0", OriginalRepliedMessageSender="whatsapp:+628110000001"
        )
        assert quoted.context == Context("SM0", "+628110000001")
        place = twilio(Latitude="-6.2", Longitude="106.8", Label="Pabrik").details
        assert place == {"latitude": -6.2, "longitude": 106.8, "name": "Pabrik"}
        assert twilio(ButtonPayload="P", ButtonText="Ya").details == {"id": "P"}
        assert twilio(Body="x", Forwarded="true").context == Context(forwarded=True)


class TestWeb:
    def test_in_a_group_the_author_is_the_sender(self) -> None:
        [alone, grouped] = list({message.message_id: message for message in recorded()}.values())[:2]
        assert (alone.chat, alone.sender, alone.group, alone.name) == (
            "+6289900000001",
            "+6289900000001",
            None,
            "Operator",
        )
        assert (grouped.group, grouped.chat) == ("120363000000000000@g.us", "120363000000000000@g.us")
        assert (grouped.sender, grouped.phone, grouped.text) == ("+6289900000001", "+6289900000001", "!status mill1")

    def test_a_file(self) -> None:
        media = {"url": "http://waha/files/1.oga", "mimetype": "audio/ogg", "filename": "1.oga"}
        data = {"type": "ptt", "filehash": BASE64, "size": 2048, "pushName": "Siti"}
        found = waha(hasMedia=True, media=media, _data=data)
        expected = Media(
            "false_6281234567890@c.us_3EB0AA", media["url"], "audio/ogg", DIGEST.hex(), 2048, "1.oga", voice=True
        )
        assert (found.media, found.name, found.kind) == ((expected,), "Siti", "audio")

    def test_a_quote_a_reaction_and_a_linked_id(self) -> None:
        found = waha(body="ya", replyTo={"id": "3EB0BB", "participant": "628110000001@c.us"})
        assert found.context == Context("3EB0BB", "+628110000001")
        reaction = waha("message.reaction", reaction={"text": "👍", "messageId": "true_6281234567890@c.us_3EB0CC"})
        assert (reaction.context, reaction.details) == (Context("3EB0CC"), {"emoji": "👍"})
        group = {"from": "120363000000000000@g.us", "participant": "6281234567890@c.us", "to": "6281100000001@c.us"}
        mention = waha(body="@6281100000001 menu", mentionedIds=["6281100000001@c.us"], **group)
        assert mention.context == Context(mentions_us=True)
        linked = {"key": {"remoteJidAlt": "6281234567890@s.whatsapp.net"}}
        hidden = waha(body="x", **{"from": "23456789012345@lid", "_data": linked})
        assert (hidden.chat, hidden.phone, hidden.lid) == (SITI, SITI, "23456789012345@lid")

    def test_places_and_cards(self) -> None:
        place = waha(location={"latitude": "-6.2", "longitude": "106.8", "description": "Pabrik"})
        assert place.details == {"latitude": -6.2, "longitude": 106.8, "name": "Pabrik"}
        card = "BEGIN:VCARD\nVERSION:3.0\nFN:Budi\nitem1.TEL;waid=62812:+62 812\nEND:VCARD"
        assert waha(vCards=[card, 5]).details == {"contacts": [{"name": "Budi", "phones": ["+62 812"]}]}


class TestWatzap:
    def test_what_little_it_says(self) -> None:
        found = watzap(message_body="lihat", has_media=True, media_mime="image/jpeg")
        assert (found.name, found.phone, found.kind) == ("Siti", SITI, "image")
        assert found.media == (Media(id="W1", mime_type="image/jpeg", caption="lihat"),)
        assert watzap(location_attached={"lat": -6.2, "lng": 106.8}).details == {"latitude": -6.2, "longitude": 106.8}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
NAMES = """id image text emoji context from type contacts phones name location latitude longitude system wa_id
    media url mimetype replyTo _data key Info vCards reaction messageId hasMedia NumMedia MediaUrl0 Latitude"""
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=5),
    max_leaves=12,
)
KINDS = "text image document audio sticker location contacts interactive button reaction order system unsupported"


@settings(max_examples=100)
@given(
    provider=st.sampled_from(["meta", "waha", "wwebjs", "watzap", "twilio", "another"]),
    kind=st.sampled_from(KINDS.split()),
    raw=st.dictionaries(st.sampled_from([*KINDS.split(), "_data", "media", "hasMedia", "context", "vCards"]), ANYTHING),
)
def test_whatever_an_item_holds_it_is_a_message(provider: str, kind: str, raw: dict[str, Any]) -> None:
    event = MessageEvent("1", SITI, AT, kind, "halo", raw)
    found = normalise(event, provider, "default", CAME)
    assert (found.message_id, found.chat, found.text, found.raw) == ("1", SITI, "halo", raw)
    json.dumps(found.details, allow_nan=False)
