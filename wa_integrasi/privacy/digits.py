"""Runs of digits in a folded text: the groups that people write numbers in, and those that are plain figures."""

from __future__ import annotations

import re
from typing import NamedTuple

from wa_integrasi.privacy.folding import INVISIBLE

_DIGITS = re.compile(r"[0-9]+")
_JOINS = re.compile(rf"[ .\-()/{INVISIBLE}]{{1,5}}")
_FEWEST_DIGITS = 6
_LONGEST_DIGITS = 20
_MOST_GROUPS = 8
"""More than that only of single digits."""

_YEAR = "(?:19|20)[0-9]{2}"
_CLOCK = "[0-9]{2}[:.][0-9]{2}(?:[:.][0-9]{2}(?:[.,][0-9]{1,9})?)?"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_BEGINS = r"(?<![0-9])(?<![0-9][.:,/-])(?<!\+)(?<!\+ )"
_ENDS = r"(?![0-9])(?![.,/:-][0-9])"
_DATE = (
    rf"{_BEGINS}(?:{_YEAR}([./-])(?:0?[1-9]|1[0-2])\1[0-3]?[0-9](?:[T ]{_CLOCK})?"
    rf"|[0-3]?[0-9]([./-])(?:0?[1-9]|1[0-2])\2(?:{_YEAR}|[0-9]{{2}})){_ENDS}"
)
_TIME = r"(?<![0-9])(?<![0-9][.:,])(?:[01]?[0-9]|2[0-4])[.:][0-5][0-9](?:[.:][0-5][0-9])?(?![0-9])(?![.:,][0-9])"
_MONEY = r"(?<![^\W_])(?:Rp|IDR)[.]?[ ]?[0-9][0-9.,]*"
# 62.812.345.678 is a phone number, unless it is money; and what follows a bracket is the rest of one.
_THOUSANDS = (
    rf"{_BEGINS}(?<!\))(?<!\) )(?!62\.8[1-9][0-9](?:\.[0-9]{{3}}){{2,3}}(?![.,]?[0-9]))"
    r"[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+(?:,[0-9]+)?|(?:,[0-9]{3})+(?:\.[0-9]+)?)(?![0-9])(?![.,][0-9])"
)
_MACHINE = rf"(?<![0-9.]){_OCTET}(?:\.{_OCTET}){{3}}(?![0-9])(?!\.[0-9])"
_FIGURES = re.compile("|".join((_MONEY, _DATE, _THOUSANDS, _MACHINE, _TIME)), re.IGNORECASE)
_UUID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f-])", re.IGNORECASE)


class Group(NamedTuple):
    """Digits without anything between them, and what stands between them and the group before."""

    start: int
    end: int
    joint: str | None
    """Without signs that nobody sees; None when what stands before is no part of a number."""
    figure: bool = False
    """Whether it belongs to a date, a time or a figure of production."""


class Window(NamedTuple):
    """Some groups that stand next to each other, read as one number."""

    first: int
    last: int
    digits: str
    shape: tuple[int, ...]
    """How long each group is."""
    joints: tuple[str, ...]
    """What stands between the groups."""


def groups_of(view: str) -> list[Group]:
    """Every group of digits of a text. `view` is the text as `fold` made it."""
    covered = bytearray(len(view))
    for start, end in _figures(view):
        covered[start:end] = b"\1" * (end - start)
    groups: list[Group] = []
    before = 0
    for match in _DIGITS.finditer(view):
        start, end = match.span()
        between = view[before:start] if groups and start - before <= 5 else ""
        joint = between.replace(INVISIBLE, "") if _JOINS.fullmatch(between) else None
        groups.append(Group(start, end, joint, covered.find(1, start, end) >= 0))
        before = end
    return groups


def _figures(view: str) -> list[tuple[int, int]]:
    return [match.span() for pattern in (_UUID, _FIGURES) for match in pattern.finditer(view)]


def windows_from(view: str, groups: list[Group], first: int) -> list[Window]:
    """What may be read as one number from a group on, shortest first; nothing when it is a figure."""
    windows: list[Window] = []
    shape: list[int] = []
    joints: list[str] = []
    digits = ""
    for last in range(first, min(len(groups), first + _LONGEST_DIGITS)):
        start, end, joint, figure = groups[last]
        if figure or len(digits) + end - start > _LONGEST_DIGITS or (len(shape) >= _MOST_GROUPS and max(shape) > 1):
            break
        if last > first:
            if joint is None:
                break
            joints.append(joint)
        digits += view[start:end]
        shape.append(end - start)
        if len(digits) >= _FEWEST_DIGITS:
            windows.append(Window(first, last, digits, tuple(shape), tuple(joints)))
    return windows
