"""Lengths of time as people type them: `10 menit`, `2 jam`, `1 jam 30 menit`, `2h`, `half an hour`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from wa_integrasi.typed.numbers import read_number
from wa_integrasi.typed.words import plain

LONGEST = timedelta(days=30)
"""What is longer is not read, unless the reader asks for it."""

FAR = timedelta(days=100_000)
"""What is longer still is read as this."""

_LONGEST_TEXT = 40
_UNITS: Mapping[str, timedelta] = {
    name: length
    for length, names in {
        timedelta(seconds=1): ("detik", "dtk", "second", "seconds", "sec", "s"),
        timedelta(minutes=1): ("menit", "mnt", "minute", "minutes", "min", "mins", "m"),
        timedelta(hours=1): ("jam", "j", "hour", "hours", "h", "hr", "hrs"),
        timedelta(days=1): ("hari", "day", "days", "d"),
    }.items()
    for name in names
}
_WORDS: Mapping[str, timedelta] = {
    "semenit": timedelta(minutes=1),
    "a minute": timedelta(minutes=1),
    "setengah jam": timedelta(minutes=30),
    "half an hour": timedelta(minutes=30),
    "sejam": timedelta(hours=1),
    "satu jam": timedelta(hours=1),
    "an hour": timedelta(hours=1),
    "one hour": timedelta(hours=1),
    "sehari": timedelta(days=1),
    "a day": timedelta(days=1),
}
_PART = re.compile(r"\s*([0-9][0-9.,]*)\s*([a-z]+)\s*")


def read_length(text: str, language: str, longest: timedelta = LONGEST) -> timedelta | None:
    """The length of time that a text is, or None; longer than nothing, and `longest` at most."""
    said = plain(text).strip(" .!?\"'")
    if not said or len(said) > _LONGEST_TEXT:
        return None
    length = _WORDS.get(" ".join(said.split())) or _counted(said, language)
    return length if length is not None and timedelta() < length <= longest else None


def _counted(said: str, language: str) -> timedelta | None:
    total, at = timedelta(), 0
    while at < len(said):
        part = _PART.match(said, at)
        unit = _UNITS.get(part[2]) if part else None
        number = read_number(part[1].rstrip(".,"), language) if part else None
        if part is None or unit is None or number is None:
            return None
        total, at = min(FAR, total + min(number, FAR / unit) * unit), part.end()
    return total
