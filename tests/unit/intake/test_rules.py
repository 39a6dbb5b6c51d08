"""What people write at a plant, judged by its words: what is dangerous is found, what is only spoken of is not."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from wa_integrasi.intake.classification import Intent, Urgency
from wa_integrasi.intake.rules import Judgement, Rules
from wa_integrasi.policy.words import Words

RULES = Rules()

GOLDEN = """
report critical | KEBAKARAN di gudang B!! tolong segera kirim damkar
report critical | pak ada kebakaran di area boiler 2
report critical | Kebakaraaan di workshop
report critical | kebakran di conveyor BC-03, api besar
report critical | kbakaran pak di ruang panel
report critical | k3bakaran dekat tangki solar
report critical | K E B A K A R A N di ruang MCC
report critical | Kébakaran di panel 4
report critical | gas amonia bocor di cold storage, operator sudah keluar
report critical | Bocor gas di pipa line 3, baunya menyengat
report critical | ada kebocoran pipa gas dekat genset
report critical | trafo unit 1 meledak
report critical | terdengar ledakan dari arah boiler
report critical | operator shift 2 pingsan di area kiln
report critical | kecelakaan kerja di crusher, tangan terjepit
report critical | Forklift nabrak, ada korban luka parah
report critical | Pak Joko tidak sadarkan diri di ruang kontrol
report critical | teknisi kesetrum di substation, butuh ambulans
report critical | darurat!!! area 5
report critical | asap tebal keluar dari motor fan
report critical | Fire at the coal yard, please send help
report critical | there was an explosion near tank 4
report critical | Operator injured at mixer 2, he is bleeding
report critical | gas leak in compressor house
report critical | ini bukan latihan, kebakaran di gudang kimia
report critical | kebakaran di lab, ini bukan simulasi
report critical | this is not a drill, fire in the warehouse
report critical | kebakaran tidak bisa dipadamkan
report critical | tidak ada korban tapi kebakaran masih besar
report critical | tidak ada korban, kebakaran di gudang A
report critical | saat latihan futsal tadi ada yang pingsan
report critical | latihan evakuasi ada yang pingsan beneran
report critical | ada kebakaran?
report critical | panggil pemadam kebakaran ke area 2
report critical | tumpahan bahan kimia di jalan utama
report high | kebakaran di gudang B sudah padam, tidak ada korban
report high | listrik padam di seluruh area packing
report high | mati listrik sejak jam 07.15, produksi berhenti
report high | pompa P-101 bocor dari seal, mohon tindak lanjut
report high | Turbin 2 trip jam 03.20
report high | oli tumpah di lantai workshop
report high | Conveyor BC-02 breakdown, produksi stop
report high | boiler shutdown karena overpressure
report normal | pompa P-205 rusak, tolong diperbaiki
report normal | mesin packing 3 error sejak pagi
report normal | getaran fan ID naik jadi 7,2 mm/s
report normal | Perbaikan mixer sudah selesai
report normal | stok karung habis
report normal | tidak ada kebakaran, hanya asap rokok
report normal | tdk ada kecelakaan hari ini
report normal | nihil kecelakaan bulan ini
report normal | no fire, alarm was false
report normal | tidak ada kebakaran maupun ledakan
report normal | Simulasi kebakaran besok jam 10.00 di lapangan
report normal | Latihan evakuasi gempa hari Jumat
report normal | fire drill tomorrow at 9
report normal | simulasi korban pingsan di area parkir
report low | sekadar info, pompa cadangan sudah jalan
request normal | Tolong kirim laporan produksi kemarin
request normal | mohon info stok batu bara hari ini
request normal | minta rekap shift 2 pak
request normal | bisa minta data OEE line 4?
request normal | tlg cek pompa P-101 bunyi aneh
request normal | Please send the weekly report
request normal | tolong pasang alat pemadam kebakaran di gudang
request normal | mohon jadwal training kebakaran
request normal | minta prosedur kebocoran gas
request high | tolong segera kirim mekanik ke line 2
request high | URGENT: mohon kirim spare part bearing 6205
request low | tolong dicek kalau sempat pak, tidak urgent
question normal | Berapa produksi kemarin?
question normal | kapan pompa P-101 diperbaiki?
question normal | kenapa mesin packing mati?
question normal | apakah kiln 2 sudah jalan?
question normal | gmn status WO 12345
question normal | Di mana pintu darurat?
question normal | bagaimana prosedur kebakaran?
question normal | What is the current output of line 3?
question normal | Stok solar cukup?
question critical | apakah ada kebakaran di gudang?
complaint normal | Saya komplain, kiriman semen tidak sesuai pesanan
complaint normal | kecewa sekali, sudah 3 hari belum juga ditanggapi
complaint normal | AC ruang kontrol rusak terus terusan, capek nunggu
complaint normal | This is unacceptable, still waiting for the delivery
complaint high | keluhan: truk belum juga datang, produksi berhenti
courtesy low | terima kasih pak
courtesy low | Selamat pagi
courtesy low | ok siap
courtesy low | Thanks, noted
courtesy low | 🙏 makasih
other normal | Budi
other normal | 12.345,67
other low | 👍
"""
CASES = [tuple(part.strip() for part in line.split("|", 1)) for line in GOLDEN.strip().splitlines()]


@pytest.mark.parametrize(("expected", "text"), CASES, ids=[text for _, text in CASES])
def test_a_message_is_judged_as_a_person_would(expected: str, text: str) -> None:
    judged = RULES.judge(text)
    assert f"{judged.intent} {judged.urgency}" == expected, judged.because


@pytest.mark.parametrize(
    "text",
    [
        "aliran tersendat di line 2",
        "dia suka meledek temannya",
        "tolong letakkan di gudang",
        "kereta api terlambat, bahan baku belum datang",
        "terjebak macet pak, telat 10 menit",
        "API sistem tidak jalan",
        "fire pump sudah dites",
        "nol kecelakaan bulan ini",
        "sertifikasi K3 pencegahan kebakaran",
        "tidak ada lagi tanda kebakaran",
        "jangan sampai terjadi kecelakaan",
    ],
)
def test_what_only_sounds_dangerous_is_not_critical(text: str) -> None:
    assert RULES.judge(text).urgency is not Urgency.CRITICAL


@pytest.mark.parametrize(
    "text",
    [
        "bukan tidak ada kebakaran",
        "tidak bisa masuk, kebakaran",
        "tidak bisa masuk karena kebakaran",
        "latihan sudah selesai. kebakaran di pos 2",
        "listrik tidak nyala dan ada ledakan",
        "tidak ada listrik karena trafo meledak",
        "No. 5 gudang kebakaran",
        "asap tebal — bukan simulasi",
        "tidak ada korban dan kebakaran masih besar",
        "ledakannya keras sekali, apinya besar",
        "sudah padam tadi, sekarang kebakaran lagi",
        "kebakaran belum padam, pos 3 sudah aman",
    ],
)
def test_danger_is_not_talked_away(text: str) -> None:
    assert RULES.judge(text).urgency is Urgency.CRITICAL


def test_the_reason_is_the_entry_of_the_list_and_no_word_of_the_text() -> None:
    assert RULES.judge("Kebakarannn di rumah Siti, gas di pipa bocor").because == ("kebakaran", "gas + bocor")


def test_a_conversation_is_as_urgent_as_its_worst_text_and_wants_what_its_newest_does() -> None:
    judged = RULES.judge_all(["halo", "kebakaran di gudang", "berapa nomor damkar?", "terima kasih"])
    assert judged == Judgement(Intent.QUESTION, Urgency.CRITICAL, ("kebakaran",), urgent=1)


class TestWords:
    def test_a_plant_has_its_own(self) -> None:
        rules = Rules(Words(hazards=("kiln merah", "silo + miring")))
        assert rules.judge("KILN MERAHHH").urgency is Urgency.CRITICAL
        assert rules.judge("miring itu silo 3").urgency is Urgency.CRITICAL
        assert rules.judge("silo 3 penuh. truk miring").urgency is not Urgency.CRITICAL
        assert rules.judge("kebakaran").urgency is not Urgency.CRITICAL

    @pytest.mark.parametrize(
        ("given_", "reason"),
        [
            ({"hazards": ["..."]}, "must be one to 6 words"),
            ({"hazards": ["a b c d e f g"]}, "must be one to 6 words"),
            ({"hazards": ["gas + pipa bocor"]}, "must stand between two single words"),
            ({"hazards": ["a + b + c"]}, "must stand between two single words"),
            ({"hazard": ["api"]}, "Extra inputs"),
        ],
    )
    def test_a_wrong_list_is_refused_with_its_reason(self, given_: dict[str, list[str]], reason: str) -> None:
        with pytest.raises(ValidationError) as error:
            Words.model_validate(given_)
        assert reason in str(error.value)


PIECES = st.sampled_from(
    [
        word
        for entry in (*Words().hazards, *Words().denials, *Words().topics, *Words().fillers)
        for word in entry.split()
    ]
    + [" ", ". ", ", ", "? ", "\n", " - ", "7", "\u0301", "\u200b", "ﷺ"]
)
ANYTHING = st.text(max_size=300) | st.lists(PIECES | st.characters(), max_size=60).map(" ".join)


class TestAnyText:
    @given(ANYTHING)
    @example("\ud800 kebakaran")
    @example("?" * 50)
    def test_every_text_has_a_judgement_and_always_the_same(self, text: str) -> None:
        judged = RULES.judge(text)
        assert judged == Rules().judge(text)
        assert set(judged.because) <= {entry for entries in Words().model_dump().values() for entry in entries}

    @given(ANYTHING)
    def test_nothing_in_other_sentences_hides_a_fire(self, text: str) -> None:
        judged = RULES.judge(f"{text}\nKebakaran besar di gudang!\n{text}")
        assert judged.urgency is Urgency.CRITICAL

    @given(st.sampled_from(["kebakaran", "meledak", "pingsan", "explosion", "darurat"]), st.data())
    def test_capitals_repeated_letters_accents_and_unseen_signs_hide_nothing(
        self, word: str, data: st.DataObject
    ) -> None:
        between = st.sampled_from(["", "\u0301", "\u200b", "\u00ad", "\u0336"])
        written = "".join(
            data.draw(st.sampled_from([sign, sign.upper(), sign * 3])) + data.draw(between) for sign in word
        )
        assert RULES.judge(f"pak {written} di area 3").urgency is Urgency.CRITICAL

    @pytest.mark.parametrize(
        "pattern",
        [
            "tidak ada latihan kebakaran dan gas ",
            "latihan x kebakaran ",
            "kebakaran x sudah padam ",
            "gas gas bocor ",
            "a ",
            " -",
            "ﷺ",
        ],
    )
    def test_a_long_text_is_read_to_its_end(self, pattern: str) -> None:
        """With a time that grows faster than the text, it would not end before the test's own limit."""
        text = pattern * (200_000 // len(pattern))
        assert RULES.judge(f"{text}. ledakan").urgency is Urgency.CRITICAL
