"""All triggers as one tree of words, built once: to find the phrase of a text takes as long as the phrase has words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wa_integrasi.catalog.phrases import BUILTINS, LONGEST, TELLING, Builtin
from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.commands.grammar.lookalikes import ROUNDING, Lookalikes
from wa_integrasi.commands.grammar.values import Reader
from wa_integrasi.typed.words import Token, words_of

PREFIXES = ("!", "/")
ALIKE = 74
"""How much of two texts must be the same, in percent, for one to be suggested for the other."""

_MOST_COMPLETIONS = 50
_MOST_ALIKE = 9
_LONGEST_WORDS = 120

_NEVER_GUESSED = frozenset({Builtin.CONFIRM, Builtin.MUTE})

Shown = Callable[[Trigger], bool]
"""Whether somebody may see a trigger."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase stands for: a trigger, or a command of the system's own; and how its author wrote it."""

    phrase: str
    trigger: str | None = None
    builtin: Builtin | None = None

    @property
    def target(self) -> str:
        """What all phrases for the same have in common."""
        return self.trigger or str(self.builtin)

    @property
    def asks_how(self) -> bool:
        """Whether it is `beritahu` without `jika`."""
        return self.builtin is Builtin.WATCH and tuple(self.phrase.split()) in TELLING


@dataclass(slots=True)
class Node:
    """A word's place in the tree: the words that may follow, and what ends here."""

    following: dict[str, Node] = field(default_factory=dict)
    meaning: Meaning | None = None

    def below(self) -> Iterator[Meaning]:
        """Everything that goes on from here, the nearest first."""
        level = [self]
        while level:
            level = [after for node in level for after in node.following.values()]
            yield from (node.meaning for node in level if node.meaning is not None)


@dataclass(frozen=True, slots=True)
class Match:
    """How far the tokens of a text are those of phrases."""

    meanings: Sequence[tuple[int, Meaning, Node]]
    """What ends there, each with how many tokens it takes; the longest last."""
    reached: int
    """How many tokens begin some phrase."""
    node: Node


@dataclass(frozen=True)
class Phrasebook:
    """The triggers that people may ask for, ready to be looked up."""

    triggers: Mapping[str, Trigger]
    readers: Mapping[str, Sequence[Reader]] = field(repr=False)
    zone: str
    prefixes: tuple[str, ...]
    root: Node = field(repr=False)
    phrases: Mapping[int, Mapping[str, Meaning]] = field(repr=False)
    """By their number of words, as they compare."""
    lookalikes: Mapping[int, Lookalikes] = field(repr=False)
    """Of the phrases with so many words."""

    @classmethod
    def of(cls, triggers: Mapping[str, Trigger], *, zone: str, prefixes: Sequence[str] = PREFIXES) -> Phrasebook:
        """The book of a catalog's triggers; those that are switched off are not in it. `zone` decides what today is."""
        enabled = {name: trigger for name, trigger in triggers.items() if trigger.enabled}
        root = Node()
        phrases: dict[int, dict[str, Meaning]] = {}
        telling = dict.fromkeys(TELLING, Builtin.WATCH)
        said = [(words, Meaning(" ".join(words), builtin=each)) for words, each in {**telling, **BUILTINS}.items()]
        for name, trigger in enabled.items():
            said += [(words_of(phrase), Meaning(phrase, trigger=name)) for phrase in trigger.phrases]
        for words, meaning in said:
            node = root
            for word in words:
                node = node.following.setdefault(word, Node())
            node.meaning = meaning
            phrases.setdefault(len(words), {})[" ".join(words)] = meaning
        readers = {name: [Reader.of(argument) for argument in enabled[name].arguments] for name in enabled}
        lookalikes = {count: Lookalikes.of(known) for count, known in phrases.items()}
        return cls(enabled, readers, zone, tuple(prefixes), root, phrases, lookalikes)

    def match(self, tokens: Sequence[Token]) -> Match:
        """Walk the tree along the tokens. A phrase ends where a token ends, never within one."""
        node, reached, meanings = self.root, 0, []
        for position, token in enumerate(tokens, 1):
            if not (words := token.words):
                continue
            after: Node | None = node
            for word in words:
                after = after.following.get(word) if after else None
            if after is None:
                break
            node, reached = after, position
            if node.meaning is not None:
                meanings.append((position, node.meaning, node))
        return Match(meanings, reached, node)

    def completions(self, node: Node, shown: Shown) -> list[Meaning]:
        """The triggers whose phrases go on from a node, each once."""
        found: dict[str, Meaning] = {}
        for seen, meaning in enumerate(node.below()):
            if seen >= _MOST_COMPLETIONS:
                break
            if meaning.trigger is not None and shown(self.triggers[meaning.trigger]):
                found.setdefault(meaning.trigger, meaning)
        return list(found.values())

    def alike(self, tokens: Sequence[Token], shown: Shown) -> list[tuple[int, Meaning]]:
        """What looks like the beginning of a text, the likest first, with how many tokens that is."""
        ranked: list[tuple[float, int, int, int]] = []
        meant: list[Meaning] = []
        scores: dict[str, float] = {}
        least: float = ALIKE
        # The longest beginnings first, and the likeliest lengths: what they find leaves little to be compared.
        for used, words in reversed(list(_beginnings(tokens))):
            count = words.count(" ") + 1
            for length in (count, count - 1, count + 1):
                for score, text in self._nearest(length, words, least):
                    meaning = self.phrases[length][text]
                    if self._guessed(meaning, used == len(tokens), shown):
                        ranked.append((-score, used, length, len(meant)))
                        meant.append(meaning)
                        scores[meaning.target] = max(score, scores.get(meaning.target, 0))
                if len(scores) >= _MOST_ALIKE:
                    least = max(least, sorted(scores.values())[-_MOST_ALIKE] - ROUNDING)
        best: dict[str, tuple[int, Meaning]] = {}
        for _, used, _, number in sorted(ranked):
            best.setdefault(meant[number].target, (used, meant[number]))
        return list(best.values())[:_MOST_ALIKE]

    def _nearest(self, length: int, words: str, least: float) -> list[tuple[float, str]]:
        """The phrases of so many words that are alike, as `Lookalikes.nearest`."""
        known = self.lookalikes.get(length)
        return known.nearest(words, least, _MOST_ALIKE) if known else []

    def _guessed(self, meaning: Meaning, whole: bool, shown: Shown) -> bool:
        """Whether something may be suggested for a text, or for its beginning."""
        if meaning.trigger is not None:
            return shown(self.triggers[meaning.trigger])
        return meaning.builtin not in _NEVER_GUESSED and (whole or not meaning.asks_how)


def _beginnings(tokens: Sequence[Token]) -> Iterator[tuple[int, str]]:
    """The first words of a text, one token more each time, as they compare."""
    words: list[str] = []
    for position, token in enumerate(tokens, 1):
        words += token.words
        text = " ".join(words)
        if len(words) > LONGEST + 1 or len(text) > _LONGEST_WORDS:
            return
        if token.words:
            yield position, text
