"""What the bot says of commands, in Indonesian and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wa_integrasi.catalog.arguments import (
    Argument,
    ChoiceArgument,
    DateArgument,
    IntArgument,
    NumberArgument,
)
from wa_integrasi.commands.confirming import TRIES, Verdict
from wa_integrasi.commands.grammar import Candidate, Missing, Problem, Wrong
from wa_integrasi.commands.permission import Reason
from wa_integrasi.text.locale import Locale
from wa_integrasi.text.markup import escape

_SHOWN = 60
_LOCALES = {"id": "id_ID", "en": "en_GB"}

Said = Mapping[str, str]
"""By language."""

_PROBLEMS: Mapping[Wrong, Said] = {
    Wrong.NO_WHOLE: {"id": "bukan bilangan bulat", "en": "is not a whole number"},
    Wrong.NO_NUMBER: {"id": "bukan angka", "en": "is not a number"},
    Wrong.NO_DAY: {"id": "bukan tanggal", "en": "is not a date"},
    Wrong.NO_CHOICE: {"id": "tidak ada dalam pilihan", "en": "is not one of the choices"},
    Wrong.NO_TAG: {"id": "bukan nama atau nomor yang benar", "en": "is not such a name or number"},
    Wrong.NO_FIT: {"id": "tidak sesuai bentuknya", "en": "does not have the right form"},
    Wrong.TOO_SMALL: {"id": "terlalu kecil, paling kecil {}", "en": "is too small, {} at least"},
    Wrong.TOO_LARGE: {"id": "terlalu besar, paling besar {}", "en": "is too large, {} at most"},
    Wrong.TOO_LONG: {"id": "terlalu panjang, paling banyak {} huruf", "en": "is too long, {} characters at most"},
    Wrong.TOO_MANY_DAYS: {"id": "terlalu panjang, paling lama {} hari", "en": "is too long, {} days at most"},
    Wrong.BACKWARDS: {"id": "terbalik, hari pertama harus di depan", "en": "runs backwards, the first day comes first"},
    Wrong.ONE_DAY: {
        "id": "lebih dari satu hari, harus satu hari saja",
        "en": "is more than a day, must be a single one",
    },
    Wrong.FUTURE: {"id": "belum tiba", "en": "is still to come"},
    Wrong.TWICE: {"id": "ditulis dua kali", "en": "is there twice"},
    Wrong.TOO_MANY_WORDS: {"id": "kelebihan kata", "en": "is more than was asked for"},
}
_DENIED: Mapping[Reason, Said] = {
    Reason.OFF: {"id": "Perintah ini sedang dimatikan.", "en": "This command is switched off."},
    Reason.NOBODY: {"id": "Perintah ini belum dibuka untuk siapa pun.", "en": "Nobody may use this command yet."},
    Reason.ROLE: {"id": "Anda tidak berhak memakai perintah ini.", "en": "You may not use this command."},
    Reason.NOT_HERE: {
        "id": "Perintah ini tidak boleh dipakai di grup ini.",
        "en": "This command may not be used in this group.",
    },
    Reason.ONLY_IN_GROUP: {
        "id": "Perintah ini hanya untuk grup tertentu.",
        "en": "This command is for certain groups only.",
    },
}
_VERDICTS: Mapping[Verdict, Said] = {
    Verdict.RIGHT: {"id": "Kode benar.", "en": "The code is right."},
    Verdict.WRONG: {"id": "Kode salah, tidak ada yang dijalankan.", "en": "Wrong code, nothing was run."},
    Verdict.LATE: {
        "id": "Kode sudah tidak berlaku. Ketik perintahnya sekali lagi.",
        "en": "The code has expired. Type the command again.",
    },
    Verdict.NOT_YOURS: {"id": "Kode itu bukan untuk Anda di sini.", "en": "That code is not for you here."},
    Verdict.NONE_OPEN: {"id": "Tidak ada yang menunggu kode.", "en": "Nothing is waiting for a code."},
}
_ALL: Mapping[str, Said] = {
    "access": {
        "id": "Nomor Anda belum terdaftar. Minta akses kepada tim data.",
        "en": "Your number is not registered. Ask the data team for access.",
    },
    "ask_role": {"id": "Minta hak akses kepada tim data.", "en": "Ask the data team for access."},
    "unknown": {
        "id": "Perintah tidak dikenal. Ketik *menu* untuk melihat yang ada.",
        "en": "Unknown command. Type *menu* to see what there is.",
    },
    "meant": {
        "id": "Maksud Anda *{}*? Balas *ya*, atau ketik *menu*.",
        "en": "Did you mean *{}*? Reply *yes*, or type *menu*.",
    },
    "meant_one": {
        "id": "Maksud Anda yang mana? Balas dengan nomornya.",
        "en": "Which one did you mean? Reply with its number.",
    },
    "ask": {"id": "*{}*?", "en": "*{}*?"},
    "reply_number": {
        "id": "Balas dengan nomor atau namanya, atau *batal*.",
        "en": "Reply with its number or name, or *cancel*.",
    },
    "reply": {"id": "Balas dengan {}, atau *batal*.", "en": "Reply with {}, or *cancel*."},
    "instead": {"id": "Maksud Anda *{}*? Balas *ya*.", "en": "Did you mean *{}*? Reply *yes*."},
    "too_many": {"id": "“{}” {}. Contoh: *{}*", "en": "“{}” {}. For example: *{}*"},
    "cancelled": {"id": "Dibatalkan.", "en": "Cancelled."},
    "nothing_open": {"id": "Tidak ada yang perlu dibatalkan.", "en": "There is nothing to cancel."},
    "ends_soon": {
        "id": "Pertanyaan tadi masih menunggu jawaban, satu menit lagi dilupakan.",
        "en": "That question still waits for an answer and is forgotten in a minute.",
    },
    "forgotten": {
        "id": "Pertanyaan tadi sudah lewat lima menit. Ketik perintahnya sekali lagi.",
        "en": "That question is more than five minutes old. Type the command again.",
    },
    "no_page": {"id": "Tidak ada halaman lagi.", "en": "There are no more pages."},
    "more": {
        "id": "Halaman {} dari {}, balas *lanjut* untuk berikutnya.",
        "en": "Page {} of {}, reply *next* for more.",
    },
    "confirm": {
        "id": "⚠️ *{}* akan dijalankan: {}.\nBalas *ya {}* dalam dua menit, atau *batal*.",
        "en": "⚠️ *{}* is about to run: {}.\nReply *yes {}* within two minutes, or *cancel*.",
    },
    "approve": {
        "id": "⚠️ {} meminta persetujuan Anda untuk *{}*: {}.\nBalas *ya {}* dalam dua menit, atau *batal*.",
        "en": "⚠️ {} asks you to approve *{}*: {}.\nReply *yes {}* within two minutes, or *cancel*.",
    },
    "tries": {"id": "Sisa percobaan: {}.", "en": "Tries left: {}."},
    "whoami": {"id": "Anda *{}*. Peran: {}.", "en": "You are *{}*. Roles: {}."},
    "no_roles": {"id": "tidak ada", "en": "none"},
}
_FORMS: Mapping[str, Said] = {
    "int": {"id": "bilangan bulat", "en": "a whole number"},
    "number": {"id": "angka", "en": "a number"},
    "date": {"id": "tanggal", "en": "a date"},
    "range": {"id": "tanggal atau rentang", "en": "a date or several"},
    "tag": {"id": "nama atau nomornya", "en": "its name or number"},
    "text": {"id": "teks", "en": "text"},
    "choice": {"id": "salah satu pilihan", "en": "one of the choices"},
}

_EXAMPLES: Mapping[str, Said] = {
    "number": {"id": "1.234,5", "en": "1,234.5"},
    "date": {"id": "19/11 atau kemarin", "en": "19/11 or yesterday"},
    "range": {"id": "kemarin, minggu lalu atau 1-7 nov", "en": "yesterday, last week or 1-7 nov"},
}
"""Of arguments that have none of their own."""

_SUCH: Said = {"id": ", misalnya {}", "en": ", such as {}"}
_SPANS: Mapping[str, Said] = {
    "both": {"id": " {} sampai {}", "en": " from {} to {}"},
    "low": {"id": ", paling kecil {}", "en": ", {} at least"},
    "high": {"id": ", paling besar {}", "en": ", {} at most"},
}


def say(what: str, language: str, *parts: object) -> str:
    """One of the fixed sentences, by its name in `_ALL`."""
    return _ALL[what][language].format(*parts)


def denied(reason: Reason, language: str) -> str:
    """Why somebody may not run a trigger, and what to do about it."""
    why = _DENIED[reason][language]
    return f"{why} {say('ask_role', language)}" if reason is Reason.ROLE else why


def verdict(of: Verdict, language: str, tries: int = TRIES) -> str:
    """What a code was worth."""
    said = _VERDICTS[of][language]
    return f"{said} {say('tries', language, tries)}" if of is Verdict.WRONG and tries else said


def guesses(candidates: Sequence[Candidate], language: str) -> str:
    """That a text is no command, with what may have been meant."""
    match candidates:
        case []:
            return say("unknown", language)
        case [candidate]:
            return say("meant", language, short(candidate.text))
        case _:
            return f"{say('meant_one', language)}\n{numbered([short(each.text) for each in candidates])}"


def ask(missing: Missing, argument: Argument, language: str) -> str:
    """The question for an argument that is missing or wrong."""
    question = mistake(missing, language) + say("ask", language, short(argument.label))
    if isinstance(argument, ChoiceArgument):
        listed = numbered([short(option.words[0] if option.words else option.value) for option in argument.options])
        return f"{question}\n{listed}\n{say('reply_number', language)}"
    return f"{question}\n{say('reply', language, form(argument, language))}"


def mistake(missing: Missing, language: str) -> str:
    """What is wrong with what was typed and what may have been meant, to stand before the question; "" for nothing."""
    if missing.problem is None:
        return ""
    wrong = f"“{short(missing.given)}” {problem(missing.problem, language)}.\n"
    instead = missing.problem.instead
    return f"{wrong}{say('instead', language, short(instead))}\n" if instead else wrong


def too_many(missing: Missing, example: str, language: str) -> str:
    """That there are more words than a trigger takes."""
    given = problem(Problem(Wrong.TOO_MANY_WORDS), language)
    return say("too_many", language, short(missing.given), given, example)


def problem(of: Problem, language: str) -> str:
    """What is wrong with a value, to stand behind it."""
    return _PROBLEMS[of.wrong][language].format("" if of.limit is None else number(of.limit, language))


def form(argument: Argument, language: str) -> str:
    """What may be typed for an argument."""
    kind, span = str(argument.kind), ""
    if isinstance(argument, DateArgument) and argument.range:
        kind = "range"
    elif isinstance(argument, IntArgument | NumberArgument):
        span = _span(argument, language)
    usual = None if span else _EXAMPLES.get(kind)
    own = None if argument.example is None else short(value(argument, argument.example, language))
    such = own or (usual and usual[language])
    shown = _SUCH[language].format(such) if such and not isinstance(argument, ChoiceArgument) else ""
    return f"{_FORMS[kind][language]}{span}{shown}"


def value(argument: Argument, given: float | str, language: str) -> str:
    """A value of an argument as people type it: of a choice its first word."""
    if isinstance(given, str):
        options = argument.options if isinstance(argument, ChoiceArgument) else ()
        return next((each.words[0] for each in options if each.value == given and each.words), given)
    return number(given, language)


def number(value: float, language: str) -> str:
    """A number as a reader of the language writes it."""
    return Locale(_LOCALES[language]).number(value)


def numbered(lines: Sequence[str], start: int = 1) -> str:
    """A list to be answered with a number."""
    return "\n".join(f"{at}. {line}" for at, line in enumerate(lines, start))


def short(text: str) -> str:
    """What somebody typed, short enough to be repeated to them, without marks that WhatsApp would obey."""
    plain = " ".join(text.split())
    return str(escape(plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 1]}…"))


def _span(argument: IntArgument | NumberArgument, language: str) -> str:
    limits = [limit for limit in (argument.minimum, argument.maximum) if limit is not None]
    if not limits:
        return ""
    kind = "both" if len(limits) == 2 else "low" if argument.minimum is not None else "high"
    return _SPANS[kind][language].format(*(number(limit, language) for limit in limits))
