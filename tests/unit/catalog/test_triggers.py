"""Triggers in catalog files: every kind is read and written again, every mistake has its place and its remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from wa_integrasi.catalog.problems import CatalogError
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.catalog.writing import write_catalog

MISTAKES = yaml.safe_load((Path(__file__).parent / "trigger_mistakes.yaml").read_text(encoding="utf-8"))

GOOD = """\
version: 1
contacts:
  budi: {phone: "0812-0000-0001", display_name: Budi, roles: [operator, kepala-shift]}
groups:
  kontrol: {chat_id: env}
  produksi: {members: [budi]}
chat_templates:
  jawab:
    body: |
      {{ trigger.title }} {{ arguments.boiler | default('') }} {{ rows | length }}
      {{ source }} {{ now }} {{ recipient.name }}
  rekap: {body: "{{ slot.label }}"}
reports:
  rekap-harian:
    {title: R, cadence: daily, owner: budi, source: s, query: SELECT 1, template: rekap, recipients: [budi]}
triggers:
  suhu:
    kind: sql
    title: Suhu boiler
    phrases: [suhu boiler, boiler temperature]
    arguments:
      - name: boiler
        kind: int
        minimum: 1
        maximum: 4
      - name: hari
        kind: date
        range: true
        default: kemarin
    roles: [operator]
    groups: [kontrol]
    source: pabrik
    query: SELECT :boiler, :hari, :hari_start, :hari_end
    template: jawab
  tekanan:
    kind: pi
    title: Tekanan
    phrases: [tekanan]
    arguments:
      - name: boiler
        kind: choice
        choices: [A, {value: B2, words: [boiler b]}]
      - name: tag
        kind: tag
        pattern: "[A-Z]{2}-[0-9]{4}"
      - name: batas
        kind: number
        minimum: 0.5
        default: 2.25
    roles: [operator]
    source: pi-pabrik
    tags: ["BLR{boiler}.PT", "{tag}"]
    template: jawab
  tanya:
    kind: ai
    title: Tanya
    phrases: [tanya]
    arguments:
      - {name: soal, kind: text, max_length: 500}
    roles: [operator]
    source: ai
    prompt: Jawab singkat.
  cuaca:
    kind: api
    title: Cuaca
    phrases: [cuaca]
    arguments:
      - {name: kota, kind: choice, choices: [Gresik, Tuban], default: Tuban}
      - {name: hari, kind: date, default: hari ini}
    roles: [operator]
    source: bmkg
    path: /v1/{kota}
    rows_at: data.list
    template: jawab
  rekap:
    kind: report
    title: Rekap
    phrases: [rekap]
    arguments:
      - {name: hari, kind: date, default: kemarin}
    roles: [operator]
    report: rekap-harian
  setel:
    kind: sql
    title: Setel
    phrases: [setel]
    roles: [operator]
    confirm: true
    approval: kepala-shift
    source: pabrik
    query: SELECT 1
    template: jawab
  semua:
    kind: group
    title: Semua
    phrases: [semua]
    arguments:
      - name: boiler
        kind: int
        minimum: 1
        maximum: 4
    roles: [operator]
    triggers: [suhu, rekap]
    mode: sequence
"""


def problems(text: str) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        read_catalog(text, "c.yaml")
    return [str(problem) for problem in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_every_kind_is_read_and_written_again() -> None:
    catalog = read_catalog(GOOD, "c.yaml")
    assert {trigger.kind for trigger in catalog.triggers.values()} == {"sql", "pi", "ai", "api", "report", "group"}
    assert catalog.contacts["budi"].roles == ("operator", "kepala-shift")
    suhu = catalog.triggers["suhu"]
    assert [argument.kind for argument in suhu.arguments] == ["int", "date"]
    assert (suhu.timeout_s, suhu.max_rows, suhu.cooldown_s, suhu.cache_s, suhu.confirm) == (10, 50, 0, 0, False)
    written = write_catalog(catalog)
    assert read_catalog(written, "c.yaml") == catalog
    assert write_catalog(read_catalog(written, "c.yaml")) == written


def test_an_argument_may_be_written_shortly() -> None:
    written = write_catalog(read_catalog(GOOD, "c.yaml"))
    assert "          - A\n          - value: B2\n" in written
    assert "minimum: 0.5\n" in written


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case["found"][0].split(": ")[0])
def test_a_mistake_is_named_with_what_is_valid(case: dict[str, Any]) -> None:
    found = [problem.split(": ", 1)[1] for problem in problems(changed(case["change"], case["to"]))]
    assert found == case["found"]


def test_a_mistake_has_the_line_where_it_is() -> None:
    text = changed("        minimum: 0.5\n", "        minimum: banyak\n")
    line = text[: text.index("minimum: banyak")].count("\n") + 1
    assert problems(text)[0].startswith(f"c.yaml:{line}: ")


def test_a_circle_of_groups_is_told_with_its_way() -> None:
    second = (
        "  lagi:\n    kind: group\n    title: L\n    phrases: [lagi]\n    roles: [operator]\n    triggers: [semua]\n"
    )
    text = changed("triggers: [suhu, rekap]", "triggers: [suhu, lagi]") + second
    found = "\n".join(problems(text))
    assert "triggers.semua.triggers[1]: found a circle: semua → lagi → semua; must not" in found
    assert "triggers.lagi.triggers[0]: found a circle: lagi → semua → lagi; must not" in found


def test_a_role_that_nobody_has_yet_is_no_mistake() -> None:
    read_catalog(changed("approval: kepala-shift", "approval: auditor"), "c.yaml")


@pytest.mark.parametrize("example", ["TI2001", "TI-2001 TI-2002"])
def test_an_example_of_a_tag_must_be_one(example: str) -> None:
    text = GOOD.replace("kind: tag\n", f"kind: tag\n        example: {example}\n")
    with pytest.raises(CatalogError, match=f"example: found '{example}', must be one word that looks like"):
        read_catalog(text, "c.yaml")


def test_the_same_argument_may_be_written_in_other_words() -> None:
    text = changed(
        "      - name: boiler\n        kind: int\n        minimum: 1\n        maximum: 4\n    roles",
        "      - {maximum: 4, minimum: 1, kind: int, name: boiler, title: Boiler, required: true}\n    roles",
    )
    assert read_catalog(text, "c.yaml").triggers["semua"].arguments[0].label == "Boiler"
