"""Filters of chat templates that turn one value into text. Each counts its work."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context

from wa_integrasi.text import markup
from wa_integrasi.text.graphemes import shorten, width
from wa_integrasi.text.locale import FormatError, Locale, checked_decimals, is_missing, rounded_to, to_decimal
from wa_integrasi.text.markup import Markup
from wa_integrasi.text.sandbox import demand, rendering
from wa_integrasi.text.table import ROWS, table

_WRITTEN = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?", re.ASCII)
_NUMBER_STEPS = 25
_DATE_STEPS = 60


def _localised(method: Callable[..., str], steps: int) -> Callable[..., str]:
    """A filter that shows a value by a method of `Locale`."""

    @pass_context
    def filtered(context: Context, value: Any, *args: Any, **kwargs: Any) -> str:
        demand(value, *args, *kwargs.values())
        current = rendering(context)
        current.charge(steps)
        return method(current.locale, value, *args, **kwargs)

    return filtered


def _marking(function: Callable[[str], Markup]) -> Callable[..., Markup]:
    """A filter that puts a value between marks."""

    @pass_context
    def filtered(context: Context, value: Any) -> Markup:
        return function(_text(context, value))

    return filtered


def _wording(function: Callable[[str], str]) -> Callable[..., str]:
    """A filter that changes the letters of a text; what was markup is markup after it."""

    @pass_context
    def filtered(context: Context, value: Any) -> str:
        text = _text(context, value)
        return Markup(function(text)) if isinstance(text, Markup) else function(text)

    return filtered


def _text(context: Context, value: Any) -> str:
    demand(value)
    current = rendering(context)
    current.charge_for(value, 1 if isinstance(value, str) else _NUMBER_STEPS)
    return value if isinstance(value, str) else current.locale.text(value)


@pass_context
def _ago(context: Context, value: Any, now: dt.datetime | None = None) -> str:
    """Counted from `now`, from the template's own field `now`, or from the clock."""
    demand(value, now)
    current = rendering(context)
    current.charge(_DATE_STEPS)
    told = context.get("now")
    return current.locale.ago(value, now or (told if isinstance(told, dt.datetime) else None))


@pass_context
def _default(context: Context, value: Any, other: Any = "", for_falsy: bool = False) -> Any:
    """`other` where a field is missing or has no value; with `true`, also for 0, no and empty text."""
    rendering(context).charge(1)
    if isinstance(value, Undefined) or is_missing(value) or (for_falsy and not value):
        return other
    return value


@pass_context
def _replace(context: Context, value: Any, old: str, new: str) -> str:
    text = _text(context, value)
    demand(old, new)
    rendering(context).charge_for(text, text.count(old) * (1 + len(new) // 16))
    return str(text).replace(str(old), str(new))


@pass_context
def _truncate(context: Context, value: Any, columns: int = 60) -> str:
    """The start of a text, in at most `columns` columns; markup that is cut loses its formatting."""
    text = _text(context, value)
    if isinstance(text, Markup):
        plain = markup.to_plain(text)
        return text if width(plain) <= columns else shorten(plain, columns)
    return shorten(text, columns)


@pass_context
def _round(context: Context, value: Any, decimals: int = 0) -> Any:
    """Rounds halves up, as people do; with decimals as many as asked for."""
    rounded = rounded_to(_number(context, value), checked_decimals(decimals))
    return rounded if decimals else int(rounded)


@pass_context
def _int(context: Context, value: Any) -> int:
    return int(_number(context, value))


@pass_context
def _float(context: Context, value: Any) -> float:
    return float(_number(context, value))


@pass_context
def _abs(context: Context, value: Any) -> Any:
    _number(context, value)
    return abs(value)


def _number(context: Context, value: Any) -> Decimal:
    """`value` as a number; a text may hold one as computers write it, such as `-12.5`."""
    demand(value)
    rendering(context).charge_for(value, 5)
    if not isinstance(value, str):
        exact = to_decimal(value)
    elif _WRITTEN.fullmatch(value):
        exact = to_decimal(Decimal(value))
    else:
        raise FormatError("a number is wanted, not text")
    if not exact.is_finite():
        raise FormatError("the number is too large")
    return exact


@pass_context
def _table(context: Context, rows: Any, columns: Any = None, limit: int = ROWS) -> Markup:
    """Rows as a ``` table; see `table` and `Column.parse`."""
    demand(rows, columns, limit)
    current = rendering(context)
    if isinstance(rows, str) or not hasattr(rows, "__iter__"):
        raise FormatError("a table wants rows")
    every = list(rows)
    current.charge(len(every))
    for row in every[: max(limit, 0)]:
        for value in row.values() if hasattr(row, "values") else ():
            current.charge_for(value, _DATE_STEPS)
    return table(every, columns, locale=current.locale, limit=limit)


FILTERS: dict[str, Callable[..., Any]] = {
    "number": _localised(Locale.number, _NUMBER_STEPS),
    "compact": _localised(Locale.compact, _NUMBER_STEPS),
    "rupiah": _localised(Locale.rupiah, _NUMBER_STEPS),
    "percent": _localised(Locale.percent, _NUMBER_STEPS),
    "date": _localised(Locale.date, _DATE_STEPS),
    "time": _localised(Locale.time, _DATE_STEPS),
    "datetime": _localised(Locale.datetime, _DATE_STEPS),
    "greeting": _localised(Locale.greeting, _DATE_STEPS),
    "ago": _ago,
    "bold": _marking(markup.bold),
    "italic": _marking(markup.italic),
    "strike": _marking(markup.strike),
    "mono": _marking(markup.mono),
    "code": _marking(markup.code_block),
    "quote": _marking(markup.quote),
    "bullet": _marking(markup.bullet),
    "upper": _wording(str.upper),
    "lower": _wording(str.lower),
    "title": _wording(str.title),
    "capitalize": _wording(str.capitalize),
    "trim": _wording(str.strip),
    "replace": _replace,
    "truncate": _truncate,
    "round": _round,
    "int": _int,
    "float": _float,
    "abs": _abs,
    "default": _default,
    "d": _default,
    "table": _table,
}
"""By the name that templates use."""
