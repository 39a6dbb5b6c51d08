"""Commands that read make no store where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deployments.cli import app
from wa_integrasi.store.engine import StoreError


@pytest.mark.parametrize("command", ["outbox list", "messages list", "template list", "key list", "notice list"])
def test_a_mistyped_address_is_said_and_no_file_is_made(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WA_DATABASE_URL", f"sqlite:///{tmp_path}/typo/wa.db")
    result = CliRunner().invoke(app, command.split())
    assert isinstance(result.exception, StoreError)
    assert str(result.exception) == (
        f"there is no store at {tmp_path}/typo/wa.db: run 'wa init', or correct WA_DATABASE_URL"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["media list --state x", "messages list --since x", "key create a --scope x"])
def test_a_wrong_word_is_refused_in_plain_words(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 2
    assert f"Invalid value for '{command.split()[-2]}': 'x' " in result.output
