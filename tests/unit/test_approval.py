"""Which template messages may be written, and what is said of those that may not."""

from __future__ import annotations

from typing import Any

import pytest

from wa_integrasi.content import Document, Image, Template, TemplateButton
from wa_integrasi.policy.approval import TemplateRefused, check_template
from wa_integrasi.providers.base import ApprovedTemplate

KNOWN = [
    ApprovedTemplate("rekap_harian", "id", "APPROVED", "UTILITY", 1, 2, 1, button_kinds=("quick_reply", "", "url")),
    ApprovedTemplate("rekap_harian", "en_US", "APPROVED", "UTILITY", 1, 2, 1),
    ApprovedTemplate("bernama", "id", "APPROVED", "UTILITY", 0, 2, names=("unit", "ton")),
    ApprovedTemplate("bergambar", "id", "APPROVED", "MARKETING", header_format="IMAGE"),
    ApprovedTemplate("berfilm", "id", "APPROVED", "MARKETING", header_format="VIDEO"),
    ApprovedTemplate("kode", "id", "APPROVED", "MARKETING", buttons=1, button_kinds=("copy_code",)),
    *(ApprovedTemplate(f"s_{status.lower()}", "id", status, "UTILITY") for status in ("PENDING", "PAUSED", "ARCHIVED")),
]
URL = TemplateButton(index=2, parameter="2026")
GOOD = Template(name="rekap_harian", language="id", header=("Giling",), body=("satu", "dua"), buttons=(URL,))


def made(name: str, **fields: Any) -> Template:
    return Template(name=name, language="id", **fields)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.model_copy(update={"buttons": (URL, TemplateButton(index=0, sub_type="quick_reply", parameter="x"))}),
        GOOD.model_copy(update={"language": "en_US"}),
        GOOD.model_copy(update={"body": ("a    b", "x" * 1024)}),
        made("bernama", body=("12", "Giling"), names=("ton", "unit")),
        made("bergambar", header_media=Image(media_id="1")),
        made("kode", buttons=(TemplateButton(index=0, sub_type="copy_code", parameter="HEMAT"),)),
    ],
)
def test_what_is_approved_may_go(content: Template) -> None:
    check_template(content, KNOWN)


@pytest.mark.parametrize(
    ("content", "field", "said"),
    [
        (made("rekap_haria"), "name", "no such template; did you mean rekap_harian?"),
        (made("zzz"), "name", "the account has 9 templates"),
        (GOOD.model_copy(update={"language": "en"}), "language", "must be one of en_US, id"),
        (made("s_pending"), "status", "waits for approval"),
        (made("s_paused"), "status", "is paused"),
        (made("s_archived"), "status", "is ARCHIVED, must be APPROVED"),
        (GOOD.model_copy(update={"header": ()}), "header", "must have 1 parameter, has 0"),
        (GOOD.model_copy(update={"body": ("x",)}), "body", "must have 2 parameters, has 1"),
        (GOOD.model_copy(update={"names": ("a", "b", "c")}), "names", "must be left out, they are numbered"),
        (made("bernama", body=("x", "y")), "names", "must be unit, ton"),
        (made("bernama", body=("x", "y"), names=("unit", "kg")), "names", "must be unit, ton"),
        (made("bergambar"), "header_media", "must be of the type image"),
        (made("bergambar", header_media=Document(media_id="1", filename="a")), "header_media", "type image"),
        (made("berfilm"), "header", "is a VIDEO"),
        (made("kode", header_media=Image(media_id="1")), "header_media", "must be left out"),
        (GOOD.model_copy(update={"buttons": ()}), "buttons", "must have 1 parameter, has 0"),
        (GOOD.model_copy(update={"buttons": (TemplateButton(index=0, parameter="x"),)}), "button 0", "a quick_reply"),
        (GOOD.model_copy(update={"buttons": (TemplateButton(index=1, parameter="x"),)}), "button 1", "no parameter"),
        (GOOD.model_copy(update={"buttons": (TemplateButton(index=3, parameter="x"),)}), "button 3", "below 3"),
        (
            made("kode", buttons=(TemplateButton(index=0, sub_type="copy_code", parameter="x" * 16),)),
            *("button 0", "has 16 characters, must have at most 15"),
        ),
        (GOOD.model_copy(update={"header": ("x" * 61,)}), "header parameter 1", "at most 60"),
        (GOOD.model_copy(update={"body": ("x", "y" * 1025)}), "body parameter 2", "at most 1024"),
        (GOOD.model_copy(update={"body": (" ", "y")}), "body parameter 1", "blank"),
        *(
            (GOOD.model_copy(update={"body": (f"rahasia{space}x", "y")}), "body parameter 1", "no newline")
            for space in ("\n", "\r", "\t", " " * 5)
        ),
    ],
)
def test_the_refusal_says_which_field_and_what_is_allowed(content: Template, field: str, said: str) -> None:
    with pytest.raises(TemplateRefused, match=said) as refused:
        check_template(content, KNOWN)
    assert (refused.value.template, refused.value.field) == (content.name, field)
    assert str(refused.value).startswith(f"template {content.name} ({content.language}), {field}: ")
    assert "rahasia" not in str(refused.value)


def test_an_account_without_templates() -> None:
    with pytest.raises(TemplateRefused, match="no templates"):
        check_template(GOOD, [])
