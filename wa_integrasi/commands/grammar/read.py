"""A text to what it asks for. Nothing is ever run because it looks like a phrase: only because it is one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rapidfuzz import fuzz

from wa_integrasi.catalog.phrases import EVERYTHING, IFS, WITH_REST
from wa_integrasi.catalog.phrases import Builtin as Name
from wa_integrasi.commands.grammar.arguments import after_phrase, read_arguments
from wa_integrasi.commands.grammar.book import ALIKE, Match, Meaning, Phrasebook, Shown
from wa_integrasi.commands.grammar.conditions import Condition, read_condition
from wa_integrasi.commands.grammar.courtesy import past_courtesy
from wa_integrasi.commands.grammar.manners import ending
from wa_integrasi.commands.grammar.readings import (
    Ambiguous,
    Builtin,
    Candidate,
    Missing,
    NotForUs,
    Reading,
    Run,
    Unknown,
)
from wa_integrasi.commands.grammar.silences import read_silence
from wa_integrasi.commands.grammar.values import Setting
from wa_integrasi.typed.words import Token, tokens_of, words_among, words_of

LONGEST_TEXT = 4096
"""Characters; what is longer is no command."""

_MOST_CANDIDATES = 9
_MOST_SUGGESTIONS = 3
_BEGINNING = 3
"""Letters that are enough to be the beginning of a word."""

_MENTION = re.compile(r"@[0-9]{5,20}[,:]?")
_NAMED_MENTION = re.compile("@\u2068[^\u2069]{0,100}\u2069")
"""As WhatsApp writes a mention that is copied: the name between marks of direction."""

_CODE = re.compile(r"[0-9]{0,12}")


def read(
    text: str,
    book: Phrasebook,
    *,
    now: datetime,
    in_group: bool = False,
    mentioned: bool = False,
    quoting_bot: bool = False,
    language: str = "id",
    shown: Shown = lambda _: True,
    exact: bool = False,
) -> Reading:
    """What a text asks for.

    `mentioned` and `quoting_bot` say whether it mentions the bot or answers a message of it: in a group it is only
    then for the bot, or with a prefix. `language` decides how numbers are read. `shown` keeps triggers out of what
    is suggested; a `Run` or `Missing` has still to be checked with `may_run`. `exact` looks past no word of courtesy.
    """
    typed = without_mentions(text[: LONGEST_TEXT + 1], mentioned=mentioned)
    tokens, prefixed = _without_prefix(typed, book.prefixes)
    if in_group and not (mentioned or quoting_bot or prefixed):
        return NotForUs()
    if len(text) > LONGEST_TEXT:
        return Unknown()
    if not any(token.words for token in tokens):
        return Builtin(Name.HELP) if mentioned else NotForUs() if in_group else Unknown()
    setting = Setting(language, now.astimezone(ZoneInfo(book.zone)).date())

    def found(part: Sequence[Token]) -> Reading:
        return _found(part, book, setting, shown)

    return found(tokens) if exact else past_courtesy(tokens, book, shown, found)


def _found(tokens: Sequence[Token], book: Phrasebook, setting: Setting, shown: Shown) -> Reading:
    """What tokens are as they stand."""
    match = book.match(tokens)
    for used, meaning, node in reversed(match.meanings):
        if meaning.trigger is None:
            if builtin := _builtin(meaning, tokens[used:], book, setting):
                return builtin
            continue
        rest = after_phrase(tokens[used:])
        reading = read_arguments(meaning.trigger, book.readers[meaning.trigger], rest, setting)
        longer = [each for each in book.completions(node, shown) if _near(each, words_of(meaning.phrase), rest)]
        return _unless_misspelt(reading, meaning, book, longer, tokens, used)
    return _guesses(match, tokens, book, setting, shown)


def without_mentions(text: str, *, mentioned: bool) -> Sequence[Token]:
    """The tokens of a text without the mentions before them; and without those behind them if the bot is mentioned."""
    tokens = tokens_of(_NAMED_MENTION.sub(" ", text) if mentioned else text)
    start, end = 0, len(tokens)
    while start < end and (_MENTION.fullmatch(tokens[start].plain) or (mentioned and tokens[start].raw[:1] == "@")):
        start += 1
    while mentioned and start < end and _MENTION.fullmatch(tokens[end - 1].plain):
        end -= 1
    return tokens[start:end]


def _without_prefix(tokens: Sequence[Token], prefixes: Sequence[str]) -> tuple[Sequence[Token], bool]:
    """Tokens without a prefix before them, and whether there was one."""
    for prefix in prefixes if tokens else ():
        if tokens[0].plain.startswith(prefix):
            first = Token(tokens[0].raw[len(prefix) :], tokens[0].plain.removeprefix(prefix))
            return [*([first] if first.raw else []), *tokens[1:]], True
    return tokens, False


def _builtin(meaning: Meaning, rest: Sequence[Token], book: Phrasebook, setting: Setting) -> Builtin | None:
    """A command of the system's own, if what stands behind it may."""
    if meaning.builtin is None:
        return None
    if meaning.builtin is Name.CONFIRM:
        code = "".join(token.bare for token in rest)
        return Builtin(meaning.builtin, code) if _CODE.fullmatch(code) else None
    rest = after_phrase(rest)
    end, _ = ending(rest)
    if meaning.builtin is Name.WATCH or (end == 0 and meaning.builtin in WITH_REST):
        rest = rest[:end]
    behind = " ".join(token.raw for token in rest)
    if meaning.asks_how:
        return _told_if(meaning.builtin, behind)
    if meaning.builtin is Name.MUTE and behind and read_silence(behind, "id") is None:
        return None  # an everyday word, too
    if meaning.builtin is Name.STOP and _names_subscription(behind, book, setting):
        return Builtin(Name.UNSUBSCRIBE, behind)
    if meaning.builtin not in WITH_REST:
        return None if words_of(behind) else Builtin(meaning.builtin)
    return Builtin(meaning.builtin, behind)


