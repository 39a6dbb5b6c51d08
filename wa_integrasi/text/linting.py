"""What of a text a phone would not show as its author meant it: marks that do not format, lines that do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wa_integrasi.text.flat import Flat, flattened
from wa_integrasi.text.graphemes import width
from wa_integrasi.text.spans import FENCE, MARKS, Span, fences, spans, word
from wa_integrasi.text.table import WIDTH

_NAMES = {"*": "bold", "_": "italic", "~": "strike", "`": "mono"}
_FOREIGN = (
    (re.compile(r"(\*\*|__)(?=\S)[^\n]*?\S\1"), "{0} is of Markdown: WhatsApp has one mark on each side, as in *bold*"),
    (re.compile(r"^#{1,6} \S.*", re.MULTILINE), "a # heading is of Markdown: WhatsApp shows the #; write *bold*"),
    (
        re.compile(r"\[[^\]\n]+\]\(https?://[^)\n]*\)"),
        "a [link](…) is of Markdown: WhatsApp shows it as it is; write the address",
    ),
    (
        re.compile(r"^\s*\|.*\|\s*$", re.MULTILINE),
        "a table of | is of Markdown: WhatsApp shows the lines; write rows | table",
    ),
    (
        re.compile(r"</?(?:b|i|u|s|p|a|br|strong|em|ul|ol|li|div|span|h[1-6])(?:\s[^>\n]*)?/?>", re.IGNORECASE),
        "{0} is HTML: WhatsApp shows the tag; write *bold*, _italic_ or ~strike~",
    ),
)
_BULLET = re.compile(r"[ \t]*[*-](?= )")
_MOST = 500
"""Marks that are looked at: nobody reads more warnings."""

_NEAR = 3
"""Lines further on in which the partner of a mark is looked for."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that a phone would show otherwise, in a line of the template or the text."""

    line: int
    text: str


def lint(source: str) -> list[Finding]:
    """What is doubtful about a template that compiles, in the order of its lines."""
    return sorted({finding for flat in flattened(source) for finding in _found(flat)})


def lint_text(text: str) -> list[Finding]:
    """What is doubtful about a text as it is sent."""
    flat = Flat()
    flat.say(text, 1)
    return sorted(set(_found(flat)))


def _found(flat: Flat) -> Iterator[Finding]:
    text = flat.text
    blocks = fences(text)
    yield from _blocks(flat, text, blocks)
    foreign = [
        (match.start(), match.end(), said.format(match[0][:2] if "*" in match[0][:1] + "_" else match[0][:20]))
        for pattern, said in _FOREIGN
        for match in pattern.finditer(text)
        if not _inside(match.start(), blocks)
    ]
    yield from (Finding(flat.line(start), said) for start, _, said in foreign)
    found = spans(text)
    yield from _marks(flat, text, found, [(start, end) for start, end, _ in foreign])


def _blocks(flat: Flat, text: str, blocks: list[Span]) -> Iterator[Finding]:
    last = text.rfind(FENCE)
    if last >= 0 and not _inside(last, blocks) and not any(last == block.tail for block in blocks):
        yield Finding(
            flat.line(last), f"{FENCE} opens a block that nothing closes; write {FENCE} behind its last line too"
        )
    for block in blocks:
        at = block.body
        for line in text[block.body : block.tail].split("\n"):
            if (wide := width(line)) > WIDTH:
                said = f"{wide} columns in a {FENCE} block, of which a phone shows {WIDTH} on a line; make it shorter"
                yield Finding(flat.line(at), said)
            at += len(line) + 1


def _marks(flat: Flat, text: str, found: list[Span], foreign: list[tuple[int, int]]) -> Iterator[Finding]:
    """Marks that are meant to format, and do not."""
    taken = {at for span in found for at in (*range(span.start, span.body), *range(span.tail, span.end))}
    verbatim = [(span.body, span.tail) for span in found if span.mark in ("`", FENCE)]
    taken.update(at for start, end in (*verbatim, *foreign) for at in range(start, end))
    places = [at for at, char in enumerate(text) if char in MARKS and at not in taken][:_MOST]
    open_ones = {at: text.count("\n", 0, at) for at in places}
    seen: set[int] = set()
    for at in open_ones:
        if at in seen or _harmless(text, at) or FENCE in text[max(0, at - 2) : at + 3]:
            continue
        partner = _partner(text, at, open_ones)
        if partner is None:
            yield Finding(flat.line(at), _alone(text, at))
        else:
            seen.add(partner)
            yield Finding(flat.line(at), _why(flat, text, *sorted((at, partner))))


def _partner(text: str, at: int, open_ones: Mapping[int, int]) -> int | None:
    """The mark that another one was meant to go with: on its line, or a few lines further on."""
    line = open_ones[at]
    same = [
        each for each in open_ones if each != at and text[each] == text[at] and 0 <= open_ones[each] - line <= _NEAR
    ]
    on_line = [each for each in same if open_ones[each] == line]
    further = (each for each in same if each > at and not _harmless(text, each))
    return on_line[0] if on_line else next(further, None)


def _harmless(text: str, at: int) -> bool:
    """Whether a mark is a plain sign: between spaces, within a word, at the beginning of an item, `~5`."""
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if word(before) and word(after):
        return True
    if (not before or before.isspace()) and (not after or after.isspace()):
        return True
    start = text.rfind("\n", 0, at) + 1
    if (item := _BULLET.match(text, start)) and item.end() == at + 1:
        return True
    return text[at] == "~" and word(after)


def _alone(text: str, at: int) -> str:
    mark = text[at]
    return f"{mark} has no partner on its line; write {mark}text{mark}, or {{{{ … | {_NAMES[mark]} }}}} for a value"


def _why(flat: Flat, text: str, at: int, partner: int) -> str:
    mark, shown = text[at], f"{text[at]}…{text[at]}"
    if "\n" in text[at:partner]:
        return (
            f"{shown} goes over a line break (to line {flat.line(partner)}): WhatsApp formats within a line; mark each"
        )
    if text[at + 1 : at + 2].isspace() or text[partner - 1 : partner].isspace():
        return f"{shown} has a space beside a mark on its inside, and shows the marks; put the space outside"
    if word(text[at - 1 : at] if at else "") or word(text[partner + 1 : partner + 2]):
        return f"{shown} has a letter, a digit or a value beside a mark outside, and shows the marks; put a space there"
    return f"{shown} does not format; write {mark}text{mark} with nothing else of the kind in it"


def _inside(at: int, blocks: list[Span]) -> bool:
    return any(block.start <= at < block.end for block in blocks)
