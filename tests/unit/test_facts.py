"""Whether a text says only numbers, days and times that a report has."""

from __future__ import annotations

import pytest

from wa_integrasi.typed.facts import Facts

SHOWN = """Rekap Produksi, Kamis, 19 November 2026, 07.00 WIB
Produksi 1.234,5 ton (94,6%), ▼ 120 (-1,3%), downtime 45 menit, Rp2.500.000
Giling 1: 512 ton, FIC-101.PV 99,6, rasio 0,4, 3/4 unit, suhu −5 °C"""
FACTS = Facts([SHOWN], "id", ["Giling 1"])


@pytest.mark.parametrize(
    "text",
    [
        "Produksi 1.234,5 ton, turun 1,3%.",
        "Produksi 1,234.5 ton, turun 120 ton.",
        "Produksi 1.235 ton atau 1,2 ribu ton; 95% dari target.",
        "Pada 19/11 atau 2026-11-19 pukul 7.00 suhu -5 °C.",
        "Pada 19 Nov 2026, Giling 1 membuat 512 ton, dan FIC-101.PV 99,6.",
        "Biaya Rp2,5 juta, 3 dari 4 unit; salah satu unit berhenti 45 menit.",
        "Tiga dari empat unit, dan 3/4 dari rencana.",
        "Tanggal 19, bulan November 2026, tahun 2026.",
        "Produksi 1.234,50 ton.",
        "Semua unit berjalan baik.",
        "Naik 94,6 persen, atau 94,6 %.",
        "Produksi di satuan ton, DI bawah rencana, dicek satu per satu; CV. Tebu, PLTU dan OEE baik.",
    ],
)
def test_what_the_report_says_may_be_said(text: str) -> None:
    assert FACTS.strange(text) is None


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("Produksi 1.243,5 ton.", "1.243,5"),
        ("Produksi 1.200 ton.", "1.200"),
        ("Produksi naik +1,3%.", "+1,3"),
        ("Produksi 1.234,56 ton.", "1.234,56"),
        ("Target 100% tercapai.", "100"),
        ("Rasio 0.", "0"),
        ("Pada 20 November 2026.", "20 November 2026"),
        ("Pada 19 November 2025.", "19 November 2025"),
        ("Pada 11/19/2026.", "11/19/2026"),
        ("Sampai pukul 08.00.", "pukul 08.00"),
        ("Giling 2 berhenti.", "2"),
        ("Giling 1 berhenti 1 jam.", "1"),
        ("FIC-102.PV turun.", "FIC-102.PV"),
        ("Sekitar dua ratus ton.", "dua"),
        ("Produksi naik dua kali lipat.", "dua"),
        ("Separuh unit berhenti.", "Separuh"),
        ("Satu unit berhenti.", "Satu"),
        ("Produksi 1,2 juta ton.", "1,2 juta"),
        ("Produksi 1234.5e3 ton.", "1234.5e3"),
        ("Tahun 2027 lebih baik.", "Tahun 2027"),
        ("Versi 1.2.3", "1.2.3"),
        ("Sekitar ribuan ton.", "ribuan"),
        ("Belasan unit berhenti.", "Belasan"),
        ("Naik puluhan, ratusan, lalu jutaan ton.", "puluhan"),
        ("Hasilnya dobel.", "dobel"),
        ("Produksi nihil.", "nihil"),
        ("Turun sepersepuluh.", "sepersepuluh"),
        ("Turun sepertiga.", "sepertiga"),
        ("Turun seperempat.", "seperempat"),
        ("Turun setengah.", "setengah"),
        ("Naik limabelas ton.", "limabelas"),
        ("Naik XII persen.", "XII"),
        ("Naik xii persen.", "xii"),
        ("Naik X %.", "X"),
        ("Giling IV berhenti.", "IV"),
        ("Produksi 1.234,5 % dari target.", "1.234,5"),
        ("Produksi 512%.", "512"),
        ("Turun 45 persen.", "45"),
        ("Turun 45persen.", "45persen"),
        ("Turun 07.00 %.", "07.00"),
        ("Turun tiga persen.", "tiga"),
    ],
)
def test_what_it_does_not_say_is_found(text: str, strange: str) -> None:
    found = FACTS.strange(text)
    assert found is not None
    assert found.text == strange


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("Output was 1,234.5 t, down 1.3%.", True),
        ("Output was 1.2K t on November 19, 2026 at 7 am.", True),
        ("Output was 1.234.", False),
        ("Output doubled.", False),
        ("Half of the units, one of them twice.", False),
        ("Three of the mills.", True),
        ("Output was 1.3M t.", False),
        ("Down by 1.3 percent, or 1.3 per cent.", True),
        ("Three percent more.", False),
        ("3 % more at 7 am.", False),
        ("I think one of the mills did well.", True),
        ("Hundreds of tonnes.", False),
        ("Some thousands of tonnes.", False),
        ("Millions of tonnes.", False),
        ("Dozens of mills.", False),
        ("A tenfold output.", False),
        ("Output quadrupled.", False),
        ("Output tripled.", False),
        ("Output was fortyfive t.", False),
        ("Down by twothirds.", False),
        ("Down by a third.", False),
        ("Down by a quarter.", False),
        ("Nothing was made.", False),
    ],
)
def test_english_is_read_as_english(text: str, fine: bool) -> None:
    said = "Output 1,234.5 t (-1.3%), 3 mills, Thursday, 19 November 2026, 07:00 WIB"
    assert (Facts([said], "en").strange(text) is None) is fine


def test_a_long_word_costs_no_more_than_its_length() -> None:
    assert Facts(["a" * 50_000 + " " + "1" * 20_000 + " " + "1.1" * 9_000], "id").strange("9" * 5_000) is not None


@pytest.mark.parametrize("text", ["Ribuan ton.", "Giling IV.", "Produksi nihil."])
def test_a_number_in_words_may_be_said_where_the_report_has_it(text: str) -> None:
    assert Facts(["Giling IV: ribuan ton, GILING V NIHIL"], "id").strange(text) is None
