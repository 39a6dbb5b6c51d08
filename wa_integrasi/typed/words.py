"""A text as words that compare: how it looks does not matter, what it says does.

Two texts are the same when they are equal after NFKC, case folding and without accents, and what nobody sees is left
out first. Letters of other scripts that look alike are not equal. What shows a text in another order than it has (the
bidi embeddings and overrides) is no letter and no space: a word with it equals none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

STRANGE = "\ufffd"
"""What stands for a sign that moves others about."""

LONG_DASH = "\u2013"
"""What stands for every dash between words; the shorter ones and the minus become a plain `-`."""

_REORDERING = frozenset(range(0x202A, 0x202F))
_LONG_DASHES = frozenset({0x2012, 0x2013, 0x2014, 0x2015, 0x2E3A, 0x2E3B, 0xFE58, 0xFE31, 0xFE32})
_SHORT_DASHES = frozenset({0x2010, 0x2011, 0x2043, 0x2212, 0xFE63, 0xFF0D})
_DOUBLE_QUOTES = frozenset(map(ord, "“”„‟«»″＂〝〞"))
_SINGLE_QUOTES = frozenset(map(ord, "‘’‚‛‹›′´`ʼ＇"))
_BLANK = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0})
"""Letters and marks that show nothing."""

_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*"|")+')
_WORD = re.compile(f"(?:[^\\W_]|{STRANGE})+")
_AROUND = "*_~`'\""
_BEHIND = "?!.,;:"


@dataclass(frozen=True, slots=True)
class Token:
    """What stands between two spaces, or in quotes."""

    raw: str
    """As it was typed, without what nobody sees."""
    plain: str
    """As it compares."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words in it: `rekap-harian:` has two, and a dash alone none."""
        return tuple(_WORD.findall(self.plain))

    @property
    def bare(self) -> str:
        """As it compares, without quotes, markup and the end of a sentence around it; every dash a plain one."""
        return self.plain.lstrip(_AROUND).rstrip(_AROUND + _BEHIND).replace(LONG_DASH, "-")

    @property
    def value(self) -> str:
        """As it was typed, without quotes around it."""
        quoted = len(self.raw) > 1 and self.raw[0] == self.raw[-1] == '"'
        return self.raw[1:-1] if quoted else self.raw


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text, in their order."""
    return [Token(raw, plain(raw)) for raw in _TOKEN.findall(visible(text))]


def visible(text: str) -> str:
    """A text without what nobody sees; smart quotes plain, dashes of two kinds."""
    return text if text.isascii() and text.isprintable() else text.translate(_Signs())


def plain(text: str) -> str:
    """A text as it compares."""
    if text.isascii():
        return text.casefold()
    compatible = visible(unicodedata.normalize("NFKC", visible(text)))
    letters = unicodedata.normalize("NFKD", compatible.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return unicodedata.normalize("NFKC", bare).casefold()


def words_among(tokens: Iterable[Token]) -> tuple[str, ...]:
    """All words of some tokens, as they compare."""
    return tuple(word for token in tokens for word in token.words)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text as they compare, without signs between them."""
    return tuple(_WORD.findall(plain(visible(text))))


class _Signs(dict[int, int | str | None]):
    """What each sign is shown as, found out once for each that a text has."""

    def __missing__(self, code: int) -> int | str | None:
        shown = self[code] = _shown(code)
        return shown


def _shown(code: int) -> int | str | None:
    for signs, plain_sign in (
        (_REORDERING, STRANGE),
        (_LONG_DASHES, LONG_DASH),
        (_SHORT_DASHES, "-"),
        (_DOUBLE_QUOTES, '"'),
        (_SINGLE_QUOTES, "'"),
        (_BLANK, None),
    ):
        if code in signs:
            return plain_sign
    sign = chr(code)
    if sign.isspace():
        return sign if sign == "\n" else " "
    category = unicodedata.category(sign)
    variation = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or 0x180B <= code <= 0x180F
    if variation or category in ("Cf", "Cc"):
        return None
    return STRANGE if category == "Cs" else code
