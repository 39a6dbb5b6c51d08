"""Everyday words around a command: `tolong cek suhu boiler 2 dong`, `what is the production yesterday, please?`.

They mean nothing, and a phrase of the catalog may be made of them. So they are only looked past where a text is no
command with them, and is one without them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum

from wa_integrasi.typed.words import Token, words_among, words_of

_MOST = 8
"""Tokens of courtesy on one side."""


class Tone(IntEnum):
    """What words of courtesy want, the plainest last."""

    CALLING = 0
    """They greet somebody, or name whom they speak to."""
    BEGGING = 1
    """They ask that something is done."""
    ASKING = 2
    """They ask to be told something, and that nothing is done."""


def _listed(**said: str) -> Mapping[tuple[str, ...], Tone]:
    return {words_of(words): Tone[tone.upper()] for tone, text in said.items() for words in text.split(", ")}


_BEFORE = _listed(
    calling="pak, bu, mas, mbak, selamat pagi, selamat siang, selamat sore, selamat malam, pagi, siang, sore, malam, "
    "halo, hai, permisi, maaf, good morning, good afternoon, good evening, hello, hi, sorry, the",
    begging="tolong, mohon, minta, coba, bisa, boleh, please, pls, can you, could you",
    asking="berapa, berapakah, bagaimana, gimana, mana, cek, lihat, liat, tampilkan, info, infokan, data, "
    "mau, mau lihat, kasih, kirim, kirimkan, "
    "what is, what's, whats, what are, what was, what were, how much, how much is, how is, show, show me, check, get, "
    "get me, give me, tell me, see, view, can i have, can i get, can i see",
)
_BEHIND = _listed(
    calling="dong, donk, ya, yah, yaa, deh, nih, sih, pak, bapak, bu, ibu, mas, mbak, bang, kak, makasih, "
    "terima kasih, thanks, thank you, for me, sekarang, skrg, saat ini, now, right now",
    begging="tolong, please, pls",
    asking="berapa, berapakah",
)
_FIRST = frozenset(words[:1] for words in _BEFORE)
_WIDEST = 3
_SIGNS = frozenset({"Po", "So", "Sk", "Mn"})
"""Kinds of signs that end a sentence or show a mood; `>` and `-` say something."""


def openings(tokens: Sequence[Token]) -> Iterator[tuple[int, Tone]]:
    """Where a text may begin behind words of courtesy, the first first; and what those want."""
    at, tone = 0, Tone.CALLING
    if not tokens or tokens[0].words[:1] not in _FIRST:
        return
    while at < min(len(tokens), _MOST):
        widths = (width for width in range(_WIDEST, 0, -1) if words_among(tokens[at : at + width]) in _BEFORE)
        if (width := next(widths, None)) is None:
            return
        tone = max(tone, _BEFORE[words_among(tokens[at : at + width])])
        at += width
        if at < len(tokens):
            yield at, tone


def ending(tokens: Sequence[Token]) -> tuple[int, Tone]:
    """Where the words of courtesy at the end of a text begin, and what those want."""
    at, tone = len(tokens), Tone.CALLING
    while at > max(0, len(tokens) - _MOST):
        if _is_mood(tokens[at - 1]):
            at -= 1
            continue
        widths = (width for width in range(min(_WIDEST, at), 0, -1) if words_among(tokens[at - width : at]) in _BEHIND)
        if (width := next(widths, None)) is None:
            break
        tone = max(tone, _BEHIND[words_among(tokens[at - width : at])])
        at -= width
    return at, tone


def opens(phrase: str) -> bool:
    """Whether a phrase of the catalog begins with such words itself."""
    words = words_of(phrase)
    return any(words[:width] in _BEFORE for width in range(1, _WIDEST + 1))


def _is_mood(token: Token) -> bool:
    return not token.words and all(unicodedata.category(sign) in _SIGNS for sign in token.plain)
