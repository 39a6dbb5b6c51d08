"""A long text as several messages, cut where it hurts least.

Lengths are code points: Meta's reference says "characters" and no more (Cloud API, `text.body`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

from wa_integrasi.content import TEXT_LIMIT
from wa_integrasi.text.graphemes import is_boundary
from wa_integrasi.text.markup import sections, without_borders
from wa_integrasi.text.spans import FENCE, Span, spans

LEAST = 64
"""The smallest limit. Below it marks would take more room than the text."""

_BREAK = re.compile(r"\n\s*\n|\n|[^\S\n]+")
_SPACE = re.compile(r"\s*")
_Open = tuple[Span, ...]
"""The formatted stretches that a place lies in, the outermost first."""


class _Level(IntEnum):
    """What a cut takes apart, the least harm first."""

    PARAGRAPHS = 1
    LINES = 2
    LINES_OF_BLOCK = 3
    WORDS = 4
    WORDS_OF_SPAN = 5
    LETTERS = 6


class _Cut(NamedTuple):
    level: _Level
    end: int
    goes_on: int
    opened: _Open


def split(text: str, limit: int = TEXT_LIMIT) -> list[str]:
    """`text` as messages of at most `limit` characters, each ending in its mark `(1/3)` if there are several.

    Cuts are made at section borders first, then between paragraphs, lines and words, and within a word only where
    nothing else is left. A block or a bold stretch that must be cut is closed and opened again. A text that is all
    space gives no message.
    """
    if limit < LEAST:
        raise ValueError(f"a message has room for at least {LEAST} characters")
    whole = without_borders(text)
    if not whole.strip():
        return []
    if len(whole) <= limit:
        return [whole]
    digits = 1
    while len(str(len(parts := _packed(sections(text), limit - len("\n(/)") - 2 * digits)))) > digits:
        digits += 1
    return [f"{part}\n({number}/{len(parts)})" for number, part in enumerate(parts, 1)]


def _packed(texts: Sequence[str], room: int) -> list[str]:
    """Sections in as few parts as their order allows; only one that is too long by itself is cut."""
    parts: list[str] = []
    for text in texts:
        if parts and len(parts[-1]) + len("\n\n") + len(text) <= room:
            parts[-1] += f"\n\n{text}"
        else:
            parts += _pieces(text, room)
    return parts


def _pieces(text: str, room: int) -> Iterator[str]:
    found = spans(text)
    start, opening = 0, ""
    while len(opening) + len(text) - start > room:
        cut = _best(text, found, start, room - len(opening))
        piece = text[start : cut.end]
        closing = "".join(span.mark for span in reversed(cut.opened))
        yield f"{opening}{piece}{closing}" if cut.opened else f"{opening}{piece.rstrip()}"
        start, opening = cut.goes_on, "".join(span.mark for span in cut.opened)
    if text[start:].strip():
        yield opening + text[start:]


def _best(text: str, found: Sequence[Span], start: int, room: int) -> _Cut:
    """The last cut of the least harmful level that leaves a part not all too short; else the last cut there is."""
    opened = _opened(found, start, start + room)
    first = _first_shown(text, start)
    cuts = [
        cut
        for cut in _breaks(text, opened, start, start + room)
        if first < cut.end and cut.end - start + _closing(cut.opened) <= room
    ]
    long_enough = [cut for cut in cuts if cut.end - start >= room // 3]
    if long_enough:
        level = min(cut.level for cut in long_enough)
        return max((cut for cut in long_enough if cut.level is level), key=lambda cut: cut.end)
    if cuts:
        return max(cuts, key=lambda cut: cut.end)
    return _within_word(text, opened, start, room)


def _first_shown(text: str, start: int) -> int:
    blank = _SPACE.match(text, start)
    return blank.end() if blank else start


def _closing(opened: _Open) -> int:
    return sum(len(span.mark) for span in opened)


def _opened(found: Sequence[Span], start: int, end: int) -> list[_Open | None]:
    """For each place of `start:end`, what it lies in; `None` in or beside a mark, where no cut may be."""
    opened: list[_Open | None] = [()] * (end - start + 1)
    for span in found:
        for place in range(max(span.start + 1, start), min(span.end, end + 1)):
            around = opened[place - start]
            if place <= span.body or place >= span.tail or around is None:
                opened[place - start] = None
            else:
                opened[place - start] = (*around, span)
    return opened


def _breaks(text: str, opened: Sequence[_Open | None], start: int, end: int) -> Iterator[_Cut]:
    for space in _BREAK.finditer(text, start, end + 1):
        for place in range(space.start(), min(space.end(), end + 1)):
            around = opened[place - start]
            if around is None or (place > space.start() and not around):
                continue
            cut = _break(text, around, place, space)
            if cut and all(cut.goes_on < span.tail for span in around):
                yield cut


def _break(text: str, around: _Open, place: int, space: re.Match[str]) -> _Cut | None:
    """The cut at one place of a stretch of space; within a block only the newline itself goes, indents stay."""
    after = _first_shown(text, place)
    if around and around[0].mark == FENCE:
        if text[place] == "\n":
            return _Cut(_Level.LINES_OF_BLOCK, place, place + 1, around)
        return _Cut(_Level.WORDS_OF_SPAN, place, place + 1, around)
    if around:
        return _Cut(_Level.WORDS_OF_SPAN, place, after, around)
    newlines = space[0].count("\n")
    if newlines:
        return _Cut(_Level.PARAGRAPHS if newlines > 1 else _Level.LINES, place, space.end(), around)
    return _Cut(_Level.WORDS, place, after, around)


def _within_word(text: str, opened: Sequence[_Open | None], start: int, room: int) -> _Cut:
    """A cut between two letters, outside of what is formatted if that leaves a part of some length."""
    places = [
        (place, around)
        for place in range(start + room, start, -1)
        if (around := opened[place - start]) is not None and place - start + _closing(around) <= room
    ]
    whole = [(place, around) for place, around in places if is_boundary(text, place)]
    plain = [(place, around) for place, around in whole if place - start >= room // 3 and not around]
    place, around = (plain or whole or places)[0]
    return _Cut(_Level.LETTERS, place, place, around)
