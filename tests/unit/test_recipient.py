"""Whom a text names: every form that people and programs write, and errors that never repeat it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.recipient import Kind, Recipient, RecipientError

SITI = "+6281234567890"
GROUP = "120363012345678901@g.us"


@pytest.mark.parametrize(
    "text",
    [
        "081234567890",
        "0812-3456-7890",
        "0812.3456.7890",
        "(0812) 3456 7890",
        " 081234567890\n",
        "+62 812-3456-7890",
        "6281234567890",
        "+62081234567890",
        "tel:+6281234567890",
        "6281234567890@c.us",
        "+6281234567890@c.us",
        "6281234567890@C.US",
        "6281234567890@s.whatsapp.net",
        "6281234567890:12@s.whatsapp.net",
        "０８１２３４５６７８９０",
        "٠٨١٢٣٤٥٦٧٨٩٠",
    ],
)
def test_a_person_has_one_name_however_their_number_is_written(text: str) -> None:
    assert Recipient.parse(text).chat == SITI


@pytest.mark.parametrize(
    ("text", "kind", "chat"),
    [
        ("+1 650-253-0000", Kind.PHONE, "+16502530000"),
        ("+65 6321 2345", Kind.PHONE, "+6563212345"),
        ("+44 20 7183 8750", Kind.PHONE, "+442071838750"),
        ("021-5551234", Kind.PHONE, "+62215551234"),
        (GROUP, Kind.GROUP, GROUP),
        ("120363012345678901@G.US", Kind.GROUP, GROUP),
        ("6281234567890-1512345678@g.us", Kind.GROUP, "6281234567890-1512345678@g.us"),
        ("123456789012345@lid", Kind.LID, "123456789012345@lid"),
        ("123456789012345:3@lid", Kind.LID, "123456789012345@lid"),
        ("US.13491208655302741918", Kind.BSUID, "US.13491208655302741918"),
    ],
)
def test_foreign_numbers_landlines_groups_and_ids_are_understood(text: str, kind: Kind, chat: str) -> None:
    recipient = Recipient.parse(text)
    assert (recipient.kind, recipient.chat) == (kind, chat)


def test_a_number_without_a_country_code_belongs_to_the_region() -> None:
    assert Recipient.parse("650-253-0000", region="US").chat == "+16502530000"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" \t\n", "it is empty"),
        ("siapa?", "6 characters"),
        ("rahasia", "not a phone number"),
        ("0812345", "no phone number of the region ID"),
        ("14045", "no phone number of the region ID"),
        ("+62812345678901234", "no phone number of the region ID"),
        ("081234567890 x5", "no phone number of the region ID"),
        ("081234567890,081234567891", "not a phone number"),
        ("081234567890 / 081234567891", "not a phone number"),
        ("0812\x003456\x007890", "not a phone number"),
        ("+62\u202d81234567890", "not a phone number"),
        ("9" * 100_000, "100000 characters"),
        ("9" * 100_000 + "@c.us", "characters"),
        ("9" * 100_000 + "@g.us", "must be digits"),
        ("081234567890@c.us", "not a phone number"),
        ("siapa@c.us", "not a phone number"),
        ("siapa@g.us", "the id before '@g.us' must be digits"),
        ("@g.us", "the id before '@g.us' must be digits"),
        ("rahasia@lid", "the id before '@lid' must be digits"),
        ("１２０３６３０１２３４５６７８９０１@g.us", "the id before '@g.us' must be digits"),
        ("١٢٣٤٥٦٧٨٩@lid", "the id before '@lid' must be digits"),
        ("siti@contoh.id", "must be one of @c.us"),
        ("6281234567890@c.us@evil", "must be one of @c.us"),
        ("@", "must be one of @c.us"),
        ("id.13491208655302741918", "not a phone number"),
    ],
)
def test_what_names_nobody_is_refused_with_a_reason_that_does_not_repeat_it(text: str, reason: str) -> None:
    with pytest.raises(RecipientError) as refused:
        Recipient.parse(text)
    assert reason in str(refused.value)
    name = text.partition("@")[0].strip()
    assert not name or name not in str(refused.value)


@settings(deadline=None)
@given(st.text() | st.text("0123456789+-:@.cgusldi "))
def test_any_text_at_all_is_either_understood_or_refused_without_repeating_its_digits(text: str) -> None:
    digits = "".join(character for character in text if character.isdigit())
    refusal = ""
    try:
        recipient = Recipient.parse(text)
    except RecipientError as error:
        refusal = str(error)
    else:
        assert Recipient.of_chat(recipient.chat) == recipient
        assert Recipient.parse(recipient.chat) == recipient
    assert len(digits) < 4 or digits not in refusal


numbers = st.integers(0, 9999).map(lambda number: f"0812345{number:04}") | st.integers(2, 9).map(
    lambda number: f"+1 650-253-000{number}"
)
groups = st.from_regex(r"[0-9]{5,30}(-[0-9]{5,15})?@g\.us", fullmatch=True)
lids = st.from_regex(r"[0-9]{5,20}(:[0-9]{1,3})?@lid", fullmatch=True)
user_ids = st.from_regex(r"[A-Z]{2}\.[A-Za-z0-9]{5,128}", fullmatch=True)


@settings(deadline=None)
@given(numbers | groups | lids | user_ids)
def test_the_name_in_the_store_leads_back_to_the_same_chat(text: str) -> None:
    recipient = Recipient.parse(text)
    assert Recipient.of_chat(recipient.chat) == recipient
    assert Recipient.parse(recipient.chat) == recipient
    assert recipient.chat.isascii()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("081234567890", "+62…7890"),
        (GROUP, "group …8901"),
        ("123456789012345@lid", "lid …2345"),
        ("US.13491208655302741918", "bsuid …1918"),
    ],
)
def test_logs_show_only_the_end_of_an_address(text: str, masked: str) -> None:
    assert Recipient.parse(text).masked == masked
