"""Whether a text says only numbers, days and times that others say too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from wa_integrasi.typed.figures import Clock, Day, Figure, Item, Literal, Number, figures, is_identifier

_CLAIMS = (0, 100)
"""What nothing is rounded to: that there is none of something, or all of it, is a statement of its own."""

_FARTHEST = Decimal("0.05")
"""How far a rounded number may be from the exact one, as a part of it."""


class Facts:
    """What texts say in numbers."""

    def __init__(self, texts: Iterable[str], language: str, names: Iterable[str] = ()) -> None:
        """`names` may hold digits that count nothing, such as `Giling 1`: those digits are no numbers."""
        self._language = language
        identifiers = sorted({name for name in names if is_identifier(name)}, key=len, reverse=True)
        either = "|".join(map(re.escape, identifiers))
        self._names = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE) if either else None
        said = "\n".join(texts)
        self._words = said.casefold()
        items = {item for figure in self._figures(said) for way in figure.ways for item in way}
        self._numbers = [item for item in items if isinstance(item, Number)]
        self._days = [item for item in items if isinstance(item, Day)]
        self._clocks = {item for item in items if isinstance(item, Clock)}

    def strange(self, text: str) -> Figure | None:
        """The first number, day or time of a text that is not among the facts."""
        wrong = (each for each in self._figures(text) if not any(all(map(self._has, way)) for way in each.ways))
        return next(wrong, None)

    def _figures(self, text: str) -> Iterable[Figure]:
        return figures(self._names.sub(" ", text) if self._names else text, self._language)

    def _has(self, item: Item) -> bool:
        match item:
            case Number():
                return any(_same(item, known) for known in self._numbers)
            case Day():
                return any(_within(item, known) for known in self._days)
            case Clock():
                return item in self._clocks
            case Literal():
                return re.search(rf"(?<!\w){re.escape(item.text.casefold())}(?!\w)", self._words) is not None


def _same(said: Number, known: Number) -> bool:
    """Whether a number is another, or that rounded to its own last digit."""
    if (said.sign == "-" and known.value > 0) or (said.sign == "+" and known.value < 0):
        return False
    if said.percent and not known.percent:
        return False
    value, exact = abs(said.value), abs(known.value)
    if value == exact:
        return True
    if said.step <= known.step or value in _CLAIMS:
        return False
    rounded = (exact / said.step).quantize(Decimal(1), ROUND_HALF_UP) * said.step
    return rounded == value and abs(value - exact) <= _FARTHEST * exact


def _within(said: Day, known: Day) -> bool:
    pairs = ((said.day, known.day), (said.month, known.month), (said.year, known.year))
    return all(part is None or part == whole for part, whole in pairs)
