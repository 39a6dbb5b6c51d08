"""Fields of chat templates: what nobody gives is refused in its line, and what is given is what the catalog knows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from wa_integrasi.answering.fetching import Found
from wa_integrasi.answering.leaves import Leaf
from wa_integrasi.answering.telling import answer_of
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.problems import CatalogError
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.catalog.template_fields import COMPLAINT, REPORT, TRIGGER, Given
from wa_integrasi.reporting import Addressee, ReportData, due_reports, report_text
from wa_integrasi.responding.acknowledging import Facts, acknowledge
from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.sources.base import Rows
from wa_integrasi.text.template import ChatTemplate

FRAME = """\
version: 1
contacts:
  budi: {{phone: "0812-0000-0001", display_name: Budi, roles: [operator]}}
chat_templates:
  rekap:
    body: |
      {report}
  jawab:
    body: |
      {trigger}
  diterima:
    body: |
      {complaint}
reports:
  harian:
    title: Harian
    cadence: daily
    owner: budi
    source: pabrik
    parameters: [{{name: hari, kind: date, default: kemarin}}, {{name: batas, kind: number, default: "95"}}]
    query: SELECT 1
    queries: {{unit: SELECT 2}}
    template: rekap
    recipients: [budi]
  mingguan:
    title: Mingguan
    cadence: weekly
    owner: budi
    source: pabrik
    query: SELECT 1
    queries: {{unit: SELECT 2, henti: SELECT 3}}
    parameters: [{{name: hari, kind: date, default: kemarin}}, {{name: batas, kind: number, default: "95"}}]
    template: rekap
    recipients: [budi]
triggers:
  suhu:
    {{kind: sql, title: Suhu, phrases: [suhu], roles: [operator], source: pabrik, query: SELECT 1, template: jawab}}
policies:
  intake:
    complaints: {{templates: {{id: diterima}}}}
