"""Chat templates as a report's author meets them."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from wa_integrasi.text.locale import Locale
from wa_integrasi.text.markup import BORDER
from wa_integrasi.text.split import split
from wa_integrasi.text.template import TemplateError, compile_template

ID = Locale()
EN = Locale("en")
NOW = dt.datetime(2026, 11, 21, 0, 5, tzinfo=dt.timezone(dt.timedelta(hours=7)))
ROWS: list[dict[str, Any]] = [
    {"gardu": "GI Depok", "beban": 99.25, "status": "aman", "biaya": Decimal("1500.50")},
    {"gardu": "GI Cawang", "beban": 1234, "status": "siaga", "biaya": Decimal(2000)},
    {"gardu": "GI Bekasi", "beban": None, "status": "aman", "biaya": None},
]


def render(source: str, locale: Locale = ID, **context: Any) -> str:
    return compile_template(source).render({"rows": ROWS, "now": NOW, **context}, locale)


def test_a_daily_report() -> None:
    source = """\
*Rekap Harian*
{{ now|greeting }}, {{ nama|bold }}. Data per {{ now|datetime }}.

{% for row in rows if row.beban is not none %}
{{ loop.index }}. {{ row.gardu }}: {{ row.beban|number(1) }} kW{{ " (tinggi)" if row.beban > 100 }}
{% else %}
Tidak ada data.
{% endfor %}

