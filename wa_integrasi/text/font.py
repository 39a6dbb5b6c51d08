"""The one typeface of charts and PDF files: DejaVu Sans, which matplotlib brings, and what it can show.

Its licence (Bitstream Vera's, and public domain) allows embedding.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from wa_integrasi.text.markup import clean

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

DRAWN_AS = {"✅": "✔", "❌": "✘", "❎": "✘", "⚠️": "⚠", "🔴": "●", "🟡": "●", "🟢": "●", "\u202f": " ", "\u00a0": " "}
"""Signs of the typeface for emoji that it does not have."""


def font_file(*, bold: bool = False, oblique: bool = False, mono: bool = False) -> Path:
    """Where the typeface is."""
    from matplotlib import get_data_path

    style = f"{'Bold' if bold else ''}{'Oblique' if oblique else ''}"
    name = f"DejaVuSans{'Mono' if mono else ''}{f'-{style}' if style else ''}.ttf"
    return Path(get_data_path(), "fonts", "ttf", name)


def drawable(text: str) -> str:
    """`text` on one line, in characters that the typeface has: emoji become signs, and what is left over goes."""
    for sign, other in DRAWN_AS.items():
        text = text.replace(sign, other)
    glyphs = _glyphs()
    kept = (each for each in " ".join(clean(text).split()) if each == " " or glyphs.get_char_index(ord(each)))
    return " ".join("".join(each for each in kept if unicodedata.category(each) not in ("Cf", "Mn")).split())


@cache
def _glyphs() -> FT2Font:
    from matplotlib.ft2font import FT2Font

    return FT2Font(str(font_file()))
