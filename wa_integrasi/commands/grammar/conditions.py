"""What is to be watched, as people type it: `suhu boiler 2 > 540 selama 10 menit`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import assert_never

from wa_integrasi.typed.lengths import read_length
from wa_integrasi.typed.numbers import read_number
from wa_integrasi.typed.words import visible

LONGEST_LASTING = timedelta(hours=24)
"""For how long a limit may have to be passed before that counts."""


class Operator(StrEnum):
    """How a value passes a limit."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    EQUAL = "="
    UNEQUAL = "!="

    def holds(self, value: float, limit: float) -> bool:
        """Whether a value passes the limit so."""
        match self:
            case Operator.ABOVE:
                return value > limit
            case Operator.AT_LEAST:
                return value >= limit
            case Operator.BELOW:
                return value < limit
            case Operator.AT_MOST:
                return value <= limit
            case Operator.EQUAL:
                return value == limit
            case Operator.UNEQUAL:
                return value != limit
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True)
class Condition:
    """A limit, and what is compared with it: the text of a command, perhaps with the name of a column or a row."""

    subject: str
    operator: Operator
    limit: float
    lasting: timedelta = timedelta()
    """For how long it must be passed."""
    repeat: timedelta | None = None
    """How often that is told again; None: as is usual."""
    typed: str = ""
    """The operator and all behind it, as it was typed."""


class Unclear(StrEnum):
    """Why a text is no condition."""

    NO_LIMIT = "no_limit"
    """There is no operator with a number behind it."""
    NO_SUBJECT = "no_subject"
    NO_LENGTH = "no_length"
    """What stands behind the number is no length of time, or too long a one."""


_SIGNS: Mapping[str, Operator] = {
    **{str(operator): operator for operator in Operator},
    "=>": Operator.AT_LEAST,
    "=<": Operator.AT_MOST,
    "==": Operator.EQUAL,
    "≥": Operator.AT_LEAST,
    "≤": Operator.AT_MOST,
    "≠": Operator.UNEQUAL,
    "<>": Operator.UNEQUAL,
}
_WORDS: Mapping[str, Operator] = {
    words: operator
    for operator, spellings in {
        Operator.ABOVE: "di atas|diatas|lebih dari|lebih besar dari|melebihi|melewati|above|over|more than|"
        "greater than|higher than|exceeds",
        Operator.BELOW: "di bawah|dibawah|kurang dari|lebih kecil dari|lebih rendah dari|below|under|less than|"
        "lower than",
        Operator.AT_LEAST: "minimal|paling sedikit|sedikitnya|at least",
        Operator.AT_MOST: "maksimal|paling banyak|at most",
        Operator.EQUAL: "sama dengan|equal to|equals",
        Operator.UNEQUAL: "tidak sama dengan|not equal to",
    }.items()
    for words in spellings.split("|")
}


def _spaced(words: str) -> str:
    return words.replace(" ", r"\s+")


_longest_first = sorted(_WORDS, key=len, reverse=True)
_OPERATOR = re.compile(
    rf"(?P<sign>>=|<=|=>|=<|==|!=|<>|[<>=≥≤≠])|(?<!\w)(?P<words>{'|'.join(map(_spaced, _longest_first))})(?!\w)",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"\s*(?P<number>[+-]?[0-9][0-9.,]*)\s?(?:%|°\s?[CF]?)?(?:\s+(?P<behind>\S.*)|[\s.!?]*)", re.DOTALL | re.IGNORECASE
)
_BEHIND = re.compile(
    r"(?:(?:selama|for)\s+(?P<lasting>.{1,40}?))?\s*"
    r"(?:(?:ulang|ulangi|diulang|repeat)\s+(?:(?:tiap|setiap|every)\s+)?(?P<repeat>.{1,40}?))?[\s.!?]*",
    re.DOTALL | re.IGNORECASE,
)
_MOST_TRIED = 3


def read_condition(text: str, language: str) -> Condition | Unclear:
    """The condition that a text is; the last operator that has a number behind it counts."""
    typed = visible(unicodedata.normalize("NFKC", text))
    problem = Unclear.NO_LIMIT
    for found in list(_OPERATOR.finditer(typed))[: -_MOST_TRIED - 1 : -1]:
        behind = _LIMIT.fullmatch(typed, found.end())
        limit = read_number(behind["number"].rstrip(".,"), language) if behind else None
        if behind is None or limit is None:
            continue
        lengths = _lengths(behind["behind"] or "", language)
        subject = typed[: found.start()].strip(" ,:")
        if lengths is None:
            problem = Unclear.NO_LENGTH
        elif not subject:
            problem = Unclear.NO_SUBJECT
        else:
            return Condition(subject, _operator(found), limit, *lengths, typed[found.start() :].strip())
    return problem


def _operator(found: re.Match[str]) -> Operator:
    if found["sign"]:
        return _SIGNS[found["sign"]]
    return _WORDS[" ".join(found["words"].casefold().split())]


def _lengths(behind: str, language: str) -> tuple[timedelta, timedelta | None] | None:
    """For how long a limit must be passed, and how often that is told again; None where a text is neither."""
    found = _BEHIND.fullmatch(behind)
    if found is None:
        return None
    lasting = read_length(found["lasting"], language) if found["lasting"] else timedelta()
    repeat = read_length(found["repeat"], language) if found["repeat"] else None
    if lasting is None or lasting > LONGEST_LASTING or (found["repeat"] and repeat is None):
        return None
    return lasting, repeat
