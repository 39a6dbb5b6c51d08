"""What stands behind a phrase, shared out among the arguments of its trigger."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from wa_integrasi.catalog.arguments import TextArgument
from wa_integrasi.commands.grammar.likeness import resembles
from wa_integrasi.commands.grammar.readings import Missing, Problem, Run, Value, Wrong
from wa_integrasi.commands.grammar.values import Reader, Setting
from wa_integrasi.typed.words import LONG_DASH, Token, tokens_of

_NAMED = re.compile(r"([a-z][a-z0-9_]*)=(.*)", re.DOTALL)
_MOST_MIXED = 4
_MOST_MISTAKEN = 8
GENERAL = frozenset({Wrong.NO_WHOLE, Wrong.NO_NUMBER, Wrong.NO_DAY, Wrong.NO_CHOICE, Wrong.NO_TAG, Wrong.NO_FIT})
"""What is said of a text that is no value of its kind at all."""


def read_arguments(
    trigger: str,
    readers: Sequence[Reader],
    tokens: Sequence[Token],
    setting: Setting,
    known: Mapping[str, Value] | None = None,
) -> Run | Missing:
    """All arguments of a trigger, or the first that is missing or wrong. `known` are those that were read before."""
    values: dict[str, Value] = dict(known or {})
    named, loose = _split(tokens, {reader.argument.name for reader in readers})
    open_readers = [reader for reader in readers if reader.argument.name not in values]
    for number, (name, run) in enumerate(named, 1):
        reader = next(each for each in readers if each.argument.name == name)
        taken = Problem(Wrong.TWICE) if name in values else _longest(reader, run, setting)
        if isinstance(taken, Problem):
            others = [each for each in open_readers if each.argument.name not in {name, *(said for said, _ in named)}]
            width = _mistaken(run, loose, others, setting)
            later = [f"{each}={_typed(words)}" for each, words in named[number:] if each != name]
            known = {each: value for each, value in values.items() if each != name}
            return Missing(trigger, name, _typed(run[:width]), taken, known, (*_raw([*loose, *run[width:]]), *later))
        width, values[name] = taken
        loose = [*loose, *run[width:]]
        open_readers.remove(reader)
    orders = permutations(open_readers) if _may_be_mixed(open_readers) else [open_readers]
    failed: list[Missing] = []
    for order in orders:
        search = _Search(order, loose, setting)
        if (found := search.fit(0, 0)) is not None:
            values.update(found)
            return Run(trigger, {reader.argument.name: values[reader.argument.name] for reader in readers})
        failed += [_missing(trigger, search, blame, values) for blame in search.blames]
    by_name = {reader.argument.name: reader for reader in readers}
    return max(failed, key=lambda missing: _likelihood(missing, by_name))


def after_phrase(tokens: Sequence[Token]) -> Sequence[Token]:
    """Tokens without the signs that only set them off from the phrase: `:`, or a dash between spaces."""
    start = 0
    while start < len(tokens) and tokens[start].plain in (":", ",", LONG_DASH, "--", "=", "->", "?", "!", "."):
        start += 1
    return tokens[start:]


def read_answer(reader: Reader, tokens: Sequence[Token], setting: Setting) -> Value | Problem:
    """What somebody answers when they are asked for an argument: all of it is the value.

    The number of a choice counts here and nowhere else, since here they see the numbers.
    """
    named = _NAMED.fullmatch(tokens[0].plain) if tokens else None
    if named and named[1] == reader.argument.name:
        tokens = _after_name(tokens, 0)
    if not tokens:
        return Problem(Wrong.NO_FIT)
    if len(tokens) == 1 and (choice := reader.numbered(tokens[0].bare)) is not None:
        return choice
    whole = isinstance(reader.argument, TextArgument) or len(tokens) <= reader.widest
    return reader.read(tokens, setting) if whole else reader.read(tokens[: reader.widest + 1], setting)


@dataclass(slots=True)
class _Blame:
    at: int
    special: bool
    reader: int
    problem: Problem | None
    reach: int
    """Up to where the text is understood; a date that is too long is, though it may not stand there."""


@dataclass(slots=True)
class _Search:
    """Tries the readers in their order, each with as many tokens as it may take, then fewer, then none."""

    readers: Sequence[Reader]
    tokens: Sequence[Token]
    setting: Setting
    dead: set[tuple[int, int]] = field(default_factory=set)
    blames: list[_Blame] = field(default_factory=list)
    """Why nothing fits, as far into the text as anything does: one for each argument that could be meant there."""

    def fit(self, number: int, at: int) -> dict[str, Value] | None:
        """The values of the readers from `number` on for the tokens from `at` on; None where they do not fit."""
        if number == len(self.readers):
            if at == len(self.tokens):
                return {}
            self._note(_Blame(at, False, number, Problem(Wrong.TOO_MANY_WORDS), at))
            return None
        if (number, at) in self.dead:
            return None
        reader = self.readers[number]
        for width in self._widths(number, at):
            value = reader.read(self.tokens[at : at + width], self.setting)
            if isinstance(value, Problem):
                special = value.wrong not in GENERAL
                self._note(_Blame(at, special, number, value, at + width if special else at))
            elif (rest := self.fit(number + 1, at + width)) is not None:
                return {reader.argument.name: value, **rest}
        if not reader.needed:
            if (rest := self.fit(number + 1, at)) is not None:
                return {reader.argument.name: reader.default(self.setting), **rest}
        elif at == len(self.tokens):
            self._note(_Blame(at, False, number, None, at))
        self.dead.add((number, at))
        return None

    def _widths(self, number: int, at: int) -> Sequence[int]:
        left, reader = len(self.tokens) - at, self.readers[number]
        if isinstance(reader.argument, TextArgument) and number == len(self.readers) - 1:
            return (left,) if left else ()
        return range(min(reader.widest, left), 0, -1)

    def _note(self, blame: _Blame) -> None:
        held = max(((each.reach, each.special) for each in self.blames), default=(-1, False))
        if (blame.reach, blame.special) > held:
            self.blames = [blame]
        elif (blame.reach, blame.special) == held and all(each.reader != blame.reader for each in self.blames):
            self.blames.append(blame)


def _may_be_mixed(readers: Sequence[Reader]) -> bool:
    """Whether arguments may come in any order: there are few, and no value of one could be meant for another."""
    kinds = ["number" if reader.argument.kind == "int" else reader.argument.kind for reader in readers]
    if not 1 < len(kinds) <= _MOST_MIXED or len(set(kinds)) < len(kinds) or any(reader.free for reader in readers):
        return False
    numbered = any(word.isdecimal() for reader in readers for words in reader.options for word in words[:1])
    return not ("number" in kinds and numbered)


def _likelihood(missing: Missing, readers: Mapping[str, Reader]) -> tuple[float, ...]:
    """How well a mistake explains a text: what nearly is a value of an argument was hardly meant for another one."""
    if missing.argument is None:
        return (False,)
    reader = readers[missing.argument]
    counted = reader.argument.kind in ("int", "number", "date")
    return (
        True,
        missing.problem is None,
        missing.problem is not None and missing.problem.wrong not in GENERAL,
        resembles(reader, tokens_of(missing.given)),
        missing.given[:1].isdigit() == counted,
        not missing.rest,
        -len(missing.given),
    )


def _mistaken(run: Sequence[Token], loose: Sequence[Token], others: Sequence[Reader], setting: Setting) -> int:
    """How many tokens behind `name=` are the mistake: as few as leave what the other arguments can take."""
    for width in range(1, min(len(run), _MOST_MISTAKEN) + 1):
        if _Search(others, [*loose, *run[width:]], setting).fit(0, 0) is not None:
            return width
    return 1


def _missing(trigger: str, search: _Search, blame: _Blame, values: Mapping[str, Value]) -> Missing:
    before = _Search(search.readers[: blame.reader], search.tokens[: blame.at], search.setting).fit(0, 0) or {}
    known = {**values, **before}
    tokens = search.tokens[blame.at :]
    if blame.reader == len(search.readers):
        return Missing(trigger, None, _typed(tokens), blame.problem, known)
    name = search.readers[blame.reader].argument.name
    if blame.problem is None:
        return Missing(trigger, name, known=known)
    for width in range(1, min(len(tokens), _MOST_MISTAKEN) + 1):
        after = _Search(search.readers[blame.reader + 1 :], tokens[width:], search.setting).fit(0, 0)
        if after is not None:
            return Missing(trigger, name, _typed(tokens[:width]), blame.problem, {**known, **after})
    return Missing(trigger, name, _typed(tokens[:1]), blame.problem, known, _raw(tokens[1:]))


def _split(tokens: Sequence[Token], names: set[str]) -> tuple[list[tuple[str, list[Token]]], list[Token]]:
    """The tokens behind each `name=`, and those before all of them."""
    named: list[tuple[str, list[Token]]] = []
    loose: list[Token] = []
    at = 0
    while at < len(tokens):
        said = _NAMED.fullmatch(tokens[at].plain)
        apart = at + 1 < len(tokens) and tokens[at].plain in names and tokens[at + 1].plain.startswith("=")
        if apart:
            named.append((tokens[at].plain, _value_of(tokens[at + 1])))
            at += 2
            continue
        if said and said[1] in names:
            named.append((said[1], _value_of(tokens[at])))
        else:
            (named[-1][1] if named else loose).append(tokens[at])
        at += 1
    return named, loose


def _after_name(tokens: Sequence[Token], at: int) -> list[Token]:
    return [*_value_of(tokens[at]), *tokens[at + 1 :]]


def _value_of(token: Token) -> list[Token]:
    """The token behind the `=` of another."""
    raw, plain = token.raw.partition("=")[2], token.plain.partition("=")[2]
    return [Token(raw, plain)] if raw else []


def _longest(reader: Reader, tokens: Sequence[Token], setting: Setting) -> tuple[int, Value] | Problem:
    """As many tokens as a named argument can take; a text takes all, unless the first is in quotes."""
    problem = Problem(Wrong.NO_FIT)
    text = isinstance(reader.argument, TextArgument)
    quoted = text and bool(tokens) and tokens[0].raw.startswith('"') and tokens[0].raw.endswith('"')
    most = 1 if quoted else len(tokens) if text else min(reader.widest, len(tokens))
    for width in range(most, 0, -1):
        value = reader.read(tokens[:width], setting)
        if not isinstance(value, Problem):
            return width, value
        problem = value
        if text:
            break
    return problem


def _typed(tokens: Sequence[Token]) -> str:
    return " ".join(token.raw for token in tokens)


def _raw(tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(token.raw for token in tokens)
