"""Where WhatsApp reads formatting in a text: ``` blocks, inline code, bold, italic and strike-through.

WhatsApp publishes no grammar (faq.whatsapp.com, "How to format your messages", only lists the marks). The rule here is
the one that its apps are seen to follow: a mark opens after anything but a letter or digit and before no space, and
closes after no space and before anything but a letter or digit, on the same line.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

FENCE = "```"
MARKS = "*_~`"


@dataclass(frozen=True, slots=True)
class Span:
    """One formatted stretch: opening mark `start:body`, content `body:tail`, closing mark `tail:end`."""

    start: int
    body: int
    tail: int
    end: int
    mark: str


def word(char: str) -> bool:
    """Whether a mark beside `char` is inside a word, where it does not format. An empty text is no word.

    Only ASCII counts, as in the strictest reader; so whatever may format somewhere is taken to format.
    """
    return char.isascii() and char.isalnum()


def fences(text: str) -> list[Span]:
    """The ``` blocks, in order. A last ``` without a partner is no block."""
    found: list[Span] = []
    position = 0
    while (start := text.find(FENCE, position)) >= 0:
        tail = text.find(FENCE, start + len(FENCE))
        if tail < 0:
            break
        position = tail + len(FENCE)
        found.append(Span(start, start + len(FENCE), tail, position, FENCE))
    return found


def _closers(text: str, start: int, end: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {mark: [] for mark in MARKS}
    for position in range(start + 1, end):
        if text[position] in found and not text[position - 1].isspace() and not word(text[position + 1 : position + 2]):
            found[text[position]].append(position)
    return found


def _opens(text: str, position: int, start: int, end: int) -> bool:
    if position + 1 >= end or (position > start and word(text[position - 1])):
        return False
    return not text[position + 1].isspace() and text[position + 1] != text[position]


def _inline(text: str, start: int, end: int, closers: dict[str, list[int]], marks: str) -> list[Span]:
    found: list[Span] = []
    position = start
    while position < end:
        mark = text[position]
        if mark in marks and _opens(text, position, start, end):
            places = closers[mark]
            at = bisect_left(places, position + 2)
            if at < len(places) and places[at] < end:
                tail = places[at]
                found.append(Span(position, position + 1, tail, tail + 1, mark))
                if mark != "`":
                    found += _inline(text, position + 1, tail, closers, marks.replace(mark, ""))
                position = tail
        position += 1
    return found


def spans(text: str) -> list[Span]:
    """Every formatted stretch by where it starts; one that lies within another comes after it."""
    found: list[Span] = []
    position = 0
    for fence in [*fences(text), Span(len(text), len(text), len(text), len(text), "")]:
        for line in text[position : fence.start].split("\n"):
            if len(line) > len("**"):
                end = position + len(line)
                found += _inline(text, position, end, _closers(text, position, end), MARKS)
            position += len(line) + 1
        if fence.mark:
            found.append(fence)
        position = fence.end
    return found
