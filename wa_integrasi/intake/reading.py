"""A text as words that can be looked up: small letters, no accents, no letter twice in a row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_PIECE = re.compile(r"(?P<word>[^\W_]+)|(?P<stop>[!?;\n]|[.](?![0-9]))|(?P<cut>[,:()\u2013\u2014]|\s-)")
_RUN = re.compile(r"([^\W\d_])\1+")
_FORGIVEN_FROM = 7
_SPELLED_FROM = 4


class Token(NamedTuple):
    """A word, and the sentence and the clause that it is in."""

    word: str
    sentence: int
    clause: int


def tokens(text: str) -> Iterator[Token]:
    """The words of a text, in its order."""
    sentence = clause = 0
    spelled: list[str] = []
    for match in _PIECE.finditer(_folded(text)):
        word = match["word"]
        if word is not None and len(word) == 1 and word.isalpha():
            spelled.append(word)
            continue
        yield from _spelled(spelled, sentence, clause)
        spelled = []
        if word is not None:
            yield Token(_squeezed(word), sentence, clause)
        else:
            clause += 1
            sentence += match["stop"] is not None
    yield from _spelled(spelled, sentence, clause)


def _spelled(letters: Sequence[str], sentence: int, clause: int) -> Iterator[Token]:
    """Single letters: `a p i` are three words, `t o l o n g` is one."""
    words = ["".join(letters)] if len(letters) >= _SPELLED_FROM else letters
    yield from (Token(_squeezed(word), sentence, clause) for word in words)


def _folded(text: str) -> str:
    """In small letters without accents and signs that nobody sees."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in apart if unicodedata.category(sign) not in ("Mn", "Cf", "Me"))


def _squeezed(word: str) -> str:
    return _RUN.sub(r"\1", word)


def plain(entry: str) -> tuple[str, ...]:
    """The words of an entry of a list, as those of a text are read."""
    return tuple(_squeezed(word) for word in re.findall(r"[^\W_]+", _folded(entry)))


def slips(word: str) -> Iterable[str]:
    """A word with a letter missing, but not its first, or with two neighbours swapped."""
    if len(word) < _FORGIVEN_FROM:
        return ()
    missing = (word[:at] + word[at + 1 :] for at in range(1, len(word)))
    swapped = (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1))
    # A slip that leaves two like letters side by side would be squeezed to a shorter word, perhaps another one.
    return [slip for slip in (*missing, *swapped) if _squeezed(slip) == slip]
