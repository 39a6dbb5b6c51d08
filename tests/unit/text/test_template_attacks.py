"""Templates come from a web form: none may read what is not data, and none may keep a worker busy."""

import time
from typing import Any

import pytest

from wa_integrasi.text.locale import Locale
from wa_integrasi.text.template import OUTPUT_LIMIT, TemplateError, compile_template

LOCALE = Locale()
ROWS = [{"gardu": "GI Cawang", "beban": 12}, {"gardu": "GI Depok", "beban": 7}]


class Record:
    """A value with something to hide and something to call."""

    def __init__(self) -> None:
        self.shown = "ya"
        self._secret = "rahasia"

    def delete(self) -> str:
        pytest.fail("a template called a method of the data")


def attempt(source: str) -> TemplateError:
    context: dict[str, Any] = {
        "rows": ROWS,
        "name": "Budi",
        "record": Record(),
        "function": lambda: pytest.fail("a template called a function of the data"),
        "many": list(range(20_000)),
        "long": "kata " * 20_000,
    }
    started = time.process_time()
    with pytest.raises(TemplateError) as caught:
        compile_template(source).render(context, LOCALE)
    assert time.process_time() - started < 1
    assert caught.value.line >= 1
    assert caught.value.text
    assert "Traceback" not in str(caught.value)
    return caught.value


REACHING = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ rows.__init__ }}",
    "{{ rows['__class__'] }}",
    "{{ name['__class__'] }}",
    "{{ name['upper'] }}",
    "{{ name.upper() }}",
    "{{ (name.upper)() }}",
    "{{ rows.append(1) }}",
    "{{ rows[0].update({'x': 1}) }}",
    "{{ rows[0].pop('beban') }}",
    "{{ rows[0].items.__self__ }}",
    "{{ rows[0].get.__globals__ }}",
    "{{ rows[0].get }}",
    "{{ record._secret }}",
    "{{ record['_secret'] }}",
    "{{ record.__dict__ }}",
    "{{ record.delete }}",
    "{{ record.delete() }}",
    "{{ record['delete']() }}",
    "{{ record }}",
    "{{ function() }}",
    "{{ function }}",
    "{{ rows|attr('__class__') }}",
    "{{ rows|map(attribute='__class__')|list }}",
    "{{ rows|map(attribute='__class__.__mro__')|join }}",
    "{{ rows|map('attr', '__class__') }}",
    "{{ [name]|map(attribute='__class__')|first }}",
    "{{ ['a']|map(attribute='__class__')|first }}",
    "{{ rows|sort(attribute='__class__') }}",
    "{{ rows|groupby('__class__') }}",
    "{{ rows|sum('__class__') }}",
    "{{ rows|selectattr('__class__')|list }}",
    "{{ rows|selectattr('gardu', 'filter')|list }}",
    "{{ 'a'.format(name) }}",
    "{{ '{0.__class__}'.format(name) }}",
    "{{ '{0.__class__}'|format(name) }}",
    "{{ '%s'|format(name) }}",
    "{{ '%s' % name }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ self }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ loop }}",
    "{% for row in rows %}{{ loop._iterator }}{% endfor %}",
    "{% for row in rows %}{{ loop.__init__ }}{% endfor %}",
    "{% for row in rows %}{{ loop }}{% endfor %}",
    "{{ range.__self__ }}",
    "{{ range }}",
    "{{ namespace }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ lipsum() }}",
    "{{ cycler.__init__ }}",
    "{{ joiner('a')() }}",
    "{{ dict(a=1) }}",
    "{{ caller() }}",
    "{{ _ }}",
    "{{ context }}",
    "{{ environment.filters }}",
    "{{ rows|the rendering }}",
    "{% include 'rahasia.txt' %}",
    "{% import 'a' as a %}",
    "{% from 'a' import b %}",
    "{% extends 'a' %}",
    "{% block a %}{% endblock %}",
    "{% macro a() %}{% endmacro %}",
    "{% call a() %}{% endcall %}",
    "{% filter upper %}a{% endfilter %}",
    "{% set a %}b{% endset %}",
    "{% autoescape false %}{{ name }}{% endautoescape %}",
    "{% do rows.append(1) %}",
    "{% debug %}",
    "{{ name|safe }}",
    "{{ rows|pprint }}",
    "{{ rows|tojson }}",
    "{{ rows|xmlattr }}",
    "{{ rows }}",
    "{{ rows[0] }}",
    "{{ rows|sort(*rows) }}",
    "{{ range(*[1]) }}",
]