{{ rows|table(["gardu:Gardu", "beban:Beban:number.1"]) }}
Total {{ rows|sum("beban")|number }} kW, {{ rows|sum("biaya")|rupiah }}
"""
    assert render(source, nama="Budi *S*") == (
        "*Rekap Harian*\n"
        "Selamat malam, *Budi ∗S∗*. Data per Sabtu, 21 November 2026 00.05 WIB.\n"
        "\n"
        "1. GI Depok: 99,3 kW\n"
        "2. GI Cawang: 1.234,0 kW (tinggi)\n"
        "\n"
        "```Gardu        Beban\n"
        "------------------\n"
        "GI Depok      99,3\n"
        "GI Cawang  1.234,0\n"
        "GI Bekasi        –```\n"
        "Total 1.333,25 kW, Rp3.500,50"
    )


@pytest.mark.parametrize(
    ("source", "indonesian", "english"),
    [
        ("{{ 1234.5|number }}", "1.234,5", "1,234.5"),
        ("{{ 1234567|compact }}", "1,2 jt", "1.2M"),
        ("{{ 1234567|rupiah }}", "Rp1.234.567", "Rp1,234,567"),
        ("{{ 0.125|percent }}", "12,5%", "12.5%"),
        ("{{ now|date }}", "21 November 2026", "November 21, 2026"),
        ("{{ now|date('MMMM yyyy') }}", "November 2026", "November 2026"),
        ("{{ now|time }}", "00.05 WIB", "12:05 AM WIB"),
        ("{{ now|datetime('short') }}", "21/11/26 00.05 WIB", "11/21/26 12:05 AM WIB"),
        ("{{ now|greeting }}", "Selamat malam", "Good evening"),
        ("{{ earlier|ago }}", "8 menit yang lalu", "8 minutes ago"),
        ("{{ earlier|ago(earlier) }}", "baru saja", "just now"),
        ("{{ none|number }} {{ none|date }} {{ none }}", "– – –", "– – –"),
        ("{{ none|number(empty='belum') }}", "belum", "belum"),
        ("{{ 2026 }} {{ 1.5 }} {{ true }}", "2026 1,5 ya", "2026 1.5 yes"),
    ],
)
def test_values_are_written_in_the_readers_language(source: str, indonesian: str, english: str) -> None:
    earlier = NOW - dt.timedelta(minutes=8)
    assert render(source, earlier=earlier) == indonesian
    assert render(source, EN, earlier=earlier) == english


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("*{{ x }}* _literal_", "*∗a∗ b* _literal_"),
        ("{{ x|bold }} {{ x|italic }} {{ x|strike }}", "*∗a∗ b* _∗a∗ b_ ~∗a∗ b~"),
        ("{{ x|mono }}", "`*a* b`"),
        ("{{ x|code }}", "```*a* b```"),
        ("{{ x|quote }}\n{{ 'a\\nb'|bullet }}", "> ∗a∗ b\n- a\n- b"),
        ("{{ x|upper|bold|italic }}", "_*∗A∗ B*_"),
        ("{{ x|bold|upper }}", "*∗A∗ B*"),
        ("{{ '*' ~ x ~ '*' }}", "*∗a∗ b*"),
        ("{{ '*' + x + '*' }}", "*∗a∗ b*"),
        ("{{ x ~ 1 ~ 1.5 }}", "∗a∗ b11,5"),
        ("{{ [1, 2]|join('*') }}", "1*2"),
        ("{{ many|join(' ') }}", "∗a∗ ∗b∗"),
        ("{% set y = x|bold %}{{ y }}", "*∗a∗ b*"),
        ("{{ x if false else '*b*' }}", "*b*"),
        ("{{ nothing|default(x) }} {{ nothing|default('*-*') }}", "∗a∗ b *-*"),
        ("{{ x|bold|truncate(4) }}|{{ x|bold|truncate(20) }}", "∗a∗…|*∗a∗ b*"),
        ("{{ x|replace('b', '*c*') }}", "∗a∗ ∗c∗"),
        ("{{ 5|bold }} {{ none|bold }} {{ 1.5|bold }}", "*5* *–* *1,5*"),
    ],
)
def test_data_is_escaped_once_and_the_authors_marks_are_not(source: str, shown: str) -> None:
    assert render(source, x="*a* b", many=["*a*", "*b*"]) == shown


def test_a_value_cannot_bring_a_section_border_or_turn_the_line() -> None:
    assert render("a {{ x }} b", x=f"1{BORDER}\u202e2\n---\n3") == "a 12\n---\n3 b"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ rows|length }} {{ rows|first is mapping }}", "3 ya"),
        ("{{ (rows|max('beban')).gardu }} {{ (rows|min('beban')).gardu }}", "GI Cawang GI Depok"),
        ("{{ rows|sort('gardu')|map(attribute='gardu')|join(', ') }}", "GI Bekasi, GI Cawang, GI Depok"),
        ("{{ rows|sort('beban', reverse=true)|map(attribute='gardu')|join(', ') }}", "GI Cawang, GI Depok, GI Bekasi"),
        ("{{ rows|selectattr('status', 'eq', 'aman')|list|length }}", "2"),
        ("{{ rows|rejectattr('status', 'in', ['aman'])|map(attribute='gardu')|join }}", "GI Cawang"),
        ("{{ [3, none, 4]|select|list|sum }} {{ []|sum }} {{ []|first }}", "7 0 –"),
        ("{{ rows|map(attribute='status')|unique|join(', ') }}", "aman, siaga"),
        ("{{ ['a', 'b']|map('upper')|reverse|join }}", "BA"),
        ("{% for g in rows|groupby('status') %}{{ g.grouper }}={{ g.list|length }} {% endfor %}", "aman=2 siaga=1 "),
        ("{% for key, value in rows[1].items() %}{{ key }} {% endfor %}", "gardu beban status biaya "),
        ("{% for key, value in rows[1]|items %}{{ key }} {% endfor %}", "gardu beban status biaya "),
        ("{% for row in rows %}{{ loop.cycle('a', 'b') }}{{ ',' if not loop.last }}{% endfor %}", "a,b,a"),
        ("{% set n = namespace(x=0) %}{% for r in rows %}{% set n.x = n.x + 1 %}{% endfor %}{{ n.x }}", "3"),
        ("{% with a = 1 %}{{ a }}{% endwith %}{{ {'aman': 'Aman'}[rows[0].status] }}", "1Aman"),
        ("{{ rows[0].get('x', 'y') }} {{ rows[:1]|length }} {{ rows[-1].gardu }}", "y 1 GI Bekasi"),
        ("{{ rows[0].biaya * 1.1 }} {{ 7 // 2 }} {{ 7 % 2 }} {{ -rows[1].beban }}", "1650,55 3 1 -1234"),
        ("{{ 2.5|round }} {{ 2.345|round(2) }} {{ '12.5'|float }} {{ '7'|int }} {{ (0 - 3)|abs }}", "3 2,35 12,5 7 3"),
        ("{{ now - then }}", "8 menit"),
        ("{{ 'ya' if 'aman' in ['aman'] and 1 < 2 <= 2 and rows is defined and x is not defined }}", "ya"),
        ("{{ x|default }}{{ none|default('kosong') }} {{ 0|default('n', true) }} {{ 0|d('n') }}", "kosong n 0"),
        ("{% raw %}{{ x }}{% endraw %}{# catatan #}", "{{ x }}"),
        ("{{ item.items }}", "3"),
        ("{{ 'a' if false }}", ""),
    ],
)
def test_what_authors_do_with_rows(source: str, shown: str) -> None:
    assert render(source, item={"items": 3}, then=NOW - dt.timedelta(minutes=8)) == shown


def test_lines_of_dashes_are_section_borders() -> None:
    text = render("satu\n---\n{% if rows %}\ndua\n--- \n{% endif %}\n---\ntiga")
    assert split(text) == ["satu\n\ndua\n\ntiga"]
    assert render("```\n---\n```") == "```\n---\n```"


def test_fields_tell_what_a_template_needs() -> None:
    compiled = compile_template(
        "{% set a = 1 %}{{ a }} {{ b.c }} {% for r in rows %}{{ r.x ~ d }}{% endfor %}{{ range(2) }}"
    )
    assert compiled.fields == {"b", "rows", "d"}
    assert compiled.source.startswith("{% set")


@pytest.mark.parametrize(
    ("source", "line", "text"),
    [
        ("a\n{{ tidak_ada }}", 2, "field 'tidak_ada' is missing"),
        (
            "a\n\n{% for row in rows %}\n{{ row.gardu }}\n{{ row.daya }}{% endfor %}",
            5,
            "field 'daya' is missing; the row has",
        ),
        ("a\n{{ tidak_ada|number }}", 2, "field 'tidak_ada' is missing"),
        ("{% if tidak_ada %}{% endif %}", 1, "field 'tidak_ada' is missing"),
        ("{% for a in tidak_ada %}{% endfor %}", 1, "field 'tidak_ada' is missing"),
        ("{{ rows|sum('daya') }}", 1, "field 'daya' is missing"),
        ("a\n{{ rows[2].beban + 1 }}", 2, "no value on one side"),
        ("a\n{{ 1 / 0 }}", 2, "division by zero"),
        ("a\n{{ rows|number }}", 2, "a number is wanted, not a list"),
        ("a\n{{ 1|number(1, 2, 3, 4) }}", 2, "arguments"),
        ("a\n{{ naive|time }}", 2, "without a zone"),
        ("a\n{{ rows }}", 2, "no single value"),
        ("a\n{{ rows|table(['daya']) }}", 2, "no column 'daya'"),
        ("{% for a in none %}{% endfor %}", 1, "nothing to loop over"),
    ],
)
def test_a_rendering_error_names_the_line_and_the_field(source: str, line: int, text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(source, naive=NOW.replace(tzinfo=None))
    assert caught.value.line == line
    assert text in caught.value.text
    assert str(caught.value).startswith(f"line {line}: ")


@pytest.mark.parametrize(
    ("source", "line", "text"),
    [
        ("a\n{{ x ", 2, ""),
        ("a\n\n{% for %}", 3, ""),
        ("a\n{% if x %}", 2, ""),
        ("a\n{{ x|angka }}", 2, "no filter 'angka'"),
        ("a\n{{ x|nomber }}", 2, "no filter 'nomber' (did you mean 'number'?)"),
        ("a\n{{ x is aneh }}", 2, "no test 'aneh'"),
        ("a\n{% include 'b' %}", 2, "{% include %} is not for chat templates"),
        ("a\n{{ x.y() }}", 2, "y() cannot be called"),
    ],
)
def test_a_mistake_is_found_before_anything_is_sent(source: str, line: int, text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(source)
    assert caught.value.line == line
    assert text in caught.value.text


def test_a_template_may_be_rendered_again() -> None:
    compiled = compile_template("{{ x }}")
    assert [compiled.render({"x": x}, ID) for x in (1, 2)] == ["1", "2"]
    assert compiled == compile_template("{{ x }}")
