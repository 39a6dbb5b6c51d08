"""WhatsApp markup: data made harmless, text made bold, and a message read back as a phone shows it.

WhatsApp has no escape character, and whether an invisible one next to a mark stops it is up to the app. So a mark in
data that could format becomes its look-alike (`*` → `∗`): safe in every app, no longer, and visible in what is copied.
Marks that cannot format stay as they are: inside a word (`nama_file`) and between spaces (`3 * 4`); inside a link they
are percent-encoded, so that it still opens. A list or quote mark at the start of a line only needs to be no longer the
first thing there: a word joiner (U+2060) goes before it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from html import escape as html_escape
from itertools import groupby
from typing import NamedTuple

from wa_integrasi.text.spans import FENCE, MARKS, Span, fences, spans, word

BORDER = "\x02"
"""Stands alone on a line where a message is best split; a control character, so that data cannot hold it."""

_WORD_JOINER = "\u2060"
_LOOKALIKE = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
_BREAK = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Control characters, everything that turns the direction of text, and halves of surrogate pairs."""

_LINK_OR_MARK = re.compile(r"https?://\S+|[*_~`]")
_STAR_AT_START = re.compile(r"^([^\S\n]*)\*(?=\s|$)", re.MULTILINE)
_LIST_AT_START = re.compile(r"^([^\S\n]*)(?=>|(?:-|\d+\.)(?:\s|$))", re.MULTILINE)
_JOINED = re.compile(rf"^([^\S\n]*){_WORD_JOINER}", re.MULTILINE)

_LINE = re.compile(r"(?P<quote>> )|(?P<bullet>[-*] )|(?P<number>(\d{1,9})\. )")
_TAGS = {"*": "strong", "_": "em", "~": "s", "`": "code", FENCE: "code"}


class Markup(str):
    """Text that is already WhatsApp markup. Plain text that is joined to it is escaped on the way, once."""

    __slots__ = ()

    def __add__(self, other: str) -> Markup:
        return Markup(str(self) + str(escape(other)))

    def __radd__(self, other: str) -> Markup:
        return Markup(str(escape(other)) + str(self))

    def join(self, parts: Iterable[str]) -> Markup:
        """The parts with this text between them, plain ones escaped."""
        return Markup(str(self).join(str(escape(part)) for part in parts))


def clean(text: str) -> str:
    """`text` without what a reader cannot see but a phone obeys; every kind of line break becomes a newline."""
    return _UNSEEN.sub("", _BREAK.sub("\n", text))


def escape(text: str) -> Markup:
    """`text` so that a phone shows it as it is, wherever in a message it is put. `Markup` stays as it is."""
    if isinstance(text, Markup):
        return text
    text = _STAR_AT_START.sub(rf"\1{_LOOKALIKE['*']}", clean(text))
    text = _LIST_AT_START.sub(rf"\1{_WORD_JOINER}", text)
    return Markup(_LINK_OR_MARK.sub(_harmless, text))


def _harmless(found: re.Match[str]) -> str:
    text, link = found.string, len(found[0]) > 1
    shown: list[str] = []
    for position in range(found.start(), found.end()):
        char, before, after = text[position], text[position - 1 : position], text[position + 1 : position + 2]
        inert = (word(before) and word(after)) or (before.isspace() and after.isspace())
        if char not in MARKS or (inert and char != "`"):
            shown.append(char)
        else:
            shown.append(f"%{ord(char):02X}" if link else _LOOKALIKE[char])
    return "".join(shown)


def _marked(text: str, mark: str) -> Markup:
    """Each line of `text` between two marks, spaces kept outside; lines that are so already stay as they are."""
    if isinstance(text, Markup):
        return text if FENCE in text else Markup("\n".join(_marked_line(line, mark) for line in text.split("\n")))
    # Escaped without the spaces at its ends: only so is the last mark of `3 *` known to be followed by another.
    return Markup("\n".join(_marked_line(line, mark, escaped=False) for line in clean(text).split("\n")))


def _marked_line(line: str, mark: str, *, escaped: bool = True) -> str:
    core = line.strip()
    if not core or (escaped and len(core) > len(mark) * 2 and core.startswith(mark) and core.endswith(mark)):
        return line
    start, end = line.split(core, 1)
    return f"{start}{mark}{core if escaped else escape(core)}{mark}{end}"


def bold(text: str) -> Markup:
    """`text` in bold."""
    return _marked(text, "*")


def italic(text: str) -> Markup:
    """`text` in italics."""
    return _marked(text, "_")


def strike(text: str) -> Markup:
    """`text` struck through."""
    return _marked(text, "~")


def _verbatim(text: str) -> Markup:
    """`text` for between backticks, where no other mark counts."""
    return Markup(clean(text).replace("`", _LOOKALIKE["`"]))


def mono(text: str) -> Markup:
    """`text` as inline code: monospace, other marks in it shown as they are."""
    return _marked(_verbatim(text), "`")


