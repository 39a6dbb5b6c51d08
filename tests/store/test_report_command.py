"""`wa report` as people type it, before anything is asked of Prefect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect import State
from prefect.states import Crashed, Failed
from typer.testing import CliRunner

from deployments.cli import app
from deployments.commands import report as commands
from tests.conftest import FrozenClock
from tests.responding.conftest import on_sqlite
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.history import History
from wa_integrasi.reporting import ReportError
from wa_integrasi.sources.base import Rows
from wa_integrasi.store.engine import Store, StoreError

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
    monkeypatch.setattr("wa_integrasi.reporting.runs.utc_now", clock)
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
        (["run", "harian", "--until", "2040-11-18"], "until: found it without a slot to begin with"),
        (
            ["run", "harian", "--slot", "2040-11-18", "--until", "2040-11-17"],
            "until: found 2040-11-17, must not be before",
        ),
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


@on_sqlite
@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (Failed(message="harian: query failed: no such column: x"), "harian: query failed: no such column: x"),
        (Failed(data=StoreError("it is away")), "harian: it is away"),
        (Crashed(data=KeyError("0812")), "harian: the run is Crashed, KeyError; its page in the Prefect UI says more"),
    ],
)
def test_a_run_that_failed_ends_with_1_and_one_line_that_says_why(
    wa: Any, monkeypatch: pytest.MonkeyPatch, ends: State[Any], said: str
) -> None:
    async def answers() -> None:
        pass

    async def rekap(*_: Any, **__: Any) -> State[Any]:
        return ends

    monkeypatch.setattr(commands, "check_prefect", answers)
    monkeypatch.setattr("flows.rekap.rekap", rekap)
    done = wa("run", "harian", "--slot", "2040-11-19")
    assert (done.exit_code, type(done.exception), str(done.exception)) == (1, ReportError, said)


class OneSource:
    """Stands in for the block of the source."""

    def query(self, statement: str, parameters: Any) -> Rows:
        return Rows(("unit", "ton"), (("Tungku", 12.5), ("Kemas", 7)))


@pytest.fixture
def previewed(wa: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Preview a report with a chart and a file for two people."""
    text = CATALOG.replace(
        "chat_templates:", '  siti: {phone: "0812-3456-7892", display_name: Siti}\nchat_templates:'
    ).replace(
        "recipients: [budi]}\n  bulanan",
        "recipients: [budi, siti],\n    chart: {kind: bar, x: unit, y: [ton]}, attach: csv}\n  bulanan",
    )
    apply_catalog(store, read_catalog(text, "catalog.yaml"))

    async def prefect_answers() -> None:
        return None

    monkeypatch.setattr(commands, "check_prefect", prefect_answers)
    monkeypatch.setattr("blocks.sources.load_source", lambda name, kind: OneSource())
    return lambda *more: wa("preview", "harian", "--slot", "2040-11-19", *more)


def test_a_preview_tells_who_would_get_what_and_enqueues_nothing(previewed: Any, store: Store) -> None:
    done = previewed()
    assert done.exit_code == 0, done.output
    assert done.output.count("[image: harian-2040-11-19.png, ") == 2
    assert done.output.count("[document: harian-2040-11-19.csv, ") == 2
    assert "6 messages to 2 recipients for 2040-11-19 by the account default, none enqueued" in done.output
    assert "6281234567891" not in done.output
    assert History(store).messages() == []


def test_a_preview_for_one_contact_writes_the_files_and_the_picture(previewed: Any, tmp_path: Path) -> None:
    done = previewed("--to", "siti", "--attachments", "lampiran", "--png", "ponsel.png")
    assert "3 messages to 1 recipient for " in done.output
    assert (tmp_path / "lampiran/harian-2040-11-19.csv").read_text("utf-8-sig") == "Unit;Ton\nTungku;12,5\nKemas;7\n"
    for picture in ("lampiran/harian-2040-11-19.png", "ponsel.png"):
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--param", "unit"], "--param: found 'unit', must be name=value"),
        (["--png", "/dev/null/x.png"], "--png: /dev/null/x.png cannot be written"),
    ],
)
def test_a_wrong_option_of_a_preview_is_said(previewed: Any, words: list[str], reason: str) -> None:
    done = previewed(*words)
    assert done.exit_code == 2
    assert reason in " ".join(done.output.replace("│", " ").split())
