"""A text in plain signs: every digit ASCII, every space, dash and invisible sign one of three; no sign moved."""

from __future__ import annotations

import unicodedata

INVISIBLE = "\u200b"
"""What stands for every sign that nobody sees: zero-width, direction marks, soft hyphen."""


def fold(text: str) -> str:
    """The text as the patterns read it. Each sign stays at its place, so that what is found can be cut out."""
    return text if text.isascii() else text.translate(_Signs())


class _Signs(dict[int, str]):
    """What each sign is folded to, found out once for each that a text has."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _folded(chr(code))
        return folded


def _folded(sign: str) -> str:
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(sign)
    if category in ("Cf", "Mn", "Me"):
        return INVISIBLE
    if category == "Zs":
        return " "
    if category == "Pd" or sign == "\u2212":
        return "-"
    plain = unicodedata.normalize("NFKC", sign)
    return plain if len(plain) == 1 and not plain.isdigit() else sign
