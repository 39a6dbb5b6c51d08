"""Personal data out of texts before anything leaves the store, and back into what an AI answers.

What is found becomes a numbered token: `[TELEPON_1]`, `[EMAIL_1]`, `[NAMA_2]`. The same value has the same number
however it is written; another way to write it adds a count, `[TELEPON_1.2]`, since `unmask` gives back every sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wa_integrasi.privacy.addresses import find_addresses
from wa_integrasi.privacy.folding import fold
from wa_integrasi.privacy.found import Found, Sort
from wa_integrasi.privacy.names import Names
from wa_integrasi.privacy.numbers import find_numbers

_TOKEN = re.compile(rf"\[(?:{'|'.join(Sort)})_[0-9]{{1,9}}(?:\.[0-9]{{1,9}})?\]")


class Masker:
    """Masks the texts of one conversation, and remembers what its tokens stand for.

    It holds what it has masked, so it belongs to one task and is not kept; `repr` and pickling give nothing away.
    """

    def __init__(self, names: Names | Iterable[str] = ()) -> None:
        """`names`: who may be spoken of. Make `Names` once when many maskers share them."""
        self._names = names if isinstance(names, Names) else Names(names)
        self._numbers: dict[tuple[Sort, str], tuple[int, dict[str, str]]] = {}
        self._counts: dict[Sort, int] = {}
        self._texts: dict[str, str] = {}

    def mask(self, text: str) -> str:
        """The text with tokens in the place of personal data."""
        parts: list[str] = []
        at = 0
        for found in self._found(text):
            parts += (text[at : found.start], self._token(found, text[found.start : found.end]))
            at = found.end
        return "".join([*parts, text[at:]])

    def unmask(self, text: str) -> str:
        """The text with what the tokens of this masker stand for; every other token stays as it is."""
        return _TOKEN.sub(lambda match: self._texts.get(match[0], match[0]), text)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a masker holds personal data: it is not to be stored or sent")

    def _found(self, text: str) -> list[Found]:
        """What is to be masked, from left to right; where two overlap, the one of the surer sort."""
        taken = bytearray(len(text))
        chosen = []
        for found in self._every(text):
            if found.start < found.end and taken.find(1, found.start, found.end) < 0:
                taken[found.start : found.end] = b"\1" * (found.end - found.start)
                chosen.append(found)
        return sorted(chosen, key=lambda found: found.start)

    def _every(self, text: str) -> Iterator[Found]:
        # A text that looks like a token is masked too, so that every token in the result is one of ours.
        for match in _TOKEN.finditer(text):
            yield Found(match.start(), match.end(), Sort.TEXT, match[0])
        view = fold(text)
        yield from find_addresses(view)
        yield from find_numbers(view)
        yield from self._names.find(text)

    def _token(self, found: Found, written: str) -> str:
        key = (found.sort, found.value)
        if key not in self._numbers:
            self._counts[found.sort] = self._counts.get(found.sort, 0) + 1
            self._numbers[key] = (self._counts[found.sort], {})
        number, tokens = self._numbers[key]
        if written not in tokens:
            way = f".{len(tokens) + 1}" if tokens else ""
            tokens[written] = f"[{found.sort}_{number}{way}]"
            self._texts[tokens[written]] = written
        return tokens[written]
