"""Which of many texts look like another one, found by comparing few: one much longer or shorter is not alike."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

ROUNDING = 1e-3
"""By so much a limit is lowered that was a score itself, so that what is as alike passes it."""


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """Texts, the shortest first."""

    texts: Sequence[str]
    lengths: Sequence[int]
    places: Sequence[int]
    """Of each text, in the order in which they were given."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Lookalikes:
        """Texts, each of them once."""
        placed = sorted(enumerate(texts), key=lambda each: len(each[1]))
        lengths = [len(text) for _, text in placed]
        return cls([text for _, text in placed], lengths, [place for place, _ in placed])

    def nearest(self, text: str, least: float, most: int) -> list[tuple[float, str]]:
        """The likest texts with how much of both is the same, `least` percent or more, `most` of them at most.

        The likest come first; of those that are as alike, the one that was given first.
        """
        ratio = 200 / (least - ROUNDING) - 1
        first, last = bisect_left(self.lengths, len(text) / ratio), bisect_right(self.lengths, len(text) * ratio)
        if first == last:
            return []
        near = process.extract(text, self.texts[first:last], scorer=fuzz.ratio, score_cutoff=least, limit=None)
        found = sorted((-score, self.places[first + at], known) for known, score, at in near)
        return [(-score, known) for score, _, known in found[:most]]
