"""`wa report` as people type it, before anything is asked of Prefect."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from deployments.cli import app
from deployments.commands import report as commands
from tests.conftest import FrozenClock
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.store.engine import Store

CATALOG = """
version: 1
contacts:
  budi: {phone: "0812-3456-7891", display_name: Budi}
chat_templates:
  rekap: {body: "halo"}
reports:
  harian: {title: Harian, cadence: daily, owner: budi, source: x, query: SELECT 1, template: rekap, recipients: [budi]}
  bulanan: {title: Bulanan, cadence: monthly, owner: budi, source: x, query: SELECT 2,
     template: rekap, recipients: [budi]}
"""


@pytest.fixture
def wa(store: Store, database_url: str, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Run `wa report` on 20 November 2040, without Prefect."""
    apply_catalog(store, read_catalog(CATALOG, "catalog.yaml"))
    monkeypatch.setattr(commands, "utc_now", clock)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, ["report", *arguments])


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["run", "harian", "--slot", "2040-11-20"], "ends at 2040-11-21 00:00; choose one that is over"),
        (["run", "bulanan", "--slot", "2040-11-01"], "ends at 2040-12-01 00:00; choose one that is over"),
        (["run", "harian", "--slot", "kemarin"], "--slot: found 'kemarin', must be a day such as 2026-11-19"),
        (["preview", "harian", "--slot", "2026-10"], "--slot: found '2026-10', must be a day such as 2026-11-19"),
    ],
)
def test_a_slot_that_cannot_be_is_refused_before_a_run_begins(wa: Any, words: list[str], reason: str) -> None:
    done = wa(*words)
    assert done.exit_code == 2
    assert reason in " ".join(done.output.replace("│", " ").split())
    assert "Traceback" not in done.output


@pytest.mark.parametrize("words", [["run", "harian", "--slot", "2040-11-19"], ["run", "bulanan"]])
def test_a_slot_that_is_over_is_run(wa: Any, words: list[str]) -> None:
    assert "PREFECT_API_URL is not set" in str(wa(*words).exception)
