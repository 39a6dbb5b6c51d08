"""How a value stands against its thresholds, and against what it was before."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from wa_integrasi.text.locale import NOTHING, FormatError, Locale, Number, is_missing, to_decimal

_SIGNS = {"good": "✅", "fair": "⚠️", "bad": "❌"}
_WORDS = {
    "id": {"good": "baik", "fair": "waspada", "bad": "buruk"},
    "en": {"good": "good", "fair": "fair", "bad": "poor"},
}
_NO_BASIS = {"id": "tanpa pembanding", "en": "nothing to compare with"}


class Standing(StrEnum):
    """Where a value is: it meets its target, nearly does, or does not."""

    GOOD = "good"
    FAIR = "fair"
    BAD = "bad"

    @property
    def sign(self) -> str:
        """✅, ⚠️ or ❌."""
        return _SIGNS[self]

    def word(self, locale: Locale) -> str:
        """What the sign means, for those who cannot tell colours apart."""
        return _WORDS[locale.language][self]


def standing_of(value: Number, good: Number, fair: Number) -> Standing:
    """Where `value` is: good from `good` on, fair from `fair` on; the other way about where `good` is the smaller."""
    exact, best, least = to_decimal(value), to_decimal(good), to_decimal(fair)
    if best < least:
        exact, best, least = -exact, -best, -least
    if exact >= best:
        return Standing.GOOD
    return Standing.FAIR if exact >= least else Standing.BAD


def status(
    locale: Locale, value: Number | None, good: Number, fair: Number, words: tuple[str, str, str] | None = None
) -> str:
    """`✅ baik`, `⚠️ waspada` or `❌ buruk`, or the caller's own three words; – where there is no value."""
    if is_missing(value) or value is None:
        return NOTHING
    standing = standing_of(value, good, fair)
    if words is None:
        return f"{standing.sign} {standing.word(locale)}"
    if isinstance(words, str) or len(words) != 3:
        raise FormatError('a status has three words, such as ["tercapai", "hampir", "kurang"]')
    return f"{standing.sign} {words[list(Standing).index(standing)]}".rstrip()


def change(locale: Locale, value: Number | None, before: Number | None, decimals: int | None = None) -> str:
    """`▲ 120 (+4,2%)`, `▼ 35 (-1,3%)` or `= 0`; without a percentage where there was nothing, – without a value."""
    if is_missing(value) or value is None:
        return NOTHING
    if is_missing(before) or before is None:
        return _NO_BASIS[locale.language]
    now, then = to_decimal(value), to_decimal(before)
    if not (now.is_finite() and then.is_finite()):
        return NOTHING
    delta = now - then
    if not delta:
        return "= 0"
    shown = f"{'▲' if delta > 0 else '▼'} {locale.number(abs(delta), decimals)}"
    return f"{shown} ({_signed(locale, delta / abs(then))})" if then else shown


def _signed(locale: Locale, ratio: Decimal) -> str:
    shown = locale.percent(ratio)
    return f"+{shown}" if ratio > 0 else shown
