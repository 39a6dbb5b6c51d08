"""What the bot says of subscriptions, in Indonesian and English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from wa_integrasi.commands.words import Said
from wa_integrasi.subscriptions import Sleep

_ALL: Mapping[str, Said] = {
    "own_chat": {
        "id": "Langganan hanya di chat pribadi dengan nomor ini.",
        "en": "Subscriptions are made in your own chat with this number only.",
    },
    "no_right": {
        "id": "Anda tidak berhak berlangganan. Minta hak akses kepada tim data.",
        "en": "You may not subscribe. Ask the data team for access.",
    },
    "how": {
        "id": "Contoh: *langganan rekap harian* atau *beritahu jika suhu boiler 2 > 540 selama 10 menit*.",
        "en": "For example: *subscribe daily recap* or *notify if boiler temperature 2 > 540 for 10 minutes*.",
    },
    "none": {"id": "Anda belum berlangganan apa pun.", "en": "You have no subscriptions yet."},
    "stop_all": {
        "id": "*berhenti* saja menghentikan semua pesan dari nomor ini.",
        "en": "*stop* alone ends all messages from this number.",
    },
    "mine": {"id": "*Langganan Anda*", "en": "*Your subscriptions*"},
    "end_one": {
        "id": "_*langganan berhenti {}* menghentikan satu._",
        "en": "_*unsubscribe {}* ends one._",
    },
    "end_or_mute": {
        "id": "_*langganan berhenti {}* menghentikan satu, *diam 2 jam* mendiamkan semuanya._",
        "en": "_*unsubscribe {}* ends one, *mute 2 hours* silences all of them._",
    },
    "which": {
        "id": "Yang mana? Tulis nomornya, misalnya *langganan berhenti {}*.",
        "en": "Which one? Write its number, such as *unsubscribe {}*.",
    },
    "ended": {"id": "Langganan dihentikan: {}.", "en": "Subscription ended: {}."},
    "ended_all": {"id": "Semua langganan Anda dihentikan ({}).", "en": "All your subscriptions are ended ({})."},
    "too_many": {
        "id": "Anda sudah punya {} langganan, paling banyak {}. Hentikan satu dulu: *langganan*.",
        "en": "You have {} subscriptions already, {} at most. End one first: *subscribe*.",
    },
    "twice": {"id": "Sudah ada, langganan nomor {}: {}.", "en": "You have that already, number {}: {}."},
    "report": {
        "id": "Baik, *{}* juga dikirim kepada Anda. *langganan berhenti {}* menghentikannya.",
        "en": "Very well, *{}* is sent to you too. *unsubscribe {}* ends it.",
    },
    "report_off": {
        "id": "*{}* sedang tidak dikirim menurut jadwal, jadi tidak bisa dilanggan.",
        "en": "*{}* is not sent on its schedule now, so nobody can subscribe to it.",
    },
    "no_report": {
        "id": "*{}* bukan rekap. Untuk sebuah nilai, sebutkan batasnya: *beritahu jika {} > 100*.",
        "en": "*{}* is no report. For a value say its limit: *notify if {} > 100*.",
    },
    "no_watch": {
        "id": "*{}* tidak bisa dipantau: hanya perintah yang membaca nilai, tanpa kode atau persetujuan.",
        "en": "*{}* cannot be watched: only commands that read values can, without a code or consent.",
    },
    "unclear_report": {
        "id": "Rekap mana? {}",
        "en": "Which report? {}",
    },
    "no_limit": {
        "id": "Batasnya belum jelas: tulis tanda dan angkanya di akhir, misalnya *> 540* atau *di bawah 3,5*.",
        "en": "The limit is not clear: write a sign and a number at the end, such as *> 540* or *below 3.5*.",
    },
    "no_length": {
        "id": "Di belakang angka hanya boleh ada *selama 10 menit* (paling lama 24 jam) dan *ulang 30 menit*.",
        "en": "Behind the number there may only be *for 10 minutes* (24 hours at most) and *repeat 30 minutes*.",
    },
    "watch_how": {
        "id": "Diberi tahu tentang apa? Tulis perintah dan batasnya, misalnya *{}*. Anda diberi tahu begitu batas itu "
        "terlewati.",
        "en": "To be told of what? Write a command and its limit, for example *{}*. You are told once that limit is "
        "passed.",
    },
    "watch_nothing": {
        "id": "Belum ada nilai yang boleh Anda pantau. Minta hak akses kepada tim data.",
        "en": "There is no value yet that you may watch. Ask the data team for access.",
    },
    "no_subject": {
        "id": "Nilai apa yang dipantau? {}",
        "en": "Which value is to be watched? {}",
    },
    "too_often": {
        "id": "Pengulangan paling sering setiap {}.",
        "en": "It can be repeated every {} at most.",
    },
    "incomplete": {
        "id": "Sebutkan juga *{}* ({}), misalnya *beritahu jika {}*.",
        "en": "Say *{}* too ({}), for example *notify if {}*.",
    },
    "made": {
        "id": "✅ Anda diberi tahu jika *{}* {}. Sekarang: *{}*.",
        "en": "✅ You are told if *{}* is {}. Now: *{}*.",
    },
    "passed": {
        "id": "Batas itu sedang terlewati, jadi pesan pertama segera datang.",
        "en": "That limit is passed now, so the first message comes soon.",
    },
    "list_hint": {
        "id": "_*langganan* menampilkan semuanya._",
        "en": "_*subscribe* shows all of them._",
    },
    "not_made": {"id": "Langganan tidak dibuat.", "en": "No subscription was made."},
    "no_rows": {
        "id": "*{}* sekarang tidak punya data, jadi belum bisa dipantau. Coba lagi nanti.",
        "en": "*{}* has no data now, so it cannot be watched yet. Try again later.",
    },
    "no_numbers": {
        "id": "*{}* sekarang tidak menjawab dengan angka, jadi tidak bisa dipantau.",
        "en": "*{}* gives no number now, so it cannot be watched.",
    },
    "not_there": {
        "id": "“{}” tidak ada dalam jawaban *{}*. Yang ada: {}.",
        "en": "“{}” is not in the answer of *{}*. There are: {}.",
    },
    "several": {
        "id": "*{}* menjawab dengan {} baris. Yang mana? Balas dengan nomornya.\n{}",
        "en": "*{}* answers with {} rows. Which one? Reply with its number.\n{}",
    },
    "many_rows": {
        "id": "*{}* menjawab dengan beberapa baris yang tidak bisa dibedakan namanya. Persempit pertanyaannya.",
        "en": "*{}* answers with several rows that have no names of their own. Narrow the question.",
    },
    "mute_how": {
        "id": "Berapa lama? Misalnya *diam 2 jam*, paling lama 30 hari; *diam selesai* mengakhirinya.",
        "en": "For how long? For example *mute 2 hours*, 30 days at most; *unmute* ends it.",
    },
    "mute_long": {
        "id": "{} terlalu lama: paling lama {}, misalnya *diam {}*.",
        "en": "{} is too long: {} at most, for example *mute {}*.",
    },
    "mute_none": {"id": "Tidak ada pemantauan yang perlu didiamkan.", "en": "There is nothing to be silenced."},
    "mute_no_number": {
        "id": "Nomor {} bukan pemantauan Anda. *langganan* menampilkan nomornya.",
        "en": "Number {} is nothing that you watch. *subscribe* shows the numbers.",
    },
    "muted": {
        "id": "Diam sampai {}: {}. Sesudah itu Anda diberi tahu keadaannya.",
        "en": "Silent until {}: {}. After that you are told how it stands.",
    },
    "unmuted": {"id": "Tidak diam lagi: {}.", "en": "No longer silent: {}."},
    "acknowledged": {
        "id": "Dicatat: {}. Tidak diulang lagi; Anda diberi tahu bila sudah normal.",
        "en": "Noted: {}. It is not repeated; you are told when it is back to normal.",
    },
    "over": {"id": "Sudah selesai: {}.", "en": "That is over already: {}."},
    "since": {"id": "⚠️ sejak {}", "en": "⚠️ since {}"},
    "unknown": {"id": "tanpa data sejak {}", "en": "no data since {}"},
    "silent": {"id": "diam sampai {}", "en": "silent until {}"},
    "lasting": {"id": "selama {}", "en": "for {}"},
}
_ASLEEP: Mapping[Sleep, Said] = {
    Sleep.GONE: {"id": "tidak aktif", "en": "not active"},
    Sleep.RIGHT: {"id": "tidak aktif: hak Anda sudah dicabut", "en": "not active: you may not have it any more"},
    Sleep.CHANGED: {"id": "tidak aktif: perintahnya sudah berubah", "en": "not active: its command has changed"},
}
_UNITS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "id": (("hari", "hari"), ("jam", "jam"), ("menit", "menit"), ("detik", "detik")),
    "en": (("day", "days"), ("hour", "hours"), ("minute", "minutes"), ("second", "seconds")),
}


def said(what: str, language: str, *parts: object) -> str:
    """One of the sentences, by its name in `_ALL`."""
    return _ALL[what][language].format(*parts)


def asleep(why: str, language: str) -> str:
    """Why a subscription is not in force."""
    return _ASLEEP[Sleep(why)][language]


def length(of: timedelta, language: str) -> str:
    """`1 jam 30 menit`: the two largest units; less than a minute in seconds."""
    left = max(0, round(of.total_seconds()))
    parts: list[str] = []
    for seconds, (one, many) in zip((86_400, 3_600, 60, 1), _UNITS[language], strict=True):
        count, left = divmod(left, seconds)
        if count and not (seconds == 1 and parts):
            parts.append(f"{count} {one if count == 1 else many}")
    return " ".join(parts[:2]) or f"0 {_UNITS[language][3][1]}"
