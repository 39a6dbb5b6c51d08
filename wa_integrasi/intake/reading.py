"""A text as words that can be looked up: small letters, no accents, no letter twice in a row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r"([^\W_]+)|([!?;\n]|[.](?![0-9]))|[,:()\u2013\u2014]|\s-")
_A_WORD, _A_STOP = 1, 2
_RUN = re.compile(r"([^\W\d_])\1+")
_FORGIVEN_FROM = 7
_SPELLED_FROM = 4


class Token(NamedTuple):
    """A word, and the sentence and the clause that it is in."""

    word: str
    sentence: int
    clause: int


def tokens(text: str, known: Callable[[str], str]) -> list[Token]:
    """The words of a text in its order, each as the word that it is `known` for."""
    sentence = clause = 0
    found: list[Token] = []
    spelled: list[str] = []
    for match in _PIECE.finditer(_folded(text)):
        sort = match.lastindex
        if sort == _A_WORD:
            word = match[0]
            if len(word) == 1 and word.isalpha():
                spelled.append(word)
                continue
            if spelled:
                found += (Token(known(each), sentence, clause) for each in _joined(spelled))
                spelled = []
            found.append(Token(known(word), sentence, clause))
            continue
        found += (Token(known(each), sentence, clause) for each in _joined(spelled))
        spelled = []
        clause += 1
        sentence += sort == _A_STOP
    found += (Token(known(each), sentence, clause) for each in _joined(spelled))
    return found


def plain(entry: str) -> tuple[str, ...]:
    """The words of an entry of a list, as those of a text are read."""
    return tuple(_WORD.findall(_folded(entry)))


def slips(word: str) -> Iterable[str]:
    """A word with a letter missing, but not its first, or with two neighbours swapped."""
    if len(word) < _FORGIVEN_FROM:
        return ()
    missing = (word[:at] + word[at + 1 :] for at in range(1, len(word)))
    swapped = (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1))
    # A slip that leaves two like letters side by side would be squeezed to a shorter word, perhaps another one.
    return [slip for slip in (*missing, *swapped) if not _RUN.search(slip)]


def _joined(letters: Sequence[str]) -> Sequence[str]:
    """Single letters: `a p i` are three words, `t o l o n g` is one."""
    return [_RUN.sub(r"\1", "".join(letters))] if len(letters) >= _SPELLED_FROM else letters


def _folded(text: str) -> str:
    """In small letters, without accents and signs that nobody sees, every run of a letter as one."""
    if text.isascii():
        return _RUN.sub(r"\1", text.lower())
    apart = unicodedata.normalize("NFKD", text).casefold()
    return _RUN.sub(r"\1", "".join(sign for sign in apart if unicodedata.category(sign) not in ("Mn", "Cf", "Me")))
