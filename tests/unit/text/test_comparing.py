"""Filters that judge, in both languages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from wa_integrasi.text.locale import Locale
from wa_integrasi.text.template import TemplateError, compile_template

ROWS = [
    {"unit": "A", "ton": 90, "target": 100},
    {"unit": "B", "ton": 120, "target": 100},
    {"unit": "C", "ton": None, "target": 100},
    {"unit": "D", "ton": 120, "target": 0},
    {"unit": "E", "ton": 0, "target": 0},
]


def shown(source: str, language: str = "id_ID", **context: Any) -> str:
    return compile_template(source).render({"rows": ROWS, **context}, Locale(language))


@pytest.mark.parametrize(
    ("value", "id_", "en"),
    [
        (100, "✅ baik", "✅ good"),
        (99.9, "⚠️ waspada", "⚠️ fair"),
        (Decimal(95), "⚠️ waspada", "⚠️ fair"),
        (94.99, "❌ buruk", "❌ poor"),
        (None, "–", "–"),
        (float("nan"), "–", "–"),
    ],
)
def test_a_status_is_a_sign_and_its_word(value: Any, id_: str, en: str) -> None:
    assert shown("{{ v | status(100, 95) }}", v=value) == id_
    assert shown("{{ v | status(100, 95) }}", "en_GB", v=value) == en


@pytest.mark.parametrize(("value", "sign"), [(3, "✅"), (4, "⚠️"), (5, "⚠️"), (5.1, "❌")])
def test_where_less_is_better_the_thresholds_are_turned(value: float, sign: str) -> None:
    assert shown('{{ v | status(3, 5, ["aman", "naik", "bahaya"]) }}', v=value).startswith(sign)


def test_a_status_has_three_words_of_its_own_or_none() -> None:
    assert shown('{{ 97 | status(100, 95, ["tercapai", "hampir", "kurang"]) }}') == "⚠️ hampir"
    with pytest.raises(TemplateError, match="three words"):
        shown('{{ 97 | status(100, 95, ["baik"]) }}')


@pytest.mark.parametrize(
    ("now", "before", "id_", "en"),
    [
        (1120, 1000, "▲ 120 (+12%)", "▲ 120 (+12%)"),
        (965, 1000.5, "▼ 35,5 (-3,5%)", "▼ 35.5 (-3.5%)"),
        (5, 5, "= 0", "= 0"),
        (5, 0, "▲ 5", "▲ 5"),
        (5, None, "tanpa pembanding", "nothing to compare with"),
        (None, 5, "–", "–"),
        (-5, -10, "▲ 5 (+50%)", "▲ 5 (+50%)"),
    ],
)
def test_a_change_has_its_amount_and_its_part(now: Any, before: Any, id_: str, en: str) -> None:
    assert shown("{{ now | change(before) }}", now=now, before=before) == id_
    assert shown("{{ now | change(before) }}", "en_GB", now=now, before=before) == en


def test_a_ranking_gives_equals_the_same_place_and_leaves_out_what_has_no_value() -> None:
    body = '{% for row in rows | rank("ton", 9) %}{{ row.rank }}{{ row.unit }} {% endfor %}'
    assert shown(body) == "1B 1D 3A 4E "
    body = '{% for row in rows | rank("ton", 2, lowest=true) %}{{ row.rank }}{{ row.unit }} {% endfor %}'
    assert shown(body) == "1E 2A "


def test_progress_tells_what_is_done_short_and_missing() -> None:
    body = (
        '{% set p = rows | progress("ton", "target") %}{{ p.text }}|'
        '{{ p.sudah | join(",", attribute="unit") }}|{{ p.kurang | join(",", attribute="unit") }}|'
        '{{ p.belum | join(",", attribute="unit") }}'
    )
    assert shown(body) == "✅ sudah 3 · ⚠️ kurang 1 · ❌ belum 1|B,D,E|A|C"
    assert shown(body, "en_GB").startswith("✅ done 3 · ⚠️ short 1 · ❌ missing 1")


@pytest.mark.parametrize("source", ["{{ 'x' | status(1, 0) }}", "{{ rows | rank('unit2') }}", "{{ 'x' | change(1) }}"])
def test_what_cannot_be_judged_is_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        shown(source)