"""
GOOD = {"report": "{{ rows | length }}", "trigger": "{{ rows | length }}", "complaint": "{{ complaint.ticket }}"}
NOW = datetime(2026, 11, 20, 1, tzinfo=UTC)
ROWS = Rows(("unit", "ton"), (("GL1", 12),))


def checked(**bodies: str) -> list[str]:
    """What is said of a catalog, without the name of its file."""
    try:
        read_catalog(FRAME.format(**{**GOOD, **bodies}), "c.yaml")
    except CatalogError as error:
        return [str(problem).removeprefix("c.yaml:") for problem in error.problems]
    return []


RECIPIENT = "greeting, called, name, salutation, honorific, closing, language or group"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{{ recipient.nmae }}", f"'recipient.nmae', must be a field of recipient: {RECIPIENT} (did you mean 'name'?)"),
        ("{{ recipient.nmae | default('') }}", f"'recipient.nmae', must be a field of recipient: {RECIPIENT}"),
        ("{% if recipient.nmae is defined %}x{% endif %}", "'recipient.nmae', must be a field of recipient"),
        ('{{ slot["lable"] }}', "'slot.lable', must be a field of slot: label, start, end or name (did you mean"),
        ("{{ report.title | upper }} {{ report.titel | bold }}", "'report.titel', must be a field of report: name, "),
        ("{% for row in rows %}{{ recipient.nmae }}{% endfor %}", "'recipient.nmae', must be"),
        ("{% for slot in rows %}{{ slot.x }}{% endfor %}{{ slot.x }}", "'slot.x', must be a field of slot"),
        ("{% with a = slot.x %}{{ a.y }}{% endwith %}", "'slot.x', must be a field of slot"),
        ("{{ 'ya' if recipient.grup else 'tidak' }}", "'recipient.grup', must be"),
        ("{{ rows.ton }}", "'rows.ton', must be of one row, such as rows[0].ton, or in a loop: rows is a list"),
        ("{{ queries.unit.ton }}", "'queries.unit.ton', must be of one row, such as queries.unit[0].ton, or in a"),
        ("{{ queries.unti | length }}", "'queries.unti', must be a field of queries of the report 'harian': unit (did"),
        ("{{ queries.henti | length }}", "'queries.henti', must be a field of queries of the report 'harian': unit"),
        ("{{ parameters.hari.lable }}", "'parameters.hari.lable', must be a field of parameters.hari: first, last or"),
        ("{{ row.ton }}", "'row', must be rows, report, slot, now, recipient, queries, previous, parameters, as_of, "),
    ],
)
def test_a_field_that_no_report_has_is_refused_in_its_line(body: str, said: str) -> None:
    [problem] = checked(report=f"Halo\n      {body}")
    assert problem.startswith(f"8: chat_templates.rekap.body: found {said}")


@pytest.mark.parametrize(
    "body",
    [
        "{{ rows[0].ton }} {{ rows[0]['apa saja'] }} {{ (rows | first).ton }} {{ previous[0].ton }}",
        "{% for row in rows %}{{ row.ton }} {{ loop.index }} {{ loop.last }}{% else %}{{ slot.label }}{% endfor %}",
        "{% for r in queries.unit if r.ton > 1 %}{{ r.ton }}{% endfor %}",
        "{% for slot in rows %}{{ slot.ton }}{% endfor %}",
        "{% for name, found in queries.items() %}{{ name }} {{ found[0].ton }}{% endfor %}",
        "{% set recipient = rows | first %}{{ recipient.ton }}",
        "{% set ns = namespace(total=0) %}{% set ns.total = ns.total + 1 %}{{ ns.total }}",
        "{% with report = rows[0] %}{{ report.ton }}{% endwith %}",
        "{{ rows | sum(attribute='ton') }} {{ (rows | progress('a', 'b')).text }}",
        "{{ now.hour }} {{ slot.start.year }} {{ as_of | datetime }} {{ summary }}",
        "{{ queries.henti | default([]) | length }}",
        "{% if queries.henti is defined %}{{ queries.henti[0].menit }}{% endif %}",
        "{% if 'henti' in queries %}{{ queries.henti | length }}{% endif %}",
        "{% if queries.get('henti') %}{{ queries.henti | length }}{% endif %}",
        "{{ parameters.hari.label }} {{ parameters.batas | number }}",
    ],
)
def test_what_is_there_or_is_the_templates_own_is_no_mistake(body: str) -> None:
    assert checked(report=body) == []


def test_what_a_trigger_and_a_complaint_are_given_is_their_own() -> None:
    assert checked(trigger="{{ trigger.title }} {{ recipient.greeting }} {{ source }}") == []
    assert checked(trigger="{{ arguments.unit }}") == [
        "10: chat_templates.jawab.body: found 'arguments.unit', must not be there: the trigger 'suhu' has no arguments"
    ]
    [problem] = checked(complaint="{{ recipient.greeting }}")
    assert problem.startswith(
        "13: chat_templates.diterima.body: found 'recipient.greeting', must be a field of recipient: name"
    )


def test_in_quotes_the_line_of_the_text_is_said() -> None:
    quoted = FRAME.format(**GOOD).replace(
        "    body: |\n      {{ rows | length }}\n", "    body: 'a\n\n      {{ x }}'\n", 1
    )
    with pytest.raises(
        CatalogError, match=r"^c\.yaml:6: chat_templates\.rekap\.body: line 2: found 'x', must be rows, "
    ):
        read_catalog(quoted, "c.yaml")


def test_a_stored_catalog_goes_on_with_a_field_that_files_may_not_have() -> None:
    stored = read_catalog(FRAME.format(**GOOD), "c.yaml").model_dump(exclude_defaults=True)
    stored["chat_templates"]["rekap"]["body"] = "{{ recipient.nmae | default('') }} {{ rows | length }}"
    assert Catalog.model_validate(stored).chat_templates["rekap"].body.startswith("{{ recipient.nmae")


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """What templates are given while they are rendered."""
    seen: list[Mapping[str, Any]] = []

    def render(self: ChatTemplate, context: Mapping[str, Any], locale: object) -> str:
        seen.append(context)
        return "K0"

    monkeypatch.setattr(ChatTemplate, "render", render)
    return seen


def assert_given(known: Mapping[str, Given | None], context: Mapping[str, Any]) -> None:
    """Every name and field that is known is given, and the other way round."""
    assert set(known) == set(context)
    for name, given in known.items():
        if given is not None and given.fields:
            assert set(given.fields) == set(context[name]), name


def test_what_the_catalog_knows_of_templates_is_what_they_are_given(contexts: list[Mapping[str, Any]]) -> None:
    catalog = read_catalog(FRAME.format(**GOOD), "c.yaml")
    budi = Addressee.of(catalog.contacts["budi"])
    slot = Slot.containing(NOW.date(), Cadence.DAILY, "Asia/Jakarta")
    [job] = due_reports(catalog, slot, ["harian"])
    report_text(job, ReportData(ROWS, queries={"unit": ROWS}), budi, NOW)
    answer_of(
        [Leaf("suhu", catalog.triggers["suhu"], {}, ())], [Found(ROWS, NOW, "pabrik")], catalog, budi, "UTC", "K0"
    )
    acknowledge(None, Facts("K0", NOW, NOW, "id", "UTC"), catalog)
    of_report, of_trigger, of_complaint = contexts
    assert_given(REPORT, of_report)
    assert_given(TRIGGER, of_trigger)
    assert_given(COMPLAINT, of_complaint)
    assert set(of_report["parameters"]["hari"]) == {"first", "last", "label"}
