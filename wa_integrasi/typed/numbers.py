"""Numbers as people type them: `1.234,5` in Indonesian, `1,234.5` in English."""

from __future__ import annotations

import re

LARGEST = 10**15
"""The largest number that is read, either side of zero."""

_DIGITS = 20
_WHOLE = re.compile(r"[+-]?[0-9]+")
_GROUPED = {mark: re.compile(rf"[+-]?[0-9]{{1,3}}(?:\{mark}[0-9]{{3}})+") for mark in ".,"}
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_MARK = {"id": (".", ","), "en": (",", ".")}
"""By language: what stands between thousands, and before decimals."""


def read_number(text: str, language: str) -> float | None:
    """The number that a text is, or None.

    The reader's language decides what `1.234` is. What it would not allow is read as the only thing that it can be:
    `2.5` is two and a half in Indonesian too.
    """
    if sum(sign.isdigit() for sign in text) > _DIGITS or (plain := plain_number(text, language)) is None:
        return None
    number = float(plain)
    return number if abs(number) <= LARGEST else None


def plain_number(text: str, language: str) -> str | None:
    """The digits of `read_number` as computers write them, `1234.50`, however many; None where it is no number."""
    thousands, decimal = _MARK[language]
    plain = _without_marks(text, thousands, decimal)
    return _without_marks(text, decimal, thousands) if plain is None else plain


def read_whole(text: str, language: str) -> int | None:
    """The whole number that a text is, or None; `1.234` is one where the dot is between thousands."""
    if len(text) <= _DIGITS and _WHOLE.fullmatch(text):
        whole = int(text)
        return whole if abs(whole) <= LARGEST else None
    thousands, _ = _MARK[language]
    if len(text) <= _DIGITS + 7 and _GROUPED[thousands].fullmatch(text):
        return read_whole(text.replace(thousands, ""), language)
    return None


def _without_marks(text: str, thousands: str, decimal: str) -> str | None:
    """The number as Python reads it, if these are its marks."""
    whole, mark, places = text.partition(decimal)
    if thousands in places or decimal in places or (mark and not places):
        return None
    if thousands in whole and not _GROUPED[thousands].fullmatch(whole):
        return None
    plain = whole.replace(thousands, "") + ("." + places if mark else "")
    return plain if _NUMBER.fullmatch(plain) else None
