"""A chat as a phone shows it, as a picture: for looking at a message before anybody gets it.

Drawn with Pillow, so that it works on every machine; a browser would draw emoji in colour and need 300 MB.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser

from PIL import Image, ImageDraw, ImageFont

from wa_integrasi.text.font import DRAWN_AS, font_file
from wa_integrasi.text.markup import to_html

WIDTH = 1080
HEIGHT = 20_000
"""What is below is cut off: no phone scrolls that far."""

_SCALE = 3
_TEXT, _MONO, _SMALL = 15 * _SCALE, 13 * _SCALE, 11 * _SCALE
_LINE, _PAD, _GAP = 20 * _SCALE, 9 * _SCALE, 6 * _SCALE
_ROOM = WIDTH - 2 * 12 * _SCALE
_BLOCKS = {"pre", "ul", "ol", "li", "blockquote"}


@dataclass(frozen=True, slots=True)
class _Theme:
    """The colours of the app."""

    wall: str
    card: str
    code: str
    ink: str
    soft: str
    signs: Mapping[str, str]


_LIGHT = _Theme("#efeae2", "#ffffff", "#f0f2f5", "#111b21", "#5b6770", {"✔": "#177245", "✘": "#b3261e", "⚠": "#b26a00"})
_DARK = _Theme("#0b141a", "#202c33", "#111b21", "#e9edef", "#aebac1", {"✔": "#57c785", "✘": "#ff8a80", "⚠": "#ffb74d"})


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message: its text with WhatsApp's markup, and a picture or the name of a file above it."""

    text: str
    picture: bytes | None = field(default=None, repr=False)
    file: str = ""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    marks: frozenset[str]


def phone_picture(bubbles: Sequence[Bubble], *, dark: bool = False) -> bytes:
    """The messages below each other, as PNG, in the app's light or dark theme."""
    theme = _DARK if dark else _LIGHT
    cards = [_card(bubble, theme) for bubble in bubbles]
    height = min(sum(card.height + _GAP for card in cards) + 4 * _GAP, HEIGHT)
    wall = Image.new("RGB", (WIDTH, max(height, WIDTH)), theme.wall)
    top = 2 * _GAP
    for card in cards:
        wall.paste(card, (12 * _SCALE, top), _rounded(card))
        top += card.height + _GAP
    out = io.BytesIO()
    wall.save(out, "PNG")
    return out.getvalue()


