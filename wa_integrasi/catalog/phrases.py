"""The words that begin a command: those of the system itself, and what makes a phrase of a trigger."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from wa_integrasi.typed.words import words_of

LONGEST = 8
"""Words that a phrase may have."""


class Builtin(StrEnum):
    """What everybody may write, whatever the catalog says."""

    HELP = "help"
    NEXT = "next"
    BACK = "back"
    CANCEL = "cancel"
    CONFIRM = "confirm"
    STATUS = "status"
    WHOAMI = "whoami"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    WATCH = "watch"
    MUTE = "mute"
    UNMUTE = "unmute"
    STOP = "stop"
    START = "start"


_BERITAHU = tuple(f"{tell}{whom}" for tell in ("beritahu", "beri tahu", "kabari") for whom in ("", " saya", " aku"))
_NOTIFY = ("notify", "notify me", "tell me", "let me know", "alert", "alert me", "warn me")
_TELL = ((_BERITAHU, ("jika", "bila", "kalau")), (_NOTIFY, ("if", "when")))
TELLING = tuple(tuple(tell.split()) for tells, _ in _TELL for tell in tells)
"""What `jika` and a limit stand behind: alone it asks how that is done. A trigger's phrase may begin so."""

EVERYTHING = frozenset({("semua",), ("semuanya",), ("all",), ("everything",)})
"""Behind the end of subscriptions: all of them."""

IFS = frozenset(word for _, words in _TELL for word in words)
_WATCH = tuple(f"{tell} {word}" for tells, words in _TELL for tell in tells for word in words)
BUILTINS: Mapping[tuple[str, ...], Builtin] = {
    tuple(words.split()): builtin
    for builtin, spellings in {
        Builtin.HELP: ("menu", "bantuan", "help"),
        Builtin.NEXT: ("lanjut", "next"),
        Builtin.BACK: ("kembali", "back"),
        Builtin.CANCEL: ("batal", "cancel"),
        Builtin.CONFIRM: ("ya", "yes"),
        Builtin.STATUS: ("status",),
        Builtin.WHOAMI: ("siapa saya", "whoami", "who am i"),
        Builtin.SUBSCRIBE: ("langganan", "subscribe", "subscriptions"),
        Builtin.UNSUBSCRIBE: ("unsubscribe", "berhenti langganan"),
        Builtin.WATCH: _WATCH,
        Builtin.MUTE: ("diam", "mute"),
        Builtin.UNMUTE: ("diam selesai", "unmute"),
        Builtin.STOP: ("berhenti", "stop"),
        Builtin.START: ("mulai", "start"),
    }.items()
    for words in spellings
}
"""By the words that are typed."""

WITH_REST = frozenset(
    {Builtin.HELP, Builtin.CONFIRM, Builtin.SUBSCRIBE, Builtin.UNSUBSCRIBE, Builtin.WATCH, Builtin.MUTE}
)
"""Those that may have something behind their words; the others stand alone."""

POLITE = frozenset(
    {("menu",), ("status",), ("siapa", "saya"), ("langganan",), ("subscriptions",), ("batal",), ("cancel",)}
)
"""Those that may be asked for among words of courtesy; others, such as `minta bantuan`, are everyday words there."""


def phrase_problem(phrase: str) -> str | None:
    """What is wrong with a phrase of a trigger, or None."""
    words = words_of(phrase)
    if not any(letter.isalpha() for word in words for letter in word):
        return f"found {phrase!r}, must have a letter"
    if len(words) > LONGEST:
        return f"found {len(words)} words, must be {LONGEST} at most"
    if words in BUILTINS:
        return f"found {phrase!r}, which is a command of its own, must be another one"
    for length in range(1, len(words)):
        if BUILTINS.get(words[:length]) in WITH_REST:
            begins = " ".join(words[:length])
            return f"found {phrase!r}, must not begin with {begins!r}, which is a command of its own"
    return None
