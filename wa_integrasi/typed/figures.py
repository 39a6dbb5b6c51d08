"""The numbers, days and times that a text says, in Indonesian or English, in digits or in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from wa_integrasi.typed.days import MONTHS
from wa_integrasi.typed.numbers import plain_number


@dataclass(frozen=True, slots=True)
class Number:
    """A quantity; `step` is what its last digit counts, so `1,2 juta` has 100,000."""

    value: Decimal
    step: Decimal
    sign: str = ""
    """The plus or minus before it."""
    percent: bool = False
    """Whether a per cent follows."""


@dataclass(frozen=True, slots=True)
class Day:
    """A date, or the part of one that is said."""

    day: int | None = None
    month: int | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day."""

    hour: int
    minute: int


@dataclass(frozen=True, slots=True)
class Literal:
    """What has digits or is a quantity and is neither of these: a code such as GL1, `dua ratus`."""

    text: str


Item = Number | Day | Clock | Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that a text says, and each way in which a reader may take it: all items of one way together."""

    text: str
    ways: tuple[tuple[Item, ...], ...]


_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_SCALES = {
    "id": {"rb": 3, "ribu": 3, "jt": 6, "juta": 6, "M": 9, "miliar": 9, "milyar": 9, "T": 12, "triliun": 12},
    "en": {"K": 3, "thousand": 3, "M": 6, "mn": 6, "million": 6, "B": 9, "bn": 9, "billion": 9, "trillion": 12},
}
_SCALE = "|".join(
    sorted({word for words in _SCALES.values() for word in words if len(word) > 1}, key=len, reverse=True)
)
_PERCENT = r"[^\S\n]*(?:[%％﹪٪]|(?:persen|percent|per\s+cent|pct)\b)"
_DIGITS = r"[0-9]+(?:[.,][0-9]+)*"
_TIME = r"(?P<hour>[01]?[0-9]|2[0-4])(?:(?P<mark>[.:])(?P<minute>[0-5][0-9])(?:[.:][0-5][0-9])?)?"
_SHAPES = (
    r"(?P<iso>[0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9])(?:[T ](?P<iso_time>[0-9]{2}:[0-9]{2})(?::[0-9]{2})?)?",
    (
        rf"(?<!\w)(?P<first>[0-9]{{1,2}})(?:\s?[-–]\s?(?P<last>[0-9]{{1,2}}))?(?:st|nd|rd|th)?\s+(?P<of>{_MONTH})\b\.?"
        r"(?:,?\s+(?P<of_year>[0-9]{4})(?![0-9.,]*[0-9]))?"
    ),
    (
        rf"\b(?P<month>{_MONTH})\s+(?:(?P<in>[0-9]{{1,2}})(?:st|nd|rd|th)?(?![0-9.,]*[0-9])(?:,?\s+(?P<in_year>[0-9]{{4}}))?"
        r"|(?P<year>[0-9]{4}))(?!\w)"
    ),
    r"\b(?:tahun|year|in)\s+(?P<alone>(?:19|20)[0-9]{2})(?![\w.,]*[0-9])",
    r"\b(?:tanggal|tgl\.?)\s+(?P<on>[0-9]{1,2})(?![\w.,/]*[0-9])",
    r"(?<![\w.,/-])(?P<d>[0-9]{1,2})(?P<sep>[/.-])(?P<m>[0-9]{1,2})(?P=sep)(?P<y>[0-9]{4}|[0-9]{2})(?![\w/-])",
    r"(?<![\w.,/-])(?P<above>[0-9]{1,3})/(?P<below>[0-9]{1,3})(?![\w/]|[.,][0-9])",
    rf"(?<![\w.,])(?P<cue>(?:pukul|jam|pk\.?|at)\s+)?{_TIME}(?!\w|[.,:][0-9]|{_PERCENT})(?P<behind>\s?(?:WIB|WITA|WIT|UTC|am|pm)\b)?",
    (
        rf"(?<![^\W_])(?:ke-)?(?:(?P<sign>(?<![\w)\]])[-+−])\s?)?(?:Rp\.?\s?|IDR\s?|US\$|USD\s?|\$)?(?P<digits>{_DIGITS})(?![.,]?[0-9])"
        rf"(?:\s?(?P<scale>{_SCALE}|(?-i:[KMBT]))\b|(?!persen|pct)[^\W\d_]{{1,6}})?(?![^\W_])"
    ),
    r"(?<!\w)(?P<code>[0-9]\w*(?:[-./]\w+)*|[^\W\d_]+(?:[-./_][^\W\d_]+)*[-./_]?[0-9]\w*(?:[-./]\w+)*)",
)
_FIGURE = re.compile("|".join(f"(?:{shape})" for shape in _SHAPES), re.IGNORECASE)
_PERCENT_NEXT = re.compile(_PERCENT, re.IGNORECASE)

_IDENTIFIER = re.compile(r"[^\W\d_][^\n]{0,40}?[0-9]+[A-Za-z]?")
_WORD = re.compile(r"[^\W\d_]+")
_SMALL_ID = "nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas"
_SMALL_EN = "zero one two three four five six seven eight nine ten eleven twelve"
_SMALL = {word: value for words in (_SMALL_ID, _SMALL_EN) for value, word in enumerate(words.split())}
_LARGE_ID = (
    "belas puluh ratus seratus ribu seribu juta sejuta miliar milyar triliun lusin selusin setengah separuh "
    "lipat berlipat dobel nihil"
)
_LARGE_EN = (
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty "
    "ninety hundred thousand million billion dozen half halves halved halving double doubled doubling twice thrice "
    "triple tripled tripling quadruple quadrupled quintuple quintupled tens third quarter fourth fifth sixth seventh "
    "eighth ninth tenth hundredth thousandth nothing none"
)
_LARGE = frozenset([*_LARGE_ID.split(), *_LARGE_EN.split()])
_ANY, _MANY = ("|".join(sorted(words, key=len, reverse=True)) for words in ({*_SMALL, *_LARGE}, _LARGE))
_JOINED = re.compile(rf"(?:{_ANY}){{2,}}s?|(?:{_ANY})fold|(?:{_MANY})(?:an|s)|(?:se)?per(?!satu)(?:{_ANY})")
"""`fortyfive`, `tenfold`, `ratusan`, `dozens`, `sepertiga`."""

_ROMAN = re.compile(
    r"(?i:[ivx]{2,})|(?=..)(?!(?:DI|CV)$)M{0,3}(?:C[MD]|D?C{0,3})(?:X[CL]|L?X{0,3})(?:I[XV]|V?I{0,3})",
)
_ROMAN_SIGN = re.compile(r"[IVXLCDM]", re.IGNORECASE)
"""One alone is a number only before a per cent."""

_IDIOMS = re.compile(
    r"\bsalah satu\b|\bsatu-satu(?:nya)?\b|\bsatu (?:sama lain|per satu)\b|\bone (?:of|another)\b"
    r"|\b(?:no|any|every|each|this|that|the) one\b",
    re.IGNORECASE,
)


def figures(text: str, language: str) -> Iterator[Figure]:
    """Everything that `text` says in numbers; the language decides what `1.234` and `1,2 M` are."""
    rest = []
    at = 0
    for found in _FIGURE.finditer(text):
        rest += [text[at : found.start()], " 0 "]
        at = found.end()
        ways = _ways(found, language)
        yield Figure(found[0].strip(), tuple(_percent(ways) if _PERCENT_NEXT.match(text, at) else ways))
    yield from _in_words("".join([*rest, text[at:]]))


def is_identifier(text: str) -> bool:
    """Whether a text names something by a number: `Giling 1`, `GL-2`."""
    return _IDENTIFIER.fullmatch(text) is not None


def _ways(found: re.Match[str], language: str) -> Iterator[tuple[Item, ...]]:
    parts = found.groupdict()
    for name, read in _READERS.items():
        if parts[name] is not None:
            yield from read(parts, language)
            return
    yield (Literal(found[0]),)


def _percent(ways: Iterable[tuple[Item, ...]]) -> Iterator[tuple[Item, ...]]:
    """Those of the ways that a per cent may follow."""
    for way in ways:
        if not any(isinstance(item, Day | Clock) for item in way):
            yield tuple(replace(item, percent=True) if isinstance(item, Number) else item for item in way)


Parts = dict[str, str | None]
Ways = Iterator[tuple[Item, ...]]


def _whole(text: str | None) -> int | None:
    return int(text) if text else None


def _iso(parts: Parts, _: str) -> Ways:
    year, month, day = map(int, (parts["iso"] or "").split("-"))
    time = parts["iso_time"]
    clock = (Clock(int(time[:2]), int(time[3:])),) if time else ()
    yield (Day(day, month, year), *clock)


def _named(parts: Parts, _: str) -> Ways:
    month, year = MONTHS[(parts["of"] or "").lower()], _whole(parts["of_year"])
    days = [_whole(parts[name]) for name in ("first", "last") if parts[name]]
    yield tuple(Day(day, month, year) for day in days)


def _month_first(parts: Parts, _: str) -> Ways:
    month, year = MONTHS[(parts["month"] or "").lower()], parts["in_year"] or parts["year"]
    yield (Day(_whole(parts["in"]), month, _whole(year)),)


def _numeric(parts: Parts, _: str) -> Ways:
    year = parts["y"] or ""
    yield (Day(_whole(parts["d"]), _whole(parts["m"]), int(year) + (2000 if len(year) == 2 else 0)),)


def _pair(parts: Parts, _: str) -> Ways:
    above, below = int(parts["above"] or 0), int(parts["below"] or 0)
    yield (Day(above, below),)
    yield (_counted(above), _counted(below))


def _time(parts: Parts, language: str) -> Ways:
    hour, minute, behind = int(parts["hour"] or 0), int(parts["minute"] or 0), (parts["behind"] or "").strip().lower()
    told = bool(parts["cue"] or behind)
    if behind in ("am", "pm"):
        hour = hour % 12 + (12 if behind == "pm" else 0)
    if told or parts["mark"]:
        yield (Clock(hour % 24, minute),)
    if not (told and parts["mark"]) and parts["mark"] != ":":
        said = f"{parts['hour']}{parts['mark'] or ''}{parts['minute'] or ''}"
        yield from _number({**parts, "digits": said, "scale": None, "sign": None}, language)


def _number(parts: Parts, language: str) -> Ways:
    digits, scale = parts["digits"] or "", parts["scale"] or ""
    scale = scale if len(scale) == 1 else scale.lower()
    plain = plain_number(digits, language)
    if plain is None:
        yield (Literal(digits),)
        return
    exact = Decimal(plain)
    sign = {"−": "-"}.get(parts["sign"] or "", parts["sign"] or "")
    scales = _SCALES[language] if scale in _SCALES[language] else _SCALES["en" if language == "id" else "id"]
    # Kelvin too: 300 K.
    powers = ([scales[scale]] if scale else []) + ([0] if scale in ("", "K") else [])
    for power in powers:
        value = (-exact if sign == "-" else exact).scaleb(power)
        yield (Number(value, Decimal(1).scaleb(int(exact.as_tuple().exponent) + power), sign),)


_READERS: dict[str, Callable[[Parts, str], Ways]] = {
    "iso": _iso,
    "of": _named,
    "month": _month_first,
    "alone": lambda parts, _: iter([(Day(year=_whole(parts["alone"])),)]),
    "on": lambda parts, _: iter([(Day(_whole(parts["on"])),)]),
    "d": _numeric,
    "above": _pair,
    "digits": _number,
    "hour": _time,
}
"""By the group that only its shape has."""


def _counted(value: int) -> Number:
    return Number(Decimal(value), Decimal(1))


def _in_words(text: str) -> Iterator[Figure]:
    text = _IDIOMS.sub(" ", text)
    for found in _WORD.finditer(text):
        word = found[0].lower()
        percent = _PERCENT_NEXT.match(text, found.end()) is not None
        if word in _SMALL:
            yield Figure(found[0], ((replace(_counted(_SMALL[word]), percent=percent),),))
        elif (
            word in _LARGE
            or _JOINED.fullmatch(word)
            or _ROMAN.fullmatch(found[0])
            or (percent and _ROMAN_SIGN.fullmatch(word))
        ):
            yield Figure(found[0], ((Literal(word),),))
