"""The words by which messages are judged without an AI. They are data: a plant adds its own, or replaces a list."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

_MOST_WORDS = 6
_LONGEST = 80


def _sound(entries: tuple[str, ...]) -> tuple[str, ...]:
    for entry in entries:
        sides = entry.split(" + ")
        words = re.findall(r"[^\W_]+", entry)
        if not 1 <= len(words) <= _MOST_WORDS or len(entry) > _LONGEST:
            raise ValueError(f"{entry[:_LONGEST]!r} must be one to {_MOST_WORDS} words")
        if len(sides) > 2 or (len(sides) == 2 and any(len(side.split()) != 1 for side in sides)):
            raise ValueError(f"in {entry!r} the + must stand between two single words")
    return entries


def _split(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.replace("\n", ",").split(",") if entry.strip())


Entries = Annotated[tuple[str, ...], AfterValidator(_sound)]


class Words(BaseModel):
    """Words and phrases, in any case and accents; letters that are repeated count once.

    `gas + bocor` are two words near each other in one sentence, in either order. In words of seven letters or more one
    missing letter, or two that changed places, are forgiven. Endings such as `-nya` and `-lah` are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hazards: Entries = _split("""
        kebakaran, kbakaran, kbkran, terbakar, ada api, keluar api, api besar, api menyala, api menjalar, kobaran api
        api belum padam, titik api, asap tebal, asap hitam, ngebul parah, bau gas, bau gosong menyengat, si jago merah
        meledak, meledug, mbledos, ledakan, gas + bocor, gas + kebocoran, gas + leak, gas + leaking, amonia + bocor
        amonia + kebocoran, ammonia + leak, klorin + bocor, klorin + kebocoran, chlorine + leak, lpg + bocor
        h2s + alarm, h2s + bocor, h2s + tinggi, kimia + bocor, kimia + tumpah, kimia + tumpahan, chemical + spill
        darurat, evakuasi, gempa, banjir bandang, roboh, ambruk, runtuh, longsor, radiasi + bocor, panggil pemadam
        hubungi pemadam, sos, mayday, fire, on fire, explosion, exploded, gas smell, emergency, evacuate, evacuation
        collapsed
    """)
    """Danger to many. In a sentence about a drill they do not count."""
    casualties: Entries = _split("""
        kecelakaan, laka kerja, pingsan, tidak sadar, tidak sadarkan diri, tdk sadar, korban, tewas, luka parah
        luka berat, luka bakar, cedera, cidera, tangan terjepit, kaki terjepit, jari terjepit, terjepit + orang
        terjepit + operator, terjepit mesin, terjepit konveyor, terjepit conveyor, tertimpa, tersengat listrik
        kesetrum, tersetrum, kesetrom, keracunan, sesak napas, sesak nafas, susah napas, tidak bisa napas, kejang
        pendarahan, serangan jantung, jantung berhenti, henti jantung, orang + tenggelam, terperangkap, terjebak
        patah tulang, jatuh dari ketinggian, terjatuh dari ketinggian, jatuh dari tangga, jatuh dari atap
        jatuh dari scaffolding, tertabrak, terlindas, ambulans, ambulan, ambulance, meninggal di tempat, terpapar gas
        terpapar bahan kimia, accident, injured, injury, unconscious, fainted, passed out, not breathing, bleeding
        electrocuted, trapped, casualty, casualties, heart attack, man down, medic
    """)
    """People who are hurt. Only a denial, or a word such as `simulasi` directly before, takes that back."""
    high: Entries = _split("""
        urgent, urgen, segera, sgr, sgera, secepatnya, secepat mungkin, cepat tolong, tolong cepat, tolong tolong
        cepetan, mendesak, genting, penting sekali, sekarang juga, prioritas tinggi, immediately, right now
        asap please, asap ya, as soon as possible, critical, kritis, high priority, bahaya, berbahaya, danger
        help help
    """)
    """Somebody says that it hurries."""
    stoppages: Entries = _split("""
        mati listrik, listrik mati, listrik padam, mati lampu, lampu padam, padam total, listrik + padam
        listrik + mati, tidak ada listrik, blackout, power outage, power failure, no power, trip, tripped, shutdown
        shut down, breakdown, stop produksi, produksi berhenti, produksi stop, line stop, berhenti total, mati total
        overheat, overheating, overload, over pressure, overpressure, tekanan + naik, suhu + melonjak, high high
        bocor, kebocoran, merembes, leak, leaking, leakage, tumpah, tumpahan, spill, korsleting, konslet, korslet
        short circuit, percikan api, berasap, ada asap, bau gosong, bau hangus, smoke, jebol, pecah, meluap, overflow
        banjir, derailed, anjlok, putus
    """)
    """Work stands still, or soon will: a report."""
    faults: Entries = _split("""
        rusak, mati, macet, error, eror, alarm, gangguan, tidak jalan, tdk jalan, gak jalan, ga jalan, tidak berfungsi
        api + padam, tidak nyala, gak nyala, ga nyala, tidak bisa, gak bisa, ga bisa, getaran, vibrasi, bunyi aneh
        aus, retak, lapor, melaporkan, laporan shift, ditemukan, terjadi, fyi, update, kerusakan, dilaporkan
        sudah selesai, sudah normal, sudah jalan, telah selesai, hasil cek, hasil pengecekan, standby, running normal
        aman terkendali, kehabisan, habis, broken, not working, failed, fault, out of order, down, noise, report
        reporting, nihil, near miss, hampir celaka
    """)
    """A fact is told, and nothing says that it hurries."""
    low: Entries = _split("""
        sekadar info, sekedar info, hanya info, info saja, tidak urgent, tidak mendesak, gak urgent, tidak buru buru
        tidak terburu buru, kapan kapan, kalau sempat, kalo sempat, bila sempat, santai saja, santai aja, not urgent
        no rush, no hurry, when you have time, whenever you can, just fyi
    """)
    questions: Entries = _split("""
        apa, apakah, apkh, bagaimana, gimana, gmn, bgmn, bagaimanakah, kapan, kpn, berapa, brp, brapa, dimana, di mana
        dmn, kemana, ke mana, siapa, kenapa, knp, mengapa, mana, yang mana, bolehkah, bisakah, adakah, what, when
        where, who, why, how, which, is there, are there, do you, does, did, can i, may i, is it
    """)
    requests: Entries = _split("""
        tolong, tlg, tlong, tlng, toling, mohon, mhn, minta, mnta, kirim, kirimkan, kirimin, harap, dimohon, butuh
        perlu, request, bisa tolong, bisa minta, bisa kirim, bisa dibantu, bantu, bantuan, bantuin, jadwalkan, siapkan
        please, pls, plz, could you, can you, would you, need, send, izin, ijin, cek, dicek
    """)
    complaints: Entries = _split("""
        komplain, komplen, complain, complaint, keluhan, mengeluh, kecewa, mengecewakan, protes, tidak puas, gak puas
        ga puas, tidak sesuai, tdk sesuai, tidak ada tanggapan, tidak ditanggapi, tidak direspon, tidak direspons
        gak direspon, belum juga, sudah berkali kali, udah berkali kali, berkali kali, terus terusan, lagi lagi
        parah banget, parah sekali, lambat sekali, lama sekali, lama banget, lelet, payah, buruk sekali, jelek sekali
        tidak profesional, capek nunggu, sampai kapan, disappointed, unacceptable, not satisfied, poor service
        still waiting, fed up
    """)
    courtesies: Entries = _split("""
        terima kasih, terimakasih, trimakasih, makasih, mksh, makasi, trims, tq, thanks, thank you, thx, siap, sip, ok
        oke, okay, oks, noted, baik pak, baik bu, baik, mantap, halo, hallo, hai, hi, hello, selamat pagi
        selamat siang, selamat sore, selamat malam, pagi, siang, sore, malam, met pagi, assalamualaikum
        waalaikumsalam, permisi, good morning, good afternoon, good evening, good night, welcome, sama sama
        sehat selalu, copy, roger, dimengerti
    """)
    harmless: Entries = _split("""
        pintu darurat, lampu darurat, tangga darurat, jalur darurat, nomor darurat, kontak darurat, tombol darurat
        genset darurat, rapat darurat, alat pemadam kebakaran, alat pemadam api, hydrant kebakaran, pintu kebakaran
        asuransi kecelakaan, terjebak macet, kereta api, tes alarm, test alarm, uji alarm, alarm test
        bebas kecelakaan, fire extinguisher, fire hydrant, fire safety, fire prevention, fire door, fire insurance
        emergency exit, emergency lamp, emergency light, emergency contact, emergency door, emergency stop button
        emergency procedure, accident free, hari tanpa kecelakaan, jam tanpa kecelakaan, zero accident, titik evakuasi
        jalur evakuasi, critical spare, critical spares, critical part, trip report, business trip, shutdown plan
        rencana shutdown, jadwal shutdown, no info, round trip, tidak apa apa, gak apa apa, ga bisa ikut
        tidak bisa hadir, tidak bisa ikut, fire pump, pompa kebakaran, fire water, fire truck, fire hose, fire blanket
        fire alarm panel, work order
    """)
    """Phrases whose words are not judged."""
    denials: Entries = _split("""
        tidak, tdk, tidk, tak, gak, gk, ga, nggak, ngga, ngak, enggak, engga, kagak, bukan, bkn, belum, blm, tanpa
        jangan, nihil, nol, bebas, zero, no, not, without, never, none, isnt, arent, wasnt
    """)
    """Single words that take back what follows directly."""
    topics: Entries = _split("""
        prosedur, sop, pelatihan, latihan, simulasi, training, sosialisasi, asuransi, penanggulangan, pencegahan
        cegah, mencegah, pemadam, risiko, resiko, rawan, drill, skenario, materi, poster, gladi, sertifikat, seminar
        sertifikasi, mock
    """)
    """Single words directly after which a danger is only spoken of."""
    drills: Entries = _split("""
        simulasi, latihan, drill, gladi, gladi resik, uji coba sirine, tes alarm, test alarm, tes sirine, test sirine
        uji sirine, uji alarm, alarm test, exercise, training, pelatihan, tabletop
    """)
    earnest: Entries = _split("""
        bukan latihan, bukan simulasi, bukan drill, bukan training, beneran, benaran, sungguhan, betulan, not a drill
        no drill, not a simulation, for real, real fire, real emergency, kejadian nyata, ini nyata
    """)
    """What makes every word about drills count for nothing."""
    over: Entries = _split("""
        sudah padam, telah padam, udah padam, sdh padam, sudah dipadamkan, telah dipadamkan, berhasil dipadamkan
        sudah terkendali, telah terkendali, sudah teratasi, telah teratasi, sudah tertangani, sudah ditangani, is out
        has been extinguished, extinguished, under control, is over
    """)
    """Behind a hazard: it is no longer critical, but still high."""
    fillers: Entries = _split("""
        ada, adanya, terjadi, lagi, sampai, yang, yg, indikasi, tanda, kejadian, kasus, insiden, mengalami, laporan
        akan, kena, potensi, a, an, any, the, is, are, was, been, there, of, more, signs, sign, for, evidence, tentang
        mengenai, soal, alarm, terkait, menghadapi, penanganan
    """)
    """Single words that may stand between a denial and what it denies."""
    links: Entries = _split("atau, maupun, ataupun, or, nor")
    """Words over which a denial reaches a second danger. Not “and”: “tidak ada korban dan kebakaran masih besar”."""