def code_block(text: str) -> Markup:
    """`text` as one ``` block, which keeps its lines and columns. No backtick in it can close the block."""
    body = _verbatim(text).strip("\n")
    return Markup(f"{FENCE}{body}{FENCE}") if body.strip() else Markup()


def _prefixed(text: str, mark: str) -> Markup:
    lines = str(escape(text)).split("\n")
    return Markup("\n".join(f"{mark}{line.strip()}" if line.strip() else line for line in lines))


def quote(text: str) -> Markup:
    """Each line of `text` as a quotation."""
    return _prefixed(text, "> ")


def bullet(text: str) -> Markup:
    """Each line of `text` as an item of a bulleted list."""
    return _prefixed(text, "- ")


def sections(text: str) -> list[str]:
    """What stands between the section borders of `text`; empty sections are none."""
    return [part.strip("\n") for part in text.split(BORDER) if part.strip()]


def without_borders(text: str) -> str:
    """`text` with each section border as one blank line; those at the ends leave nothing."""
    return "\n\n".join(sections(text)) if BORDER in text else text


class _Cut(NamedTuple):
    """What stands in the place of `start:end`."""

    start: int
    end: int
    shown: str


class _Line(NamedTuple):
    kind: str
    number: int
    html: str


def _cuts(text: str, *, tags: bool) -> list[_Cut]:
    """The marks of `text`, in order, each with the tag that it becomes, or with nothing."""
    found: list[_Cut] = []
    for span in spans(text):
        if not (tags and _is_block(text, span)):
            tag = _TAGS[span.mark]
            found.append(_Cut(span.start, span.body, f"<{tag}>" if tags else ""))
            found.append(_Cut(span.tail, span.end, f"</{tag}>" if tags else ""))
    return sorted(found)


def _is_block(text: str, span: Span) -> bool:
    return span.mark == FENCE and "\n" in text[span.body : span.tail]


def to_plain(text: str) -> str:
    """`text` without its formatting: for search, notices and logs.

    List and quote marks stay, since they read as text. Look-alikes stay too: nobody can tell them from the real ones.
    """
    text = without_borders(text)
    shown: list[str] = []
    position = 0
    for cut in _cuts(text, tags=False):
        shown.append(text[position : cut.start])
        position = cut.end
    return _JOINED.sub(r"\1", "".join(shown) + text[position:])


def to_html(text: str) -> str:
    """`text` as HTML that looks as on a phone. Safe: no tag and no attribute in it comes from `text`."""
    text = without_borders(text)
    cuts = _cuts(text, tags=True)
    blocks: list[str] = []
    position = 0
    for fence in fences(text):
        if _is_block(text, fence):
            blocks.append(_paragraph(text, position, fence.start - text.endswith("\n", position, fence.start), cuts))
            blocks.append(f"<pre>{html_escape(text[fence.body : fence.tail])}</pre>")
            position = fence.end + text.startswith("\n", fence.end)
    blocks.append(_paragraph(text, position, len(text), cuts))
    return "".join(blocks)


def _paragraph(text: str, start: int, end: int, cuts: list[_Cut]) -> str:
    """The lines of `start:end`, those of one list or quotation together."""
    if start >= end:
        return ""
    lines: list[_Line] = []
    for line in text[start:end].split("\n"):
        lines.append(_line(text, start, start + len(line), cuts))
        start += len(line) + 1
    shown: list[str] = []
    for kind, group in groupby(lines, key=lambda line: line.kind):
        shown.append(_group(kind, list(group)))
    return "".join(shown)


def _line(text: str, start: int, end: int, cuts: list[_Cut]) -> _Line:
    mark = _LINE.match(text, start, end)
    body = mark.end() if mark else start
    kind = (mark.lastgroup or "") if mark else ""
    number = int(mark["number"][:-2]) if mark and kind == "number" else 0
    return _Line(kind, number, _inline(text, body, end, cuts))


def _inline(text: str, start: int, end: int, cuts: list[_Cut]) -> str:
    shown: list[str] = []
    at = bisect_left(cuts, (start, 0, ""))
    while at < len(cuts) and cuts[at].start < end:
        shown += [html_escape(text[start : cuts[at].start]), cuts[at].shown]
        start = cuts[at].end
        at += 1
    return "".join(shown) + html_escape(text[start:end])


def _group(kind: str, lines: list[_Line]) -> str:
    match kind:
        case "quote":
            return f"<blockquote>{'<br>'.join(line.html for line in lines)}</blockquote>"
        case "bullet":
            return f"<ul>{''.join(f'<li>{line.html}</li>' for line in lines)}</ul>"
        case "number":
            items = "".join(f'<li value="{line.number}">{line.html}</li>' for line in lines)
            return f"<ol>{items}</ol>"
        case _:
            return "<br>".join(line.html for line in lines)
