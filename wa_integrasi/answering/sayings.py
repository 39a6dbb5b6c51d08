"""What the bot says while it answers, in Indonesian and English."""

from __future__ import annotations

from collections.abc import Mapping

from wa_integrasi.commands.words import Said

_ALL: Mapping[str, Said] = {
    "code_missing": {
        "id": "Balas *ya* dan kode yang tadi dikirim, atau *batal*.",
        "en": "Reply *yes* and the code that was sent, or *cancel*.",
    },
    "about_next": {
        "id": "*lanjut* menampilkan bagian berikutnya dari jawaban yang panjang, *kembali* bagian sebelumnya.",
        "en": "*next* shows the next part of a long answer, *back* the one before.",
    },
    "about_cancel": {
        "id": "*batal* mengakhiri yang sedang ditanyakan, atau yang menunggu kode atau persetujuan.",
        "en": "*cancel* ends what is being asked, or what waits for a code or for consent.",
    },
    "about_confirm": {
        "id": "*ya* dan kode menjalankan perintah yang minta dipastikan, misalnya *ya 4821*.",
        "en": "*yes* and the code runs a command that asked to be confirmed, for example *yes 4821*.",
    },
    "about_status": {
        "id": "*status* menunjukkan apakah sistem berjalan dan berapa pesan yang menunggu.",
        "en": "*status* shows whether the system runs and how many messages are waiting.",
    },
    "about_whoami": {
        "id": "*siapa saya* menunjukkan nama Anda di sistem dan hak Anda.",
        "en": "*whoami* shows your name in the system and what you may do.",
    },
    "about_mute": {
        "id": "*diam 2 jam* mendiamkan semua yang Anda pantau, *diam 2 jam nomor 3* satu saja, paling lama 30 hari; "
        "*diam selesai* mengakhirinya.",
        "en": "*mute 2 hours* silences all that you watch, *mute 2 hours number 3* only one, 30 days at most; *unmute* "
        "ends it.",
    },
    "about_stop": {
        "id": "*berhenti* menghentikan semua pesan dari nomor ini; *mulai* mengaktifkannya lagi.",
        "en": "*stop* ends all messages from this number; *start* lets them come again.",
    },
    "no_such_command": {"id": "Perintah “{}” tidak dikenal.", "en": "There is no command “{}”."},
    "rows": {"id": "{} baris", "en": "{} rows"},
    "tap_over": {
        "id": "Pilihan itu sudah tidak berlaku. Ketik perintahnya, atau *menu*.",
        "en": "That choice is over. Type the command, or *menu*.",
    },
    "changed": {
        "id": "Perintah itu sudah berubah atau tidak ada lagi. Ketik sekali lagi.",
        "en": "That command has changed or is gone. Type it again.",
    },
    "decided": {
        "id": "Permintaan itu sudah diputuskan, atau dibatalkan.",
        "en": "That request has been decided already, or was cancelled.",
    },
    "approval_asked": {
        "id": "Menunggu persetujuan {} orang lain untuk *{}*, paling lama dua menit. *batal* mencabutnya.",
        "en": "Waiting for the consent of another person ({} asked) for *{}*, two minutes at most. "
        "*cancel* withdraws it.",
    },
    "nobody_approves": {
        "id": "Tidak ada orang lain yang dapat menyetujui *{}*. Hubungi tim data.",
        "en": "There is nobody else who could approve *{}*. Ask the data team.",
    },
    "approved": {"id": "Disetujui: *{}* dijalankan untuk {}.", "en": "Approved: *{}* runs for {}."},
    "cooldown": {
        "id": "*{}* baru saja dijalankan. Coba lagi dalam {} detik.",
        "en": "*{}* has just run. Try again in {} seconds.",
    },
    "too_long": {
        "id": "Pesan itu terlalu panjang untuk sebuah perintah. Ketik *menu* untuk melihat yang ada.",
        "en": "That message is too long for a command. Type *menu* to see what there is.",
    },
    "too_old": {
        "id": "Maaf, pertanyaan Anda pukul {} baru terbaca sekarang dan tidak dijalankan lagi. "
        "Ketik sekali lagi bila masih perlu.",
        "en": "Sorry, what you asked at {} was only read now and is not run any more. Type it again if you still "
        "need it.",
    },
    "wait": {
        "id": "Sistem sedang gangguan. Pertanyaan Anda disimpan dan akan dijawab begitu pulih.",
        "en": "The system is in trouble. Your question is kept and will be answered once it is back.",
    },
    "started": {
        "id": "Baik, Anda menerima pesan lagi. Ketik *berhenti* untuk menghentikannya.",
        "en": "Very well, you get messages again. Type *stop* to end them.",
    },
    "stop_alone": {
        "id": "Tulis *berhenti* saja di chat pribadi dengan nomor ini.",
        "en": "Write *stop* alone, in your own chat with this number.",
    },
    "status": {
        "id": "Sistem bekerja, {}. Menunggu: {} perintah, {} pesan.",
        "en": "The system is at work, {}. Waiting: {} commands, {} messages.",
    },
    "held": {
        "id": "Pengiriman sedang ditahan, {}. Menunggu: {} perintah, {} pesan.",
        "en": "Sending is on hold, {}. Waiting: {} commands, {} messages.",
    },
    "away": {
        "id": "⚠️ *{}*: sumber data _{}_ sedang tidak menjawab. Coba lagi nanti. Kode: {}",
        "en": "⚠️ *{}*: the data source _{}_ does not answer now. Try again later. Code: {}",
    },
    "left_alone": {
        "id": "⚠️ *{}*: sumber data _{}_ sedang tidak menjawab. Coba lagi setelah pukul {}. Kode: {}",
        "en": "⚠️ *{}*: the data source _{}_ does not answer now. Try again after {}. Code: {}",
    },
    "wrong": {
        "id": "⚠️ *{}*: tidak bisa dijawab karena ada yang salah pada perintah ini atau sumbernya (_{}_). "
        "Beri tahu tim data. Kode: {}",
        "en": "⚠️ *{}*: cannot be answered, something is wrong with this command or its source (_{}_). "
        "Tell the data team. Code: {}",
    },
    "unsupported": {
        "id": "⚠️ *{}*: jenis sumbernya (_{}_) belum bisa ditanya. Kode: {}",
        "en": "⚠️ *{}*: its kind of source (_{}_) cannot be asked yet. Code: {}",
    },
    "broken": {
        "id": "⚠️ Maaf, pertanyaan Anda tidak bisa dijawab karena gangguan di sistem. Beri tahu tim data. Kode: {}",
        "en": "⚠️ Sorry, your question cannot be answered because of trouble in the system. Tell the data team. "
        "Code: {}",
    },
}


def told(what: str, language: str, *parts: object) -> str:
    """One of the sentences, by its name in `_ALL`."""
    return _ALL[what][language].format(*parts)