def _card(bubble: Bubble, theme: _Theme) -> Image.Image:
    lines = _lines(bubble.text, _ROOM - 2 * _PAD)
    shown = Image.open(io.BytesIO(bubble.picture)).convert("RGB") if bubble.picture else None
    if shown is not None:
        side = _ROOM - 2 * _GAP
        shown = shown.resize((side, shown.height * side // shown.width))
    head = shown.height + _GAP if shown is not None else 3 * _LINE if bubble.file else 0
    card = Image.new("RGB", (_ROOM, min(head + len(lines) * _LINE + 2 * _PAD, HEIGHT)), theme.card)
    pen = ImageDraw.Draw(card)
    if shown is not None:
        card.paste(shown, (_GAP, _GAP))
    elif bubble.file:
        pen.rounded_rectangle((_GAP, _GAP, _ROOM - _GAP, head - _GAP), 6 * _SCALE, fill=theme.code)
        ending = bubble.file.rpartition(".")[2].upper()[:5]
        pen.text((2 * _PAD, _LINE), bubble.file, font=_font(frozenset({"strong"})), fill=theme.ink, anchor="lm")
        pen.text((2 * _PAD, 2 * _LINE), ending, font=_font(frozenset(), _SMALL), fill=theme.soft, anchor="lm")
    for at, line in enumerate(lines):
        _write(pen, line, _PAD, head + _PAD + at * _LINE, theme)
    return card


def _write(pen: ImageDraw.ImageDraw, line: Sequence[_Piece], left: float, top: float, theme: _Theme) -> None:
    if any("pre" in piece.marks for piece in line):
        pen.rectangle((left - _GAP / 2, top, _ROOM - left + _GAP / 2, top + _LINE), fill=theme.code)
    if any("blockquote" in piece.marks for piece in line):
        pen.rectangle((left, top, left + _SCALE, top + _LINE), fill=theme.soft)
        left += 3 * _SCALE
    middle = top + _LINE / 2
    for piece in line:
        font = _font(piece.marks)
        wide = font.getlength(piece.text)
        pen.text(
            (left, middle), piece.text, font=font, fill=theme.signs.get(piece.text.strip(), theme.ink), anchor="lm"
        )
        if "s" in piece.marks:
            pen.line((left, middle, left + wide, middle), fill=theme.ink, width=_SCALE)
        left += wide


def _lines(text: str, room: float) -> list[list[_Piece]]:
    """The text broken where the phone breaks it: between words, and within one that is too long."""
    reader = _Reader()
    reader.feed(to_html(text))
    reader.close()
    lines: list[list[_Piece]] = [[]]
    left = room
    for piece in reader.pieces:
        if piece.text == "\n":
            lines.append([])
            left = room
            continue
        font = _font(piece.marks)
        rest = piece.text
        while rest:
            wide = font.getlength(rest)
            if wide <= left:
                lines[-1].append(_Piece(rest, piece.marks))
                left -= wide
                break
            if lines[-1] and not rest.isspace():
                lines.append([])
                left = room
                continue
            fits = next((end for end in range(len(rest), 1, -1) if font.getlength(rest[:end]) <= left), 1)
            lines[-1].append(_Piece(rest[:fits], piece.marks))
            rest = "" if rest.isspace() else rest[fits:]
            left = 0
    while lines and not lines[-1]:
        lines.pop()
    return lines


class _Reader(HTMLParser):
    """Turns the HTML of a message into pieces: words, spaces and ends of lines."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[_Piece] = []
        self._marks: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begins a line, or a block on a line of its own."""
        if tag == "br":
            self.pieces.append(_Piece("\n", frozenset()))
            return
        if tag in _BLOCKS:
            self._break()
        self._marks.append(tag)
        if tag == "li":
            value = dict(attrs).get("value")
            self._say(f"{value}. " if value else "• ")

    def handle_endtag(self, tag: str) -> None:
        """Ends a block with its line."""
        if tag in self._marks:
            self._marks.remove(tag)
        if tag in _BLOCKS:
            self._break()

    def handle_data(self, data: str) -> None:
        """Takes text."""
        for at, line in enumerate(data.split("\n")):
            if at:
                self.pieces.append(_Piece("\n", frozenset()))
            self._say(line)

    def _say(self, line: str) -> None:
        for sign, other in DRAWN_AS.items():
            line = line.replace(sign, other)
        marks = frozenset(self._marks)
        word = ""
        for each in line:
            # A sign has a colour of its own, and so is a piece of its own.
            if word and (each in _LIGHT.signs or word in _LIGHT.signs or each.isspace() != word.isspace()):
                self.pieces.append(_Piece(word, marks))
                word = ""
            word += each
        if word:
            self.pieces.append(_Piece(word, marks))

    def _break(self) -> None:
        if self.pieces and self.pieces[-1].text != "\n":
            self.pieces.append(_Piece("\n", frozenset()))


@cache
def _font(marks: frozenset[str], size: int = _TEXT) -> ImageFont.FreeTypeFont:
    mono = bool(marks & {"pre", "code"})
    file = font_file(bold="strong" in marks, oblique="em" in marks, mono=mono)
    return ImageFont.truetype(str(file), _MONO if mono else size)


def _rounded(card: Image.Image) -> Image.Image:
    mask = Image.new("L", card.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, card.width - 1, card.height - 1), 9 * _SCALE, fill=255)
    return mask