EXHAUSTING = [
    "{% for i in range(10**9) %}{{ i }}{% endfor %}",
    "{% for i in range(1000000000) %}{{ i }}{% endfor %}",
    "{{ range(1000000000)|list }}",
    "{{ range(10000)|list|join('x' ~ long) }}",
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "{% for a in many %}{% for b in many %}{% if a == b %}{% endif %}{% endfor %}{% endfor %}",
    "{% for a in many %}{% if -1 in many %}{% endif %}{% endfor %}",
    "{% for a in many %}{% set b = many[::-1] %}{% endfor %}",
    "{% for a in many %}{% set b = many|sort %}{% endfor %}",
    "{% for a in many %}{% set b = many|length + many|sum %}{% endfor %}",
    "{% for a in many %}{% set b = long|upper %}{% endfor %}",
    "{% for a in many %}{% set b = long|bold %}{% endfor %}",
    "{% for a in many %}{% set b = long == long ~ 'a' %}{% endfor %}",
    "{% for a in many %}{% set b = a|number %}{% endfor %}{% for a in many %}{% set b = a|compact %}{% endfor %}",
    "{% for a in many if a is divisibleby 3 and a > 5 and a < 7 and a != 8 %}{% endfor %}" * 3,
    "{{ many|select('in', many)|list }}",
    "{{ many|map('table')|list }}",
    "{{ 'a' * 10**9 }}",
    "{{ 'a' * 1000000000 }}",
    "{{ name * 1000000000 }}",
    "{{ [0] * 1000000000 }}",
    "{{ rows * 1000000000 }}",
    "{{ rows + rows }}",
    "{{ 9**9**9 }}",
    "{{ 2|pow(100) }}",
    "{% set n = namespace(x=9) %}{% for i in range(100) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='a') %}{% for i in range(100) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='a') %}{% for i in range(100) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='aa') %}{% for i in range(9) %}{% set n.x = n.x|replace('a', n.x) %}{% endfor %}{{ n.x }}",
    "{{ long|replace('', long) }}",
    "{{ name|center(10**9) }}",
    "{{ name|center(1000000000) }}",
    "{{ name|ljust(1000000000) }}",
    "{{ name|indent(1000000000) }}",
    "{{ name|wordwrap(1) }}",
    "{{ 1|number(1000000000) }}",
    "{{ 1|round(1000000000) }}",
    "{{ 1e308|number }}",
    "{{ '9e999999'|int }}",
    "{{ " + "9" * 5_000 + " }}",
    "{% set x = [x, x] %}",
    "{% set x = [rows, rows] %}{% set y = [x, x] %}{{ y == x }}",
    "{% for i in rows recursive %}{{ loop(rows) }}{% endfor %}",
    "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% for i in range(10000) %}0123456789{% endfor %}",
    "{{ long }}",
    "{{ " + "(" * 30_000 + "1" + ")" * 30_000 + " }}",
    "{{ " + "-" * 30_000 + "1 }}",
    "{{ " + "not " * 10_000 + "1 }}",
    "{{ 1" + " + 1" * 10_000 + " }}",
    "{{ name" + "|upper" * 5_000 + " }}",
    "{{ name" + ".a" * 5_000 + " }}",
    "{% if 1 %}" * 5_000 + "{% endif %}" * 5_000,
    "{% for a in rows %}" * 200 + "{% endfor %}" * 200,
    "{% for a in rows %}" * 25 + "x" + "{% endfor %}" * 25,
    "{{ 1 }}" * 9_000,
    "a" * (OUTPUT_LIMIT + 1),
    "{#" * 20_000,
    "{{ 'a" + "\\\\" * 20_000,
]


@pytest.mark.parametrize("source", REACHING)
def test_a_template_reaches_nothing_but_the_data(source: str) -> None:
    error = attempt(source)
    assert "rahasia" not in error.text.replace("rahasia.txt", "")


@pytest.mark.parametrize("source", EXHAUSTING, ids=range(len(EXHAUSTING)))
def test_a_template_costs_less_than_a_second(source: str) -> None:
    attempt(source)


def test_what_a_report_really_needs_is_within_the_bounds() -> None:
    rows = [{"gardu": f"GI {number}", "beban": number * 1.5} for number in range(1_000)]
    source = (
        "{% for row in rows %}{{ loop.index }}. {{ row.gardu|bold }}: {{ row.beban|number(1) }} kW"
        "{{ ' tinggi' if row.beban > 100 }}\n{% endfor %}{{ rows|sum('beban')|number }}"
    )
    assert compile_template(source).render({"rows": rows}, LOCALE).endswith("749.250")


def test_an_error_never_holds_a_value_of_the_data() -> None:
    class Leaking:
        @property
        def shown(self) -> str:
            raise ValueError("kata sandi: rahasia")

    with pytest.raises(TemplateError) as caught:
        compile_template("a\n{{ x.shown }}").render({"x": Leaking()}, LOCALE)
    assert caught.value.line == 2
    assert "rahasia" not in str(caught.value)


@pytest.mark.parametrize("use", ["{{ x|number }}", "{{ x + 1 }}", "{{ x|int }}", "{{ x|date }}", "{{ x.y }}"])
@pytest.mark.parametrize("value", ["rahasia", ["rahasia"], {"k": "rahasia"}, b"rahasia"], ids=repr)
def test_neither_does_one_about_a_value_of_the_wrong_kind(use: str, value: object) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(use).render({"x": value}, LOCALE)
    assert "rahasia" not in str(caught.value)


def test_a_template_leaves_the_data_as_it_was() -> None:
    source = "{% set rows = rows|sort('beban') %}{{ rows[0].gardu }}"
    assert compile_template(source).render({"rows": ROWS}, LOCALE) == "GI Depok"
    assert [row["beban"] for row in ROWS] == [12, 7]
