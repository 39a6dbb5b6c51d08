"""What a text wants and how much it hurries, by its words: without an AI, and where an AI must not have the last word.

Time is linear in the text. What is in doubt counts as the worse.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from wa_integrasi.intake.classification import Intent, Urgency
from wa_integrasi.intake.reading import Token, plain, slips, tokens
from wa_integrasi.policy.words import Words

_ASKS = re.compile(r"\?(?![^\W_])")
_DIGITS_FOR_LETTERS = str.maketrans("013457", "oieast")
_ENDINGS = ("nya", "lah", "kah", "pun")
_ENDING = 3
_NEAR = 4
"""How many words may be from one of two words to the other."""

_BEFORE = 6
"""How many words before a word are looked at."""

_BEHIND = 10


class Kind(StrEnum):
    """The list of `Words` that an entry is in."""

    HAZARD = "hazards"
    CASUALTY = "casualties"
    HIGH = "high"
    STOPPAGE = "stoppages"
    FAULT = "faults"
    LOW = "low"
    QUESTION = "questions"
    REQUEST = "requests"
    COMPLAINT = "complaints"
    COURTESY = "courtesies"
    DRILL = "drills"
    EARNEST = "earnest"
    OVER = "over"


_DENIABLE = frozenset({Kind.HAZARD, Kind.CASUALTY, Kind.HIGH, Kind.STOPPAGE, Kind.FAULT, Kind.DRILL})
_FACTS = frozenset({Kind.STOPPAGE, Kind.FAULT})
_DANGERS = frozenset({Kind.HAZARD, Kind.CASUALTY})


@dataclass(frozen=True, slots=True)
class _Entry:
    words: tuple[str, ...]
    kind: Kind
    label: str
    near: bool = False


class Hit(NamedTuple):
    """An entry of the lists in a text: its first and its last word."""

    first: int
    last: int
    kind: Kind
    label: str
    near: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the words of a text say."""

    intent: Intent
    urgency: Urgency
    because: tuple[str, ...] = ()
    """The entries of the lists that made its urgency; never words of the text."""
    urgent: int = 0
    """Which of several texts made its urgency, counted from 0."""


class Rules:
    """Lists of words, made ready. Immutable, so that all tasks and threads may share one."""

    def __init__(self, words: Words | None = None) -> None:
        words = words or Words()
        self._entries: dict[str, list[_Entry]] = {}
        for kind in Kind:
            for entry in getattr(words, kind):
                self._add(entry, kind)
        self._harmless: dict[str, list[tuple[str, ...]]] = {}
        for phrase in map(plain, words.harmless):
            self._harmless.setdefault(phrase[0], []).append(phrase)
        self._denials, self._topics, self._fillers, self._links = (
            frozenset(word for entry in entries for word in plain(entry))
            for entries in (words.denials, words.topics, words.fillers, words.links)
        )
        known = {word for entries in self._entries.values() for entry in entries for word in entry.words}
        known |= {word for phrases in self._harmless.values() for phrase in phrases for word in phrase}
        known |= self._denials | self._topics | self._fillers | self._links
        forgiven = {slip: word for word in sorted(known) for slip in slips(word)}
        self._known = {**forgiven, **{word: word for word in known}}

    def judge(self, text: str) -> Judgement:
        """What one text wants, and how much it hurries."""
        read = tokens(text, self._read)
        hits = self._hits(read)
        live, spoken_of = self._weighed(read, hits)
        urgency, because = _urgency(live, hits, read)
        asks = _ASKS.search(text) is not None
        return Judgement(_intent(live, spoken_of, asks), urgency, because)

    def judge_all(self, texts: Sequence[str]) -> Judgement:
        """What a conversation wants, the oldest text first: what its newest text of substance does.

        It hurries as its most urgent text does: “cepat pak” does not end the fire of a minute ago.
        """
        judged = [self.judge(text) for text in texts] or [self.judge("")]
        intents = [each.intent for each in judged if each.intent not in (Intent.COURTESY, Intent.OTHER)]
        urgent = max(reversed(range(len(judged))), key=lambda at: judged[at].urgency.rank)
        intent = intents[-1] if intents else judged[-1].intent
        return Judgement(intent, judged[urgent].urgency, judged[urgent].because, urgent)

    def _add(self, entry: str, kind: Kind) -> None:
        words = plain(entry)
        near = " + " in entry
        for way in {words, words[::-1]} if near else {words}:
            self._entries.setdefault(way[0], []).append(_Entry(way, kind, entry, near))

    def _read(self, word: str) -> str:
        """The word of the lists that a word of the text stands for; else itself."""
        found = self._known.get(word)
        if found is None and word.endswith(_ENDINGS) and len(word) > 2 * _ENDING:
            found = self._known.get(word[:-_ENDING])
        if found is None and not word.isalpha():
            found = self._known.get(word.translate(_DIGITS_FOR_LETTERS))
        return found or word

    def _hits(self, read: Sequence[Token]) -> list[Hit]:
        words = tuple(token.word for token in read)
        hidden = bytearray(len(words))
        for at, word in enumerate(words):
            for phrase in self._harmless.get(word, ()):
                last = _last_of(read, words, at, phrase)
                if last is not None:
                    hidden[at : last + 1] = b"\1" * len(phrase)
        hits = []
        for at, word in enumerate(words):
            for entry in self._entries.get(word, ()):
                last = _end_of(read, words, at, entry)
                if last is not None and not (hidden[at] or hidden[last]):
                    hits.append(Hit(at, last, entry.kind, entry.label, entry.near))
        return hits

    def _weighed(self, read: Sequence[Token], hits: Sequence[Hit]) -> tuple[list[Hit], list[Hit]]:
        """The entries that count, and the facts that are only denied or spoken of."""
        words = frozenset(at for hit in hits if hit.kind in _DANGERS for at in range(hit.first, hit.last + 1))
        taken_back = [hit.kind in _DENIABLE and self._taken_back(read, hit, words) for hit in hits]
        kinds = {hit.kind for hit, taken in zip(hits, taken_back, strict=True) if not taken}
        drilled: set[int] = set()
        if Kind.EARNEST not in kinds:
            drills = (hit for hit, taken in zip(hits, taken_back, strict=True) if hit.kind is Kind.DRILL and not taken)
            drilled = {read[hit.first].sentence for hit in drills}
        live: list[Hit] = []
        spoken_of: list[Hit] = []
        for hit, taken in zip(hits, taken_back, strict=True):
            if taken or (hit.kind is Kind.HAZARD and read[hit.first].sentence in drilled):
                spoken_of.append(hit)
            else:
                live.append(hit)
        return live, [hit for hit in spoken_of if hit.kind is not Kind.DRILL]

    def _taken_back(self, read: Sequence[Token], hit: Hit, dangers: frozenset[int]) -> bool:
        """Whether a denial or a topic stands before an entry; before either of its two words, where they are apart."""
        starts = {hit.first, hit.last} if hit.near else {hit.first}
        return any(self._taken_back_at(read, start, dangers) for start in starts)

    def _taken_back_at(self, read: Sequence[Token], start: int, dangers: frozenset[int]) -> bool:
        linked = only_topics = filled = False
        for at in range(start - 1, max(-1, start - 1 - _BEFORE), -1):
            word, _, clause = read[at]
            if clause != read[start].clause:
                return False
            if word in self._denials or word in self._topics:
                doubled = at > 0 and read[at - 1].word in self._denials and read[at - 1].clause == clause
                return not doubled and not (only_topics and word in self._denials)
            if at in dangers and (linked or not filled):
                only_topics = only_topics or not linked
                linked = False
            elif word in self._links:
                linked = True
            elif word in self._fillers:
                filled = True
            else:
                return False
        return False


