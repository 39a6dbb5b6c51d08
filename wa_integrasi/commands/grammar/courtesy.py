"""What a text is without the words of courtesy around it. Talk begins and ends with them too: all of it must fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from wa_integrasi.catalog.arguments import TextArgument
from wa_integrasi.catalog.phrases import POLITE
from wa_integrasi.catalog.phrases import Builtin as Name
from wa_integrasi.commands.grammar.arguments import GENERAL
from wa_integrasi.commands.grammar.book import Phrasebook, Shown
from wa_integrasi.commands.grammar.conditions import Condition, read_condition
from wa_integrasi.commands.grammar.manners import Tone, ending, openings, opens
from wa_integrasi.commands.grammar.readings import Ambiguous, Builtin, Missing, Reading, Run, Unknown, Wrong
from wa_integrasi.typed.words import Token, tokens_of, words_among

_FEW = 3
"""Words that may be a mistake behind a phrase that somebody asks for; more are talk."""

Find = Callable[[Sequence[Token]], Reading]
"""Reads tokens as they stand."""


def past_courtesy(tokens: Sequence[Token], book: Phrasebook, shown: Shown, find: Find) -> Reading:
    """What a text is; where it is no command, what it is without its words of courtesy, if that is one.

    What begins so only counts as a command for those who may run something: others talk to people.
    """
    starts = list(openings(tokens))
    # Where no phrase begins with that word of courtesy, there is nothing to be found before it is left out.
    typed = Unknown() if starts and not book.match(tokens).reached else find(tokens)
    if not _is_open(typed):
        return typed
    faulty: Reading | None = None
    for part, tone in _parts(tokens, starts if isinstance(typed, Unknown) else [], book):
        found = find(part)
        if _is_command(found, part, book, tone) or _is_of_courtesy(found):
            return found if isinstance(typed, Missing) or _may_anything(book, shown) else typed
        if _is_mistaken(found, typed, part, book, tone):
            faulty = found
    if faulty and (isinstance(typed, Missing) or _may_anything(book, shown)):
        return faulty
    return _likely(tokens, starts, find) if typed == Unknown() else typed


def _is_open(typed: Reading) -> bool:
    """Whether a text may be something else without its words of courtesy."""
    if isinstance(typed, Missing):
        return typed.problem is not None
    return isinstance(typed, Unknown) and not _is_of_courtesy(typed)


def _is_of_courtesy(found: Reading) -> bool:
    """Whether it is nearly a phrase that itself begins with a word of courtesy."""
    return isinstance(found, Unknown) and any(each.trigger and opens(each.phrase) for each in found.suggestions)


def _parts(
    tokens: Sequence[Token], starts: Sequence[tuple[int, Tone]], book: Phrasebook
) -> Iterator[tuple[Sequence[Token], Tone]]:
    """The text without what may be courtesy, and what that wants; up to a phrase, not past it.

    What begins with a phrase does something, whatever its courtesy.
    """
    end, behind = ending(tokens)
    for start, before in [(0, Tone.BEGGING), *starts]:
        match = book.match(tokens[start:end])
        if match.reached and start:
            yield tokens[start:], before
        if match.reached and end < len(tokens):
            yield tokens[start:end], max(before, behind)
        if start and any(meaning.trigger for _, meaning, _ in match.meanings):
            return


def _is_command(found: Reading, part: Sequence[Token], book: Phrasebook, tone: Tone) -> bool:
    """Whether a part of a text is all of a command."""
    match found:
        case Run(trigger):
            return _is_wanted(trigger, book, tone)
        case Missing(trigger):
            return found.problem is None and _is_wanted(trigger, book, tone)
        case Ambiguous():
            return True
        case Builtin(Name.WATCH, rest):
            return isinstance(read_condition(rest, "id"), Condition)
        case Builtin():
            return words_among(part) in POLITE
        case _:
            return False


def _is_mistaken(found: Reading, typed: Reading, part: Sequence[Token], book: Phrasebook, tone: Tone) -> bool:
    """Whether a part of a text is a command with a mistake in it."""
    if not isinstance(found, Missing) or found.problem is None or not _is_wanted(found.trigger, book, tone):
        return False
    if isinstance(typed, Missing):
        return typed.trigger == found.trigger
    understood = found.problem.wrong not in GENERAL and found.problem.wrong is not Wrong.TOO_MANY_WORDS
    return understood or (tone is Tone.ASKING and len(part) - book.match(part).reached <= _FEW)


def _is_wanted(name: str, book: Phrasebook, tone: Tone) -> bool:
    """Whether somebody who writes in this tone may mean a trigger.

    Nothing dangerous is meant by who asks how much there is, and `pak, stok habis` is said to a person, though `stok`
    takes any text.
    """
    trigger = book.triggers[name]
    if tone is Tone.CALLING:
        return not any(isinstance(argument, TextArgument) for argument in trigger.arguments)
    return tone is not Tone.ASKING or not (trigger.confirm or trigger.approval is not None)


def _may_anything(book: Phrasebook, shown: Shown) -> bool:
    return any(map(shown, book.triggers.values()))


def _likely(tokens: Sequence[Token], starts: Sequence[tuple[int, Tone]], find: Find) -> Reading:
    """What may have been meant behind words of courtesy, where that would be all of a command."""
    end, _ = ending(tokens)
    start = max((at for at, _ in starts if at < end), default=0)
    near = find(tokens[start:end]) if start else Unknown()
    if not isinstance(near, Unknown):
        return Unknown()
    whole = (each for each in near.suggestions if each.trigger and isinstance(find(tokens_of(each.text)), Run))
    return Unknown(tuple(whole))
