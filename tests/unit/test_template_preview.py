"""`wa template preview` and the warnings of `wa catalog check`, as somebody at a terminal sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deployments.cli import app
from deployments.errors import RegistrationError

CATALOG = """\
version: 1
contacts:
  budi: {phone: "0812-3456-7891", display_name: Budi, honorific: Bapak, roles: [operator]}
groups:
  malam: {chat_id: "120363012345678901@g.us", display_name: Shift Malam}
chat_templates:
  rekap:
    body: |
      {{ recipient.greeting }}.
      *{{ report.title }}: {{ rows[0].hari | date }} {{ rows | sum(attribute="ton") | change(previous[0].ton) }}
      {{ queries.henti | length }} henti, {{ parameters.unit }}
  jawab:
    body: "{{ arguments.unit }}: {{ rows[0].ton | number }}"
  sisa:
    body: sisa
reports:
  harian:
    {title: Harian, cadence: daily, owner: budi, source: x, query: "SELECT :unit", template: rekap, recipients: [budi],
     parameters: [{name: unit, kind: choice, choices: [GL1, GL2], default: GL1}], queries: {henti: SELECT 1}}
triggers:
  tanya: {kind: sql, title: Tanya, phrases: [tanya], source: pabrik, query: "SELECT :unit", template: jawab,
    roles: [operator], arguments: [{name: unit, kind: choice, choices: [GL1, GL2]}]}
"""
ROWS = {"rows": [{"hari": "2026-11-19", "ton": 1200.5}], "previous": [{"ton": 1000}]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(CATALOG, encoding="utf-8")
    (tmp_path / "rows.json").write_text(json.dumps(ROWS), encoding="utf-8")
    return tmp_path


def preview(*words: str) -> Result:
    return CliRunner().invoke(app, ["template", "preview", *words, "--catalog", "c.yaml"])


def test_a_template_of_a_report_is_shown_with_sample_rows_and_its_warnings(folder: Path) -> None:
    done = preview("rekap", "--rows", "rows.json", "--param", "unit=GL2", "--to", "malam", "--png", "p.png", "--dark")
    assert done.exit_code == 0, done.output
    assert ", rekan-rekan Shift Malam.\n*Harian: 19 November 2026 ▲ 200,5 (+20,1%)\n0 henti, GL2\n" in done.stdout
    assert "warning: template, line 2: * has no partner on its line" in done.stderr
    assert "warning: text, line 2: * has no partner on its line" in done.stderr
    assert (folder / "p.png").read_bytes().startswith(b"\x89PNG")


def test_a_template_of_a_trigger_is_shown_with_sample_rows(folder: Path) -> None:
    done = preview("jawab", "--rows", "rows.json", "--param", "unit=gl1")
    assert done.stdout.startswith("GL1: 1.200,5\n_pabrik, ")
    assert done.stderr == ""


def test_without_prefect_it_is_said_that_rows_may_be_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise RegistrationError("PREFECT_API_URL is not set")

    monkeypatch.setattr("deployments.commands.template_preview.check_prefect", away)
    done = preview("rekap")
    assert (done.exit_code, done.stdout) == (1, "")
    assert str(done.exception) == "PREFECT_API_URL is not set; or show rows of yours, with --rows FILE"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["rekab"], "no chat template is called rekab (did you mean 'rekap'?); there are: jawab, rekap, sisa"),
        (["sisa"], "no report and no trigger uses the chat template sisa"),
        (["jawab"], "--rows: the trigger tanya uses this template; give rows for it"),
        (["jawab", "--rows", "rows.json"], "--param.unit: is missing, must be one of GL1, GL2"),
        (["rekap", "--rows", "c.yaml"], "--rows: c.yaml must be a JSON list of objects"),
        (["rekap", "--rows", "x.json"], "--rows: x.json cannot be read: No such file"),
        (["rekap", "--rows", "rows.json", "--param", "unit"], "--param: found 'unit', must be name=value"),
        (
            ["rekap", "--rows", "rows.json", "--param", "unit=GL3"],
            "parameters.unit: is not one of the choices, must be",
        ),
        (["rekap", "--rows", "rows.json", "--param", "as_of=besok"], "as_of: found 'besok', must be a day or a moment"),
        (
            ["rekap", "--rows", "rows.json", "--to", "tono"],
            "no contact or group is called tono; there are: budi, malam",
        ),
    ],
)
def test_what_cannot_be_shown_is_said(folder: Path, words: list[str], reason: str) -> None:
    done = preview(*words)
    said = " ".join(done.output.replace("│", " ").split())
    assert reason in (said if done.exit_code == 2 else str(done.exception))
    assert done.exit_code != 0


def test_a_check_of_the_catalog_warns_with_file_and_line_and_may_be_strict(folder: Path) -> None:
    warning = "warning: c.yaml:10: chat_templates.rekap.body: * has no partner on its line"
    done = CliRunner().invoke(app, ["catalog", "check", "c.yaml"])
    assert (done.exit_code, done.stdout[:15]) == (0, "good: 1 report,")
    assert done.stderr.startswith(warning)
    strict = CliRunner().invoke(app, ["catalog", "check", "c.yaml", "--strict"])
    assert strict.exit_code == 1
    assert str(strict.exception) == "found 1 warning, must be none"
