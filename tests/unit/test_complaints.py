"""A complaint is known by its first line, however it was typed, and its headers are read as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_integrasi.complaints import read_complaint, ticket_of


@pytest.mark.parametrize(
    "heading",
    [
        "Pesan Komplain",
        "PESAN KOMPLAIN",
        "*Pesan Komplain*",
        "_*PESAN KOMPLAIN:*_",
        "📢 Pesan Komplain 📢",
        "Pesan  komplain :",
        "pesan komplen",
        "Pesan Complaint",
        "\n\n  Pesan-Komplain",
        "Pesan\u200b Komplain",
        "【Pesan Komplain】",
        "# Pesan Komplain",
        "pesankomplain:",
        "*PesanKomplen*",
    ],
)
def test_a_heading_however_it_is_typed(heading: str) -> None:
    found = read_complaint(f"{heading}\nNama: Siti\nKeluhan: bocor")
    assert found is not None
    assert found.fields == {"nama": "Siti", "keluhan": "bocor"}


def test_a_heading_in_one_word_with_the_complaint_behind_it() -> None:
    found = read_complaint("pesankomplain: AC bocor")
    assert found is not None
    assert found.text == "AC bocor"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "halo",
        "saya mau pesan komplain",
        "komplain: AC bocor",
        "Pesan",
        "Pesan makan siang",
        "Pesanan Komplain",
        "Pesan Komplain",
        "*Pesan Komplain:*\n\n …",
        "pesankomplain",
    ],
)
def test_what_is_none(text: str) -> None:
    assert read_complaint(text) is None


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("Nama : Siti\nNo. HP = 0812-3456-7890", {"nama": "Siti", "no hp": "0812-3456-7890"}),
        ("*Nama*: Siti\n*Unit :* PLTU 2", {"nama": "Siti", "unit": "PLTU 2"}),
        ("- Nama: Siti\n• Lokasi: Gudang B", {"nama": "Siti", "lokasi": "Gudang B"}),
        (
            "1. Nama: Siti\n2. Keluhan:\nAC bocor\n\nsejak kemarin",
            {"nama": "Siti", "keluhan": "AC bocor\n\nsejak kemarin"},
        ),
        ("AC bocor di ruang 3", {}),
        ("Keluhan: lihat https://contoh.id/a=b", {"keluhan": "lihat https://contoh.id/a=b"}),
        ("https://contoh.id", {}),
        ("Nama：Siti", {"nama": "Siti"}),
        ("Nama: Siti\nNama: Budi", {"nama": "Siti\nBudi"}),
        ("Jam kejadian: 10:30", {"jam kejadian": "10:30"}),
        ("Nama:", {}),
    ],
)
def test_headers_as_people_write_them(body: str, fields: dict[str, str]) -> None:
    found = read_complaint(f"Pesan Komplain\n{body}")
    assert found is not None
    assert found.fields == fields
    assert found.text == body


def test_what_stands_behind_the_heading_belongs_to_the_text() -> None:
    found = read_complaint("Pesan Komplain: AC bocor\nNama: Siti")
    assert found is not None
    assert found.text == "AC bocor\nNama: Siti"
    assert found.fields == {"nama": "Siti"}


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    found = read_complaint(f"Pesan Komplain\nAC bocor\n{text}")
    assert found is not None
    assert all(name and value for name, value in found.fields.items())
    assert len(found.fields) <= 30


def test_a_long_one_is_cut() -> None:
    found = read_complaint("Pesan Komplain\n" + "a: b\n" * 10_000)
    assert found is not None
    assert len(found.text) <= 8_000


def test_a_ticket_is_short_and_says_its_month() -> None:
    assert ticket_of(42, datetime(2026, 11, 21, tzinfo=UTC)) == "K2611-00042"
