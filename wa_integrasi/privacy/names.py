"""Known names in a text, however many there are: the time depends on the text alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wa_integrasi.privacy.found import Found, Sort

# Marks belong to the letter before them; signs that nobody sees hide no name.
_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff])*")
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_GAP = re.compile(r"[ \t\u00a0.,'’`\-\u200b-\u200f\u202a-\u202e\u2066-\u2069]{1,3}")
_LONGEST_WORDS = 8
_SHORTEST_LETTERS = 3


@dataclass(slots=True)
class _Node:
    """A word of a name, and the words that may follow it."""

    following: dict[str, _Node] = field(default_factory=dict)
    ends: bool = False


class Names:
    """Names to be found as whole words, in capitals or not; of two that fit the longer one counts.

    Left out are names of fewer than three letters: senders choose their own names, and one who is called `1` must not
    mask every figure. Of a longer name than eight words the first eight count.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._root = _Node()
        for name in names:
            words = [_key(word) for word in _WORD.findall(name)][:_LONGEST_WORDS]
            if sum(map(str.isalpha, "".join(words))) >= _SHORTEST_LETTERS:
                self._add(words)

    def _add(self, words: list[str]) -> None:
        node = self._root
        for word in words:
            node = node.following.setdefault(word, _Node())
        node.ends = True

    def find(self, text: str) -> Iterator[Found]:
        """Every name in a text, from left to right."""
        if not self._root.following:
            return
        words = [(match.start(), match.end(), _key(match[0])) for match in _WORD.finditer(text)]
        at = 0
        while at < len(words):
            last = self._longest(text, words, at)
            if last is None:
                at += 1
                continue
            value = " ".join(key for _, _, key in words[at : last + 1])
            yield Found(words[at][0], words[last][1], Sort.NAME, value)
            at = last + 1

    def _longest(self, text: str, words: list[tuple[int, int, str]], first: int) -> int | None:
        """Which word ends the longest name that begins here."""
        node, last = self._root, None
        for index in range(first, min(first + _LONGEST_WORDS, len(words))):
            if index > first and not _GAP.fullmatch(text, words[index - 1][1], words[index][0]):
                break
            following = node.following.get(words[index][2])
            if following is None:
                break
            node = following
            if node.ends:
                last = index
        return last


def _key(word: str) -> str:
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", word)).casefold()
