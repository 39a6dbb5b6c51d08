"""What people write at a plant, judged by its words: what is dangerous is found, what is only spoken of is not."""

from __future__ import annotations

import pytest

from wa_integrasi.intake.rules import Rules

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
