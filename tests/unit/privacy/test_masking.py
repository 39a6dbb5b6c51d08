"""Personal data is taken out of what people write at a plant; figures, tags and times stay."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import textwrap

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wa_integrasi.privacy.masking import Masker
from wa_integrasi.privacy.names import Names

PERSONAL = [
    # phones, as Indonesians write them
    ("0812-3456-7890", "[TELEPON_1]"),
    ("081234567890", "[TELEPON_1]"),
    ("0812 3456 7890", "[TELEPON_1]"),
    ("0812.3456.7890", "[TELEPON_1]"),
    ("0812 - 3456 - 7890", "[TELEPON_1]"),
    ("08 12 34 56 78 90", "[TELEPON_1]"),
    ("0 8 1 2 3 4 5 6 7 8 9 0", "[TELEPON_1]"),
    ("081.234.567.890", "[TELEPON_1]"),
    ("+6281234567890", "[TELEPON_1]"),
    ("+62 812-3456-7890", "[TELEPON_1]"),
    ("+62 (0)812-3456-7890", "[TELEPON_1]"),
    ("+62.812.345.678", "[TELEPON_1]"),
    ("62.812.345.678", "[TELEPON_1]"),
    ("6281234567890", "[TELEPON_1]"),
    ("62 812 3456 7890", "[TELEPON_1]"),
    ("0062 812 3456 7890", "[TELEPON_1]"),
    ("０８１２３４５６７８９０", "[TELEPON_1]"),
    ("0812\u20113456\u20117890", "[TELEPON_1]"),
    ("0812\u200b3456\u200b7890", "[TELEPON_1]"),
    ("\u202a+62\u00a0812\u20113456\u20117890\u202c", "\u202a[TELEPON_1]\u202c"),
    ("٠٨١٢٣٤٥٦٧٨٩٠", "[TELEPON_1]"),
    ("hub 081234567890ya pak", "hub [TELEPON_1]ya pak"),
    ("wa081234567890", "wa[TELEPON_1]"),
    ("no.081234567890", "no.[TELEPON_1]"),
    ("*081234567890* _081234567890_", "*[TELEPON_1]* _[TELEPON_1]_"),
    ("08123456789/08134567890", "[TELEPON_1]/[TELEPON_2]"),
    ("021-5551234", "[TELEPON_1]"),
    ("0215551234", "[TELEPON_1]"),
    ("(021) 555-1234", "[TELEPON_1]"),
    ("(0254) 391.234", "[TELEPON_1]"),
    ("0254-391234", "[TELEPON_1]"),
    ("+62 21 555 1234", "[TELEPON_1]"),
    ("telp 555-1234", "telp [TELEPON_1]"),
    ("HP: 812 3456 7890", "HP: [TELEPON_1]"),
    ("telp. 021 555 1234 ext 12", "telp. [TELEPON_1] ext 12"),
    # of other countries
    ("+65 9123 4567", "[TELEPON_1]"),
    ("+1 (415) 555-2671", "[TELEPON_1]"),
    ("+44 20 7946 0958", "[TELEPON_1]"),
    ("+49 30 901820", "[TELEPON_1]"),
    ("0065 9123 4567", "[TELEPON_1]"),
    ("wa.me/6591234567", "wa.me/[TELEPON_1]"),
    ("https://api.whatsapp.com/send?phone=6591234567", "https://api.whatsapp.com/send?phone=[TELEPON_1]"),
    # WhatsApp's ids
    ("6281234567890@c.us", "[TELEPON_1]"),
    ("6281234567890:12@s.whatsapp.net", "[TELEPON_1]"),
    ("123456789012345@lid", "[WHATSAPP_1]"),
    ("6281234567890-1600000000@g.us", "[WHATSAPP_1]"),
    ("ID.13491208655302741918", "[WHATSAPP_1]"),
    ("@6281234567890 tolong", "@[TELEPON_1] tolong"),
    ("@123456789012345 tolong", "@[WHATSAPP_1] tolong"),
    # e-mail
    ("budi.santoso+pabrik@krakatau.co.id", "[EMAIL_1]"),
    ("Kirim ke <Budi@Contoh.id>.", "Kirim ke <[EMAIL_1]>."),
    ("budi (at) gmail.com", "[EMAIL_1]"),
    ("mailto:budi@contoh.id?subject=x", "mailto:[EMAIL_1]?subject=x"),
    ("budi@contoh.id,siti@contoh.id", "[EMAIL_1],[EMAIL_2]"),
    # NIK
    ("3174051208900001", "[NIK_1]"),
    ("NIK 3174055208900001 (perempuan)", "NIK [NIK_1] (perempuan)"),
    ("3174 0512 0890 0001", "[NIK_1]"),
    ("317405.120890.0001", "[NIK_1]"),
    ("KTP: 9999999999999999", "KTP: [NIK_1]"),
    # NPWP
    ("01.234.567.8-901.000", "[NPWP_1]"),
    ("01 234 567 8 901 000", "[NPWP_1]"),
    ("NPWP 012345678901000", "NPWP [NPWP_1]"),
    ("NPWP: 0012345678901000", "NPWP: [NPWP_1]"),
    # payment cards
    ("4111 1111 1111 1111", "[KARTU_1]"),
    ("4111-1111-1111-1111", "[KARTU_1]"),
    ("5555555555554444", "[KARTU_1]"),
    ("3782 822463 10005", "[KARTU_1]"),
    ("6011000990139424", "[KARTU_1]"),
    # bank accounts, where a word says so
    ("rek BCA 1234567890 a.n. Adi", "rek BCA [REKENING_1] a.n. Adi"),
    ("No rekening saya: 123-456-7890", "No rekening saya: [REKENING_1]"),
    ("Mandiri 137-00-1234567-8", "Mandiri [REKENING_1]"),
    ("1234567890 (BRI)", "[REKENING_1] (BRI)"),
    ("VA 88081234567890", "VA [REKENING_1]"),
]

FIGURES = """
TI-101A 85,3 °C
PT-2034B alarm 07.15, reset 07.42
P-0812 mati, P-0813 jalan
FIC-101 SP 1250 PV 1248,7
20-11-2026 07:00
2026-11-20T07:00:00+07:00
2026-11-20 07:00:00.123456
20/11/2026 shift 1
02.11.2026 08.00
08.15 - 08.45 - 09.15
08.00-16.00 / 16.00-24.00
jam 08 12 16 20
Produksi 12.345,67 ton
Output 12,345.67 t/d
1.234.567.890 kg
628.123.456.789 kg
+5.000.000 kg
+12.345.678
selisih +1500000 kg
Rp 62.812.345.678
Rp5.000.000,00
Rp 81234567890
Stok 1000 2000 3000 4000 5000
Shift 1: 1234 5678 9012 3456
85,3 86,1 84,9 85,0 87,2
0.812345678
-6.175392, 106.827153
Batch 20261120-003
Batch B2611200071
BATCH081234567890X
SN AB0812345678CD
Lot 0512026001
PO 4500012345
SO-2026-00123456
INV/2026/11/0001234
WO 0012345678
GR 5000012345 qty 1.250
SAP 300012345678
No. tiket 12345678
No. surat 123/PROD/XI/2026
AWB 1234567890123
MMSI 525012345
epoch 1732060800
1732060800123
counter 123456789012345
id 12345678901234567890
16 digit 2026112007000000
192.168.10.20
10.20.30.40:502
550e8400-e29b-41d4-a716-081234567890
5 pcs@Rp10.000
2@4.5barg
pompa P-101A @ 1480 rpm
120363012345678901@g.us
PT.KrakatauSteel
kWh 00123456
Tekanan 12.5 bar suhu 850 C level 75%
RPM 1480 1495 1502
Mandiri 1500 ton
VA 1500
call pompa 20261120
Telepon genset jam 07.00
lihat hal 12-15, 20-25
3 x 8 jam = 24
50 Hz 380 V 3 fasa
SPBU 34.123.45
ISO 9001:2015, SNI 2052:2017
EN 10025-2 S355JR
HRC 2,5 x 1219 x 2438 mm
Coil 7A0812-02
V2.10.3-rc1
""".strip().splitlines()


@pytest.mark.parametrize(("text", "masked"), PERSONAL)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    masker = Masker()
    sentence = f"Tolong catat: {text}\nTerima kasih, suhu 85,3."
    result = masker.mask(sentence)
    assert re.sub(r"(_[0-9]+)\.[0-9]+\]", r"\1]", result) == f"Tolong catat: {masked}\nTerima kasih, suhu 85,3."
    assert masker.unmask(result) == sentence


@pytest.mark.parametrize("text", FIGURES)
def test_figures_of_a_plant_stay(text: str) -> None:
    assert Masker().mask(text) == text


def test_all_figures_stay_beside_each_other() -> None:
    text = "\n".join(FIGURES)
    assert Masker().mask(text) == text


def test_a_number_between_figures_is_found_alone() -> None:
    text = "Shift 1 12.345,67 ton hub 0812 3456 7890 100 ton jam 07.00-15.00, +62 812 3456 7891 5 orang"
    assert Masker().mask(text) == "Shift 1 12.345,67 ton hub [TELEPON_1] 100 ton jam 07.00-15.00, [TELEPON_2] 5 orang"


class TestTokens:
    def test_the_same_value_has_the_same_number_however_it_is_written(self) -> None:
        masker = Masker()
        text = "0812-3456-7890, +6281234567890, 6281234567890@c.us, 0812-3456-7890; 0813-3456-7890"
        masked = "[TELEPON_1], [TELEPON_1.2], [TELEPON_1.3], [TELEPON_1]; [TELEPON_2]"
        assert masker.mask(text) == masked
        assert masker.mask("lagi 0812-3456-7890") == "lagi [TELEPON_1]"
        assert masker.unmask(masked) == text

    def test_what_looks_like_a_token_stays_what_it_was(self) -> None:
        masker = Masker()
        text = "[TELEPON_1] bukan 0812-3456-7890, [NAMA_7] dan [TEKS_1] [TELEPON_1]"
        masked = masker.mask(text)
        assert masked == "[TEKS_1] bukan [TELEPON_1], [TEKS_2] dan [TEKS_3] [TEKS_1]"
        assert masker.unmask(masked) == text

    def test_only_exact_tokens_are_restored(self) -> None:
        masker = Masker()
        masker.mask("0812-3456-7890")
        for text in ("TELEPON_1", "[telepon_1]", "[TELEPON_2]", "[TELEPON_01]", "[ TELEPON_1 ]", "(TELEPON_1)"):
            assert masker.unmask(text) == text
        assert masker.unmask("Balas ke [TELEPON_1].") == "Balas ke 0812-3456-7890."

    def test_another_masker_knows_nothing_of_it(self) -> None:
        masked = Masker().mask("0812-3456-7890")
        assert Masker().unmask(masked) == masked

    def test_a_masker_gives_nothing_away(self) -> None:
        masker = Masker(["Budi Santoso"])
        masker.mask("0812-3456-7890")
        assert "7890" not in repr(masker)
        with pytest.raises(TypeError, match="personal data"):
            pickle.dumps(masker)


class TestNames:
    def test_the_longest_name_counts_in_capitals_or_not(self) -> None:
        masker = Masker(["Budi", "Budi Santoso", "Sri Wahyuni"])
        assert masker.mask("BUDI SANTOSO dan budi, _Sri  Wahyuni_") == "[NAMA_1] dan [NAMA_2], _[NAMA_3]_"

    def test_whole_words_only(self) -> None:
        masker = Masker(["Budi", "Adi"])
        assert masker.mask("budidaya, jadi, Budi2, Adinda") == "budidaya, jadi, Budi2, Adinda"
        assert masker.mask("Budi-Adi (budi)/Adi: 'Budi'") == "[NAMA_1]-[NAMA_2] ([NAMA_1.2])/[NAMA_2]: '[NAMA_1]'"

    @pytest.mark.parametrize(
        ("name", "written"),
        [
            ("Budi 🔧", "budi"),
            ("~ Budi Santoso ~", "Budi Santoso"),
            ("O'Brien", "O’Brien"),
            ("Ahmad, S.T.", "Ahmad S.T"),
            ("José", "Jose\u0301"),
            ("Budi", "Bu\u200bdi"),
            ("Ｂudi", "Budi"),
            ("Nur-Aini", "nur aini"),
            ("Weiß", "WEISS"),
        ],
    )
    def test_signs_that_do_not_matter(self, name: str, written: str) -> None:
        assert Masker([name]).mask(f"kata {written}, ya") == "kata [NAMA_1], ya"

    def test_a_sender_cannot_name_away_the_figures(self) -> None:
        text = "1 ton, P-101A, 07.00"
        assert Masker(["1", "P", "07", "0", "", " ", "🔧", "A-1"]).mask(text) == text

    def test_a_name_that_is_a_number_is_masked_as_a_number(self) -> None:
        assert Masker(["0812 3456 7890"]).mask("dari 0812 3456 7890") == "dari [TELEPON_1]"

    def test_an_address_goes_before_the_name_in_it(self) -> None:
        assert Masker(["Budi"]).mask("Budi: budi@contoh.id") == "[NAMA_1]: [EMAIL_1]"

    def test_many_names_are_shared_by_many_maskers(self) -> None:
        names = Names(f"Orang{number} Kedua{number}" for number in range(20_000))
        for number in (0, 7, 19_999):
            assert Masker(names).mask(f"pak orang{number} kedua{number} ke P-101") == "pak [NAMA_1] ke P-101"


DIGITS_AND_SIGNS = st.text(
    st.sampled_from("0123456789 .-+()/@:[]_,\u200b\u00a0\u2011TELEPONAMwahprek") | st.characters(), max_size=120
)
PIECES = st.lists(
    st.sampled_from([text for text, _ in PERSONAL] + FIGURES + ["[TELEPON_1]", "[TEKS_1.2]", "[NAMA_", "1]", "Budi"])
    | DIGITS_AND_SIGNS,
    max_size=6,
)


class TestHostileText:
    """A lot of what makes bad patterns slow: they would take hours, so a process of its own has minutes."""

    PATTERNS = ("1 ", "0 8 1 2 3 ", "0", "a@b.", "rek no ", "1-", "[TELEPON_", "budi ")

    def test_a_quarter_of_a_megabyte_of_it_is_masked_and_comes_back(self) -> None:
        script = """
            import sys
            from wa_integrasi.privacy.masking import Masker

            for pattern in sys.argv[1:]:
                text = pattern * (250_000 // len(pattern))
                masker = Masker(["Budi Santoso"])
                assert masker.unmask(masker.mask(text)) == text, pattern
        """
        command = [sys.executable, "-c", textwrap.dedent(script), *self.PATTERNS]
        assert subprocess.run(command, check=False, timeout=110).returncode == 0


class TestAnyText:
    @settings(max_examples=100)
    @given(st.lists(PIECES.map("".join) | PIECES.map(" ".join), min_size=1, max_size=3))
    @example(["[TELEPON_[TELEPON_1]]", "0812-3456-7890[TELEPON_1]"])
    def test_unmask_gives_back_every_sign(self, texts: list[str]) -> None:
        masker = Masker(["Budi", "Budi Santoso", "telepon"])
        masked = [masker.mask(text) for text in texts]
        assert [masker.unmask(text) for text in masked] == texts

    @settings(max_examples=100)
    @given(
        st.lists(st.sampled_from(PERSONAL), min_size=1, max_size=4),
        st.lists(
            st.sampled_from(
                [
                    *(text for text in FIGURES if not re.search("Rp|0812345|123456789012345", text)),
                    "ok",
                    "siap pak",
                    "(lihat",
                    "jam 7)",
                    "🔧",
                    "—",
                ]
            ),
            min_size=5,
            max_size=5,
        ),
        st.sampled_from(["\n", ", ", "; ", " | "]),
    )
    def test_nothing_that_was_seeded_is_left(self, seeds: list[tuple[str, str]], among: list[str], joint: str) -> None:
        text = among[0]
        for (seed, _), figure in zip(seeds, among[1:], strict=False):
            text += f"{joint}{seed}{joint}{figure}"
        masked = Masker().mask(text)
        left = set(re.findall(r"[^\W_]{6,}", masked))
        for seed, _ in seeds:
            assert seed not in masked
            assert not [word for word in left & set(re.findall(r"[^\W_]{6,}", seed)) if re.search("[0-9]{4}", word)]

    @given(
        st.from_regex(r"8[1-9][0-9]{8,9}", fullmatch=True),
        st.sampled_from(["0", "+62", "62", "+62 ", "62-", "0062", "+62 0", "+62(0)"]),
        st.sampled_from(["", " ", "-", ".", "\u00a0", "\u2011", "\u200b"]),
        st.sampled_from([(3, 4), (3, 3), (4, 4), (2, 4)]),
    )
    def test_any_mobile_however_it_is_grouped(
        self, number: str, prefix: str, joint: str, cuts: tuple[int, int]
    ) -> None:
        first, second = cuts
        written = prefix + joint.join((number[:first], number[first : first + second], number[first + second :]))
        assert Masker().mask(f"hubungi {written}, segera") == "hubungi [TELEPON_1], segera"
        assert Masker().mask(f"a\n{written}\nb") == "a\n[TELEPON_1]\nb"