def _names_subscription(text: str, book: Phrasebook, setting: Setting) -> bool:
    """Whether what stands behind `berhenti` is a subscription: a number, all, or a command, perhaps with a limit.

    Nothing else is: "stop produksi, ada kebakaran" must reach people.
    """
    typed = words_of(text)
    if len(typed) == 1 and (typed[0].isdecimal() or typed in EVERYTHING):
        return True
    condition = read_condition(text, setting.language)
    tokens = tokens_of(condition.subject if isinstance(condition, Condition) else text)
    for used, meaning, _ in reversed(book.match(tokens).meanings):
        if meaning.trigger is not None:
            reading = read_arguments(meaning.trigger, book.readers[meaning.trigger], tokens[used:], setting)
            return isinstance(reading, Run) or (reading.argument is not None and reading.problem is None)
    return False


def _told_if(builtin: Name, behind: str) -> Builtin | None:
    """`beritahu` without `jika` of its language: with one of the other, with a limit, or alone; else talk."""
    first, _, rest = behind.partition(" ")
    if words_of(first)[:1] and words_of(first)[0] in IFS:
        return Builtin(builtin, rest)
    limited = isinstance(read_condition(behind, "id"), Condition)
    return Builtin(builtin, behind) if limited or not words_of(behind) else None


def _near(meaning: Meaning, known: Sequence[str], rest: Sequence[Token]) -> bool:
    """Whether what stands behind the known words is nearly what does so in a longer phrase, or its beginning."""
    wanted = words_of(meaning.phrase)[len(known) :]
    words = [word for token in rest[: len(wanted)] for word in token.words][: len(wanted)]
    typed, whole = " ".join(words), " ".join(wanted)
    return fuzz.ratio(typed, whole) >= ALIKE or (len(typed) >= _BEGINNING and whole.startswith(typed))


def _unless_misspelt(
    reading: Run | Missing,
    meaning: Meaning,
    book: Phrasebook,
    longer: Sequence[Meaning],
    tokens: Sequence[Token],
    used: int,
) -> Reading:
    """A reading, unless the words behind its phrase are nearly those of a longer phrase and it does not know them."""
    wrong = isinstance(reading, Missing) and reading.problem is not None
    free = any(reader.free for reader in book.readers[reading.trigger])
    if not longer or not (wrong or free):
        return reading
    likest = [_candidate(each, tokens[len(words_of(each.phrase)) :]) for each in longer[:_MOST_CANDIDATES]]
    if wrong:
        return Unknown(tuple(likest))
    return Ambiguous((*likest, _candidate(meaning, tokens[used:])))


def _guesses(match: Match, tokens: Sequence[Token], book: Phrasebook, setting: Setting, shown: Shown) -> Reading:
    """No phrase of its own: the phrases that go on from here, or what looks alike."""
    going_on = book.completions(match.node, shown) if match.reached else []
    rest = tokens[match.reached :]
    if any(token.words for token in rest):
        going_on = [each for each in going_on if isinstance(_with(book, each, rest, setting), Run)]
    candidates = [_candidate(each, rest) for each in going_on]
    if len(candidates) > 1:
        return Ambiguous(tuple(candidates[:_MOST_CANDIDATES]))
    likest = {candidate.text: candidate for candidate in candidates}
    for used, meaning in book.alike(tokens, shown):
        if len(likest) >= _MOST_SUGGESTIONS:
            break
        reading = _with(book, meaning, tokens[used:], setting)
        if isinstance(reading, Missing) and reading.argument is None:
            continue  # it takes fewer words than were typed
        if meaning.builtin is Name.WATCH and not _wants_telling(tokens, used):
            continue  # people tell each other all day
        takes_rest = meaning.trigger is not None or meaning.builtin in WITH_REST
        if not takes_rest and used < len(tokens) and words_among(tokens[:used]) != words_of(meaning.phrase):
            continue  # "stok semen" must not offer to end all messages
        candidate = _candidate(meaning, tokens[used:] if takes_rest else ())
        likest[candidate.text] = candidate
    return Unknown(tuple(likest.values())[:_MOST_SUGGESTIONS])


def _wants_telling(tokens: Sequence[Token], used: int) -> bool:
    """Whether a text that begins like `beritahu jika` may mean it: nothing follows, or a limit, or there is an `if`."""
    if used == len(tokens) or any(word in IFS for token in tokens for word in token.words):
        return True
    return isinstance(read_condition(" ".join(token.raw for token in tokens[used:]), "id"), Condition)


def _with(book: Phrasebook, meaning: Meaning, rest: Sequence[Token], setting: Setting) -> Run | Missing | None:
    """What a trigger would make of what stands behind its phrase."""
    if meaning.trigger is None:
        return None
    return read_arguments(meaning.trigger, book.readers[meaning.trigger], after_phrase(rest), setting)


def _candidate(meaning: Meaning, rest: Sequence[Token]) -> Candidate:
    return Candidate(meaning.trigger, meaning.phrase, " ".join(token.raw for token in rest).rstrip("?! "))
