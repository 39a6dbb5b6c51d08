"""Filters of chat templates that judge: against thresholds, against the period before, against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from wa_integrasi.text import standing
from wa_integrasi.text.lists import field_of, present, taken
from wa_integrasi.text.locale import FormatError, is_missing, to_decimal
from wa_integrasi.text.sandbox import demand, rendering

_STEPS = 40
_PROGRESS = {
    "id": ("✅ sudah {}", "⚠️ kurang {}", "❌ belum {}"),
    "en": ("✅ done {}", "⚠️ short {}", "❌ missing {}"),
}


@pass_context
def _status(context: Context, value: Any, good: Any, fair: Any, words: Any = None) -> str:
    """`✅ baik`; with three words of your own, `✅ tercapai`. Where less is better, `good` is the smaller."""
    demand(value, good, fair, words)
    current = rendering(context)
    current.charge(_STEPS)
    return standing.status(current.locale, value, good, fair, words)


@pass_context
def _change(context: Context, value: Any, before: Any = None, decimals: int | None = None) -> str:
    """`▲ 120 (+4,2%)` against `before`."""
    demand(value, before)
    current = rendering(context)
    current.charge(2 * _STEPS)
    return standing.change(current.locale, value, before, decimals)


@pass_context
def _rank(context: Context, rows: Any, attribute: str, limit: int = 5, lowest: bool = False) -> list[dict[str, Any]]:
    """The first `limit` rows by a field, each with its `rank`; equals have the same. Rows without a value have none."""
    keyed = sorted(present(context, rows, attribute), key=lambda pair: pair[0], reverse=not lowest)
    ranked: list[dict[str, Any]] = []
    for place, (key, row) in enumerate(keyed[: max(limit, 0)], 1):
        if not isinstance(row, Mapping):
            raise FormatError("rank wants rows")
        same = place > 1 and key == keyed[place - 2][0]
        ranked.append({**row, "rank": ranked[-1]["rank"] if same else place})
        rendering(context).charge_for(row)
    return ranked


@pass_context
def _progress(context: Context, rows: Any, done: str, target: str) -> dict[str, Any]:
    """The rows in three lists, `sudah`, `kurang` and `belum`, by two fields, and how many of each as `text`.

    Sudah: `done` has reached `target`. Belum: nothing is done. Kurang: what is between.
    """
    lists: dict[str, list[Any]] = {"sudah": [], "kurang": [], "belum": []}
    for row in taken(context, rows, steps=10):
        value, wanted = field_of(context, row, done), field_of(context, row, target)
        if is_missing(value) or not to_decimal(value):
            # What nobody wanted is not missing.
            name = "belum" if is_missing(wanted) or to_decimal(wanted) > 0 else "sudah"
        else:
            name = "sudah" if is_missing(wanted) or to_decimal(value) >= to_decimal(wanted) else "kurang"
        lists[name].append(row)
    locale = rendering(context).locale
    counted = zip(_PROGRESS[locale.language], lists.values(), strict=True)
    return {**lists, "text": " · ".join(words.format(locale.number(len(each))) for words, each in counted)}


FILTERS: dict[str, Callable[..., Any]] = {"status": _status, "change": _change, "rank": _rank, "progress": _progress}
"""By the name that templates use."""
