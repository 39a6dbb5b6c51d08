"""A WhatsApp message as Markdown that looks alike: for pages that render Markdown, such as Prefect's."""

from __future__ import annotations

import re

from wa_integrasi.text.markup import without_borders
from wa_integrasi.text.spans import FENCE, fences, spans

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~!]")
_MARKS = {"*": "**", "_": "_", "~": "~~"}
_STRUCTURE = re.compile(r"^(> |[-*] |\d{1,9}\. )")


def to_markdown(text: str) -> str:
    """`text` as Markdown. Safe: nothing in it is read as HTML or as a link."""
    text = without_borders(text)
    parts: list[str] = []
    at = 0
    for block in fences(text):
        if "\n" in text[block.body : block.tail]:
            body = text[block.body : block.tail].strip("\n")
            parts += [_lines(text[at : block.start].rstrip("\n")), f"{FENCE}\n{body}\n{FENCE}"]
            at = block.end
    return "\n\n".join(part for part in (*parts, _lines(text[at:].lstrip("\n") if parts else text)) if part)


def _lines(text: str) -> str:
    """Paragraphs, with the breaks within them kept."""
    return "\n\n".join("  \n".join(map(_line, part.split("\n"))) for part in re.split(r"\n{2,}", text) if part.strip())


def _line(line: str) -> str:
    structure = _STRUCTURE.match(line)
    begin = structure.end() if structure else 0
    cuts: dict[int, tuple[int, str]] = {}
    for span in spans(line):
        if span.start < begin:
            continue
        if span.mark in _MARKS:
            cuts[span.start] = (span.body, _MARKS[span.mark])
            cuts[span.tail] = (span.end, _MARKS[span.mark])
        else:
            cuts[span.start] = (span.end, f"`{line[span.body : span.tail]}`")
    shown = [line[:begin].replace("* ", "- ")]
    while begin < len(line):
        end, said = cuts.get(begin, (begin + 1, _SPECIAL.sub(r"\\\g<0>", line[begin])))
        shown.append(said)
        begin = end
    return "".join(shown)
