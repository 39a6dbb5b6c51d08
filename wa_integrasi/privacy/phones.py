"""Which runs of digits are phone numbers: Indonesian ones by their form, others by a plus, a prefix or a word."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import phonenumbers

from wa_integrasi.privacy.digits import Window

_MOBILE = re.compile(r"8[1-9][0-9]{7,10}")
_LAND_LINE = re.compile(r"[2-79][0-9]{7,10}")
_CITY = re.compile(r"0(?:21|22|24|31|61)[0-9]{7,8}")
_ABROAD = re.compile(r"(?:00[1789]|01017|00)(?=[1-9])")
_DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[0-9]{4}|[0-9]{6})?")
_ENOUGH = 11
"""A number of so many digits is complete: what stands behind a space is another one."""
_CERTAIN = 10
"""A plus and so many digits are no difference of two figures."""
_LONGEST = 15

Reading = Callable[[Window], str | None]
"""How a window reads in E.164; None when it is no phone number that way."""


def phone_of(windows: Sequence[Window], *, plus: bool, named: bool) -> tuple[Window, str] | None:
    """The phone number among what may be read from one place on, and what it is in E.164.

    `plus`: whether a plus stands before it; `named`: whether a word says that it is one.
    """
    if plus:
        return _best(windows, _with_plus) or _any_with_plus(windows)
    return _best(windows, _indonesian) or _best(windows, _from_abroad) or (_as_named(windows) if named else None)


def is_mobile(value: str) -> bool:
    """Whether E.164 is an Indonesian mobile number."""
    return value.startswith("+62") and _MOBILE.fullmatch(value, 3) is not None


def _best(windows: Sequence[Window], read: Reading) -> tuple[Window, str] | None:
    """The shortest that fits, and longer ones as far as they go on in the same way."""
    best: tuple[Window, str] | None = None
    for window in windows:
        if best is not None and not _goes_on(best[0], window):
            break
        value = read(window)
        if value is not None:
            best = (window, value)
    return best


def _goes_on(shorter: Window, longer: Window) -> bool:
    if len(shorter.digits) >= _ENOUGH and max(longer.shape) > 1:
        return False
    alike = not shorter.joints or set(longer.joints[len(shorter.joints) :]) == {shorter.joints[-1]}
    return alike and min(longer.shape[len(shorter.shape) :]) >= min(3, *longer.shape[1 : len(shorter.shape)], 3)


def _with_plus(window: Window) -> str | None:
    digits = window.digits
    if digits.startswith("62"):
        return _national(digits[2:].removeprefix("0"))
    if not 8 <= len(digits) <= _LONGEST or _in_thousands(window):
        return None
    return _valid(digits)


def _any_with_plus(windows: Sequence[Window]) -> tuple[Window, str] | None:
    """Of a country that has no such numbers: still nobody writes a figure like this."""
    for window in reversed(windows):
        if _CERTAIN <= len(window.digits) <= _LONGEST and not _in_thousands(window) and len(set(window.joints)) <= 1:
            return window, f"+{window.digits}"
    return None


def _indonesian(window: Window) -> str | None:
    """With its nought or its country code, and without any word that says so."""
    digits, shape = window.digits, window.shape
    if digits.startswith("62"):
        rest = digits[2:].removeprefix("0")
        spaced = shape[0] == 2 and len(shape) > 2
        return _national(rest) if rest.startswith("8") or spaced else None
    if not digits.startswith("0") or (shape[0] == 1 and window.joints and window.joints[0] == "."):
        return None
    rest = digits[1:]
    if rest.startswith("8"):
        return _national(rest)
    area_apart = len(shape) > 1 and 3 <= shape[0] <= 4 and shape[1] >= 3
    return _national(rest) if area_apart or _CITY.fullmatch(digits) else None


def _from_abroad(window: Window) -> str | None:
    """With what is dialled before a number of another country."""
    prefix = _ABROAD.match(window.digits)
    if prefix is None or not 8 <= len(window.digits) - prefix.end() <= _LONGEST:
        return None
    digits = window.digits[prefix.end() :]
    return _national(digits[2:]) if digits.startswith("62") else _valid(digits)


def _as_named(windows: Sequence[Window]) -> tuple[Window, str] | None:
    for window in reversed(windows):
        alike = len(set(window.joints[1:])) <= 1
        if 7 <= len(window.digits) <= _LONGEST and alike and not _DAY.fullmatch(window.digits):
            rest = window.digits.removeprefix("0")
            return window, _national(rest) or _valid(rest) or window.digits
    return None


def _national(digits: str) -> str | None:
    known = _MOBILE.fullmatch(digits) or _LAND_LINE.fullmatch(digits)
    return f"+62{digits}" if known else None


def _in_thousands(window: Window) -> bool:
    first, *others = window.shape
    return bool(others) and first <= 3 and set(others) == {3} and set(window.joints) == {"."}


def _valid(digits: str) -> str | None:
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None
    return f"+{digits}" if phonenumbers.is_valid_number(number) else None