def _urgency(live: Sequence[Hit], hits: Sequence[Hit], read: Sequence[Token]) -> tuple[Urgency, tuple[str, ...]]:
    overs = [hit.first for hit in hits if hit.kind is Kind.OVER]
    found: dict[Urgency, dict[str, None]] = {}
    for hit in live:
        match hit.kind:
            case Kind.HAZARD:
                urgency = Urgency.HIGH if _is_over(read, hit, overs) else Urgency.CRITICAL
            case Kind.CASUALTY:
                urgency = Urgency.CRITICAL
            case Kind.HIGH | Kind.STOPPAGE:
                urgency = Urgency.HIGH
            case Kind.LOW:
                urgency = Urgency.LOW
            case _:
                continue
        found.setdefault(urgency, {})[hit.label] = None
    for urgency in (Urgency.CRITICAL, Urgency.HIGH, Urgency.LOW):
        if urgency in found:
            return urgency, tuple(found[urgency])
    idle = all(hit.kind is Kind.COURTESY for hit in hits) and (hits or not read)
    return (Urgency.LOW if idle else Urgency.NORMAL), ()


def _is_over(read: Sequence[Token], hazard: Hit, overs: Sequence[int]) -> bool:
    """Whether the next of `overs` (where such phrases begin, in order) speaks of this hazard."""
    following = bisect_right(overs, hazard.last)
    if following == len(overs):
        return False
    at = overs[following]
    return at <= hazard.last + _BEHIND and read[at].clause == read[hazard.last].clause


def _intent(live: Sequence[Hit], spoken_of: Sequence[Hit], asks: bool) -> Intent:
    """A danger that is not asked about is a report; else what comes first, and a question above all that is told."""
    begins: dict[Kind, int] = {}
    for hit in live:
        begins[hit.kind] = min(begins.get(hit.kind, hit.first), hit.first)
    never = sys.maxsize
    question = begins.get(Kind.QUESTION, never)
    request = begins.get(Kind.REQUEST, never)
    fact = min((begins.get(kind, never) for kind in _FACTS), default=never)
    if _DANGERS & begins.keys():
        danger = min(begins[kind] for kind in _DANGERS & begins.keys())
        return Intent.QUESTION if question < danger and asks else Intent.REPORT
    if Kind.COMPLAINT in begins:
        return Intent.COMPLAINT
    if question < never and request > question and (asks or question < fact):
        return Intent.QUESTION
    if request < never and request < fact:
        return Intent.REQUEST
    if asks and request == never:
        return Intent.QUESTION
    if fact < never or spoken_of or Kind.OVER in begins:
        return Intent.REPORT
    if request < never or question < never:
        return Intent.REQUEST if request < question else Intent.QUESTION
    return Intent.COURTESY if Kind.COURTESY in begins else Intent.OTHER


def _end_of(read: Sequence[Token], words: tuple[str, ...], at: int, entry: _Entry) -> int | None:
    """The last word of an entry that begins here, if it does; all of it is in one sentence."""
    if not entry.near:
        return _last_of(read, words, at, entry.words)
    for other in range(at + 1, min(len(read), at + 1 + _NEAR)):
        if words[other] == entry.words[1] and read[other].sentence == read[at].sentence:
            return other
    return None


def _last_of(read: Sequence[Token], words: tuple[str, ...], at: int, phrase: tuple[str, ...]) -> int | None:
    last = at + len(phrase) - 1
    same = words[at : last + 1] == phrase and read[at].sentence == read[last].sentence
    return last if same else None
