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

_INSTEAD = {"✅": "✔", "❌": "✘", "❎": "✘", "⚠️": "⚠", "🔴": "●", "🟡": "●", "🟢": "●", "\u202f": " ", "\u00a0": " "}


def font_file(*, bold: bool = False) -> Path:
    """Where the typeface is."""
    from matplotlib import get_data_path

    return Path(get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")


def drawable(text: str) -> str:
    """`text` on one line, in characters that the typeface has: emoji become signs, and what is left over goes."""
    for sign, other in _INSTEAD.items():
        text = text.replace(sign, other)
    glyphs = _glyphs()
    kept = (each for each in " ".join(clean(text).split()) if each == " " or glyphs.get_char_index(ord(each)))
    return " ".join("".join(each for each in kept if unicodedata.category(each) not in ("Cf", "Mn")).split())


@cache
def _glyphs() -> FT2Font:
    from matplotlib.ft2font import FT2Font

    return FT2Font(str(font_file()))
