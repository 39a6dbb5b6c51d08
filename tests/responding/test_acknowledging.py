"""What an acknowledgement says, letter by letter: chat templates, old plain texts, and whatever else a row holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.responding.conftest import CATALOG, ZONE
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.responding.acknowledging import Acknowledgement, Facts, acknowledge

AT = datetime(2026, 11, 19, 1, 30, tzinfo=UTC)
SITI: dict[str, Any] = {
    "ticket": "K2611-00042",
    "created_at": AT,
    "now": AT,
    "language": "id",
    "zone": ZONE,
    "name": "Siti *Aminah*",
    "text": "Nama: Siti\nUnit: Gudang 2\nAC bocor",
    "fields": {"nama": "Siti", "unit": "Gudang 2", "no telepon": "0812"},
}
USUAL = (
    "✅ Komplain Anda sudah kami terima.\nNomor tiket: *K2611-00042*\n\n"
    "Sebutkan nomor ini bila Anda menanyakan kelanjutannya."
)


def said(wanted: object, catalog: Any = CATALOG, **changes: Any) -> Acknowledgement:
    return acknowledge(wanted, Facts(**{**SITI, **changes}), Catalog.model_validate(catalog))


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("Terima kasih {nama}, tiket {tiket}.", "Terima kasih Siti ∗Aminah∗, tiket K2611-00042."),
        ("Yth. {{ Nama }} ({{nomor_tiket}})", "Yth. Siti ∗Aminah∗ (K2611-00042)"),
        ("${name}: <tiket> / [TIKET] / %ticket%", "Siti ∗Aminah∗: K2611-00042 / K2611-00042 / K2611-00042"),
        ("{{ nama | title }}, no. {{ no-tiket }}", "Siti ∗Aminah∗, no. K2611-00042"),
        ("{ticket} dari {unit}, {tanggal} {jam}", "K2611-00042 dari Gudang 2, 19 November 2026 08.30 WIB"),
        ("*{tiket}* hubungi {no_telepon}", "*K2611-00042* hubungi 0812"),
        ("Diskon [50%] <3 untuk {tiket}", "Diskon [50%] <3 untuk K2611-00042"),
    ],
)
def test_the_places_of_an_old_text_are_filled_in(wanted: str, text: str) -> None:
    assert said(wanted) == Acknowledgement(text)


def test_an_old_text_without_a_ticket_gets_one() -> None:
    assert said("Terima kasih, keluhan Anda kami teruskan.").text == (
        "Terima kasih, keluhan Anda kami teruskan.\n\nNomor tiket: *K2611-00042*"
    )
    assert said("Thank you.", language="en").text == "Thank you.\n\nTicket number: *K2611-00042*"


@pytest.mark.parametrize(
    "wanted",
    [
        "{{ 7 * 7 }}",
        "{% for x in range(9) %}{{ x }}{% endfor %}",
        "{0.__class__} {self} {{ config }}",
        "{nama!r:>99999999}",
    ],
)
def test_an_old_text_is_never_run(wanted: str) -> None:
    assert said(wanted).text == f"{wanted}\n\nNomor tiket: *K2611-00042*"


def test_an_unknown_place_stays_and_is_noted() -> None:
    assert said("{tiket} {petugas} {{ shift }} {petugas}") == Acknowledgement(
        "K2611-00042 {petugas} {{ shift }} {petugas}", "response_template has 2 unknown places"
    )


def test_who_has_no_name_is_addressed_all_the_same() -> None:
    assert said("Halo {nama}: {tiket}", name="").text == "Halo Bapak/Ibu: K2611-00042"


@pytest.mark.parametrize("wanted", [None, "", "  \n", "\u200b"[:0]])
def test_without_a_template_there_is_a_text_of_ours(wanted: object) -> None:
    assert said(wanted) == Acknowledgement(USUAL)
    assert said(wanted, language="en").text == (
        "✅ We have received your complaint.\nTicket number: *K2611-00042*\n\nPlease quote it when you ask about it."
    )


def test_a_chat_template_is_rendered_by_its_name() -> None:
    assert said("komplain-diterima") == Acknowledgement("Halo Siti ∗Aminah∗, tiket K2611-00042 kami proses.")


def test_the_policy_names_the_usual_template_of_a_language() -> None:
    policies = {"intake": {"complaints": {"templates": {"id": "komplain-diterima"}}}}
    catalog = {**CATALOG, "policies": policies}
    assert said(None, catalog).text.startswith("Halo Siti")
    assert said(None, catalog, language="en").text.startswith("✅ We have received")


def test_an_unusable_template_costs_nobody_their_ticket() -> None:
    assert said("komplain_lama") == Acknowledgement(USUAL, "no chat template is called as response_template says")
    broken = said("komplain-rusak")
    assert broken.text == USUAL
    assert broken.note is not None
    assert broken.note.startswith("chat template komplain-rusak: line 1: ")
    assert "Siti" not in broken.note


@given(st.one_of(st.text(), st.binary(), st.integers(), st.from_regex(r"[{}\[\]%<>$| a-z]{0,60}")), st.text())
def test_whatever_a_row_holds_gives_a_text_with_its_ticket(wanted: object, name: str) -> None:
    assert "K2611-00042" in said(wanted, name=name, fields={name: name}).text
