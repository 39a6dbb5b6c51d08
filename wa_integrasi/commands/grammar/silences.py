"""For how long nothing is to be told, as people type it behind `diam`: `2 jam`, `2 jam untuk 3`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from wa_integrasi.typed.lengths import FAR, read_length
from wa_integrasi.typed.words import visible

_SILENCE = re.compile(
    r"(?:selama |for )?(?P<length>[^#]{1,40}?)"
    r"(?:\s+(?:untuk|langganan|nomor|no|for|number|#)\.?\s*(?P<number>[0-9]{1,6}))?[\s.!]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Silence:
    """A length of time, perhaps longer than anybody may be silent, and the number of a subscription; None for all."""

    length: timedelta
    number: int | None


def read_silence(text: str, language: str) -> Silence | None:
    """The silence that a text asks for, or None."""
    found = _SILENCE.fullmatch(visible(text).strip())
    length = read_length(found["length"], language, FAR) if found else None
    if found is None or length is None:
        return None
    return Silence(length, int(found["number"]) if found["number"] else None)
