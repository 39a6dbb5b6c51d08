"""What a reader sees as one character, and how many columns it takes in a monospace font."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
ELLIPSIS = "…"


def _extends(char: str) -> bool:
    """Whether `char` belongs to the character before it: an accent, a joiner, a skin tone, a flag's tag."""
    code = ord(char)
    return (
        unicodedata.category(char) in {"Mn", "Mc", "Me"}
        or char in "\u200c\u200d\uff9e\uff9f"
        or 0x1F3FB <= code <= 0x1F3FF
        or 0xE0020 <= code <= 0xE007F
    )


def _regional(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def _continues_syllable(before: str, char: str) -> bool:
    """Whether `char` goes on with a Hangul syllable that `before` has begun."""
    first, second = ord(before), ord(char)
    leading = 0x1100 <= first <= 0x115F
    started = leading or 0x1160 <= first <= 0x11FF or 0xAC00 <= first <= 0xD7A3
    return started and (0x1160 <= second <= 0x11FF or (leading and (0x1100 <= second <= 0x115F or second >= 0xAC00)))


def _attached(before: str, char: str, flags: int) -> bool:
    """Whether `char` is part of the character that `before` ends, after a row of `flags` regional letters."""
    if before in "\n\t" or (before.isascii() and char.isascii()):
        return before == "\r" and char == "\n"
    if _extends(char) or before == _JOINER:
        return True
    if _regional(before) and _regional(char):
        return flags % 2 == 1
    return _continues_syllable(before, char)


def is_boundary(text: str, position: int) -> bool:
    """Whether `text` may be cut at `position` without taking a character apart."""
    if not 0 < position < len(text):
        return True
    start = position
    while start and _regional(text[start - 1]):
        start -= 1
    return not _attached(text[position - 1], text[position], position - start)


def clusters(text: str) -> Iterator[str]:
    """The characters of `text` as a reader counts them."""
    start = flags = 0
    for position in range(1, len(text)):
        flags = flags + 1 if _regional(text[position - 1]) else 0
        if not _attached(text[position - 1], text[position], flags):
            yield text[start:position]
            start = position
    if text:
        yield text[start:]


def _columns(cluster: str) -> int:
    if _EMOJI_STYLE in cluster or (len(cluster) > 1 and _regional(cluster[0])):
        return 2
    if any(unicodedata.east_asian_width(char) in {"W", "F"} for char in cluster):
        return 2
    return 0 if unicodedata.category(cluster[0]) in {"Mn", "Me", "Cf", "Cc"} else 1


def width(text: str) -> int:
    """Columns that `text` takes: two for East Asian wide characters and emoji, none for joiners and accents."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_columns(cluster) for cluster in clusters(text))


def shorten(text: str, columns: int) -> str:
    """`text` in at most `columns` columns, its end replaced by … where it is longer."""
    if width(text) <= columns:
        return text
    room = columns - 1
    kept: list[str] = []
    for cluster in clusters(text):
        room -= _columns(cluster)
        if room < 0:
            break
        kept.append(cluster)
    return "".join(kept).rstrip() + ELLIPSIS if columns > 0 else ""
