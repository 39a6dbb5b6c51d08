"""`wa trigger` as people type it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from deployments.cli import app
from deployments.commands import trigger as commands
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.store.engine import Store

CATALOG = """
version: 1
contacts:
  budi: {phone: "0812-3456-7891", display_name: Budi, roles: [operator]}
  sari: {phone: "0812-3456-7892", display_name: Sari, language: en}
groups:
  kontrol: {chat_id: env}
  daftar: {members: [budi]}
chat_templates:
  jawab: {body: "{{ rows | length }}"}
triggers:
  suhu:
    kind: sql
    title: Suhu
    phrases: [suhu boiler, boiler temperature]
    arguments:
      - {name: boiler, kind: int, minimum: 1, maximum: 4}
      - {name: hari, kind: date, default: kemarin}
      - {name: batas, kind: number, required: false}
    roles: [operator]
    groups: [kontrol]
    source: pabrik
    query: SELECT :boiler, :hari_start
    template: jawab
  cuaca:
    kind: api
    title: Cuaca
    phrases: [cuaca]
    arguments:
      - {name: stasiun, kind: tag, pattern: "[a-z0-9/.]+", letters: lower}
      - {name: hari, kind: date, default: kemarin}
      - {name: kata, kind: text, required: false}
    roles: [operator]
    source: cuaca
    path: /v1/{stasiun}
    template: jawab
"""


@pytest.fixture
def wa(store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Run `wa trigger` on 20 November 2026."""
    apply_catalog(store, read_catalog(CATALOG, "catalog.yaml"))
    monkeypatch.setattr(commands, "utc_now", lambda: datetime(2026, 11, 20, 3, tzinfo=UTC))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["trigger", *arguments])
        assert done.exit_code == code, done.output
        return done.output

    return run


def test_the_triggers_are_listed(wa: Any) -> None:
    assert "suhu boiler, boiler temperature" in wa("list")
    _, row = json.loads(wa("list", "--json"))
    assert row == {
        "name": "suhu",
        "kind": "sql",
        "phrases": "suhu boiler, boiler temperature",
        "arguments": "boiler:int, hari:date, batas:number",
        "roles": "operator",
        "groups": "kontrol",
        "enabled": "yes",
    }


def test_a_text_is_shown_as_it_is_read(wa: Any) -> None:
    told = wa("test", "Suhu — Boiler 2", "--as", "budi")
    assert told.splitlines() == [
        "reading     run",
        "trigger     suhu",
        "arguments   boiler = 2",
        "arguments   hari = '2026-11-19'",
        "arguments   batas = None",
        "binds       :now = '2026-11-20T03:00:00+00:00'",
        "binds       :boiler = 2",
        "binds       :hari = '2026-11-19'",
        "binds       :hari_start = '2026-11-18T17:00:00+00:00'",
        "binds       :hari_end = '2026-11-19T17:00:00+00:00'",
        "binds       :batas = None",
        "allowed     yes",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["suhu boiler 2", "--as", "sari"], {"reading": "run", "allowed": "no: You may not use this command."}),
        (["suhu boiler 2", "--as", "budi", "--group", "kontrol"], {"reading": "not for the bot"}),
        (["!suhu boiler 2", "--as", "budi", "--group", "kontrol"], {"reading": "run", "allowed": "yes"}),
        (["suhu boiler 2", "--as", "budi", "--group", "kontrol", "--mentioned"], {"reading": "run", "allowed": "yes"}),
        (["suhu boiler"], {"reading": "incomplete", "argument": "boiler", "expected": "a whole number from 1 to 4"}),
        (["suhu boiler 9"], {"reading": "incomplete", "problem": "'9' is too large, 4 at most"}),
        (["suhu boiler 2 kemarin 3 4"], {"reading": "incomplete", "argument": "none is left"}),
        (["suhu boiler 2 kemarin 1.234"], {"reading": "run", "arguments": {"batas": 1234.0}}),
        (["suhu boiler 2 kemarin 1.234", "--as", "sari"], {"arguments": {"batas": 1.234}}),
        (["suhu boiler 2 kemarin 1.234", "--language", "en"], {"arguments": {"batas": 1.234}}),
        (["suhu boilr 2"], {"reading": "unknown", "suggestions": ["suhu boiler 2"]}),
        (["suhu boilr 2", "--as", "sari"], {"reading": "unknown", "suggestions": []}),
        (["bantuan suhu"], {"reading": "command of the system", "command": "help", "rest": "suhu"}),
        (["suhu boiler '; DROP TABLE x"], {"reading": "incomplete", "problem": "is not a whole number"}),
    ],
)
def test_what_becomes_of_a_text(wa: Any, words: list[str], expected: dict[str, Any]) -> None:
    told = json.loads(wa("test", *words, "--json"))
    for key, value in expected.items():
        if isinstance(value, dict):
            assert value.items() <= told[key].items()
        elif isinstance(value, str):
            assert value in told[key]
        else:
            assert told[key] == value


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["suhu", "--language", "fr"], "--language: found 'fr', must be one of: id, en"),
    ],
)
def test_wrong_usage_is_told(wa: Any, words: list[str], reason: str) -> None:
    assert reason in " ".join(wa("test", *words, code=2).replace("│", " ").split())


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("cuaca s7", "GET /v1/s7?hari=2026-11-19 of cuaca"),
        ("cuaca s/7", "GET /v1/s%2F7?hari=2026-11-19 of cuaca"),
        ("cuaca ../admin", "none: a value may not lead to another path by . or .."),
        ("cuaca s7 kemarin x&hari=1#", "GET /v1/s7?hari=2026-11-19&kata=x%26hari%3D1%23 of cuaca"),
    ],
)
def test_it_shows_what_a_web_service_would_be_asked(wa: Any, text: str, asked: str) -> None:
    told = json.loads(wa("test", text, "--as", "budi", "--json"))
    assert (told["reading"], told["request"]) == ("run", asked)
