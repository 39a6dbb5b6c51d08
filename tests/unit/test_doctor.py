"""`wa doctor` names what is wrong and what to do, hangs never, and shows no secret."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import prefect
import pytest
from typer.testing import CliRunner

from deployments.cli import app
from deployments.doctor import Finding, Mark, examine, machine, orchestrating, storing
from deployments.doctor.finding import good
from deployments.source_checks import SourceVerdict
from wa_integrasi.settings import Settings, SettingsError, load_settings
from wa_integrasi.sources.base import SourceReport

SECRET = "geheim-geheim-geheim-geheim-geheim"


def settings(tmp_path: Path, **more: str) -> Settings:
    given = {
        "WA_DATABASE_URL": f"sqlite:///{tmp_path}/wa.db",
        "WA_MEDIA_PATH": f"{tmp_path}/media",
        "WA_FILES_PATH": f"{tmp_path}/files",
        "WA_ARCHIVE_PATH": f"{tmp_path}/archive",
        "WA_SECRET_KEY": SECRET,
    }
    return load_settings({**given, **more}, tmp_path / ".env")


def said(findings: Iterator[Finding] | list[Finding]) -> list[tuple[str, str]]:
    return [(each.mark.value, each.said) for each in findings if each.mark is not Mark.GOOD]


def test_a_misspelt_variable_is_named_with_the_one_that_was_meant(tmp_path: Path) -> None:
    given = {"WA_TIMEZON": "x", "WA_GROUP_PRODUKSI_ID": "x", "WA_AUTH_PATH": "x", "WA_QQQQQQ": SECRET, "WA_LOCALE": ""}
    found = [each for each in machine.variables(settings(tmp_path), given) if each.about == "variables"]
    assert [(each.said, each.todo) for each in found] == [
        ("WA_LOCALE is read by nobody", "remove it"),
        ("WA_QQQQQQ is read by nobody", "remove it"),
        ("WA_TIMEZON is read by nobody", "did you mean WA_TIMEZONE?"),
    ]


def test_an_account_that_lacks_a_variable_is_broken(tmp_path: Path) -> None:
    found = list(machine.variables(settings(tmp_path, WA_PROVIDER="meta"), {}))
    [account] = [each for each in found if each.about == "account"]
    assert account.mark is Mark.BROKEN
    assert "WA_API_KEY: not set; WA_PROVIDER=meta needs it" in account.said
    assert SECRET not in str(found)


def test_deployments_that_cannot_be_compared_for_want_of_a_variable_are_not_prefects_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answers() -> None:
        pass

    async def server() -> tuple[str, int]:
        return prefect.__version__, 1

    async def not_compared(settings: Settings) -> None:
        settings.account()

    monkeypatch.setattr("deployments.register.check_prefect", answers)
    monkeypatch.setattr(orchestrating, "_server", server)
    monkeypatch.setattr("deployments.drift.drift", not_compared)
    found = list(orchestrating.prefect(settings(tmp_path, WA_PROVIDER="meta")))
    assert [(each.about, each.mark.value) for each in found] == [
        ("Prefect", "good"),
        ("worker", "good"),
        ("deployments", "broken"),
    ]
    assert "the variables of the account default are not right" in found[-1].said


def test_folders_that_cannot_be_written_or_that_others_read_are_named(tmp_path: Path) -> None:
    given = settings(tmp_path)
    assert said(machine.folders(given)) == []
    (tmp_path / "media").mkdir()
    (tmp_path / "media").chmod(0o755)
    (tmp_path / "archive").write_text("")
    assert said(machine.folders(given)) == [
        ("warning", f"WA_MEDIA_PATH: others may read {tmp_path / 'media'}"),
        ("broken", f"WA_ARCHIVE_PATH: {tmp_path / 'archive'} cannot be written"),
    ]


def test_schedules_say_when_they_come_in_the_business_zone() -> None:
    at = datetime(2040, 11, 19, 23, 59, tzinfo=UTC)
    times = machine.next_times("0 7 * * *", "Asia/Jakarta", at, 2)
    assert [time.isoformat() for time in times] == ["2040-11-20T07:00:00+07:00", "2040-11-21T07:00:00+07:00"]
    with pytest.raises(ValueError):
        machine.next_times("99 7 * * *", "Asia/Jakarta", at, 1)


def test_a_store_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    checks = [("store", storing.store), ("fonts", machine.fonts)]
    found = examine(lambda: settings(tmp_path), checks)
    assert [(each.mark, each.about) for each in found] == [(Mark.BROKEN, "store"), (Mark.GOOD, "fonts")]
    assert found[0].said == f"there is no store at {tmp_path}/wa.db: run 'wa init', or correct WA_DATABASE_URL"
    assert not (tmp_path / "wa.db").exists()


def test_what_hangs_or_breaks_holds_nothing_up_and_shows_no_secret(tmp_path: Path) -> None:
    never = threading.Event()

    def hangs(_: Settings) -> Iterator[Finding]:
        yield good("half", "done")
        never.wait()

    def breaks(_: Settings) -> Iterator[Finding]:
        raise RuntimeError(SECRET)

    found = examine(lambda: settings(tmp_path), [("hanging", hangs), ("breaking", breaks)], within_s=0.2)
    never.set()
    assert [(each.about, each.said) for each in found] == [
        ("half", "done"),
        ("hanging", "no answer within 0 s"),
        ("breaking", "RuntimeError"),
    ]


def test_a_wrong_variable_is_the_first_thing_to_correct() -> None:
    def wrong() -> Settings:
        raise SettingsError("WA_TIMEZONE: found 'WIB', must be an IANA zone")

    [found] = examine(wrong)
    assert (found.mark, found.said) == (Mark.BROKEN, "WA_TIMEZONE: found 'WIB', must be an IANA zone")


def test_the_command_ends_with_1_and_prints_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_TIMEZONE", "WIB")
    for arguments, reads in ((["doctor"], str), (["doctor", "--json"], json.loads)):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 1
        assert "WIB" in str(reads(result.stdout))


def test_sources_of_every_kind_are_named_with_what_is_doubtful_about_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubt = "column 'ton' of p is read as text"

    async def checked() -> list[SourceVerdict]:
        return [
            SourceVerdict("timbang", "csv", SourceReport("csv", "CSV: p 2 rows", "UTC", 3.2, None, (doubt,))),
            SourceVerdict("pabrik", "sql", SourceReport("sqlite", "SQLite 3", "UTC", 1.0, ("INSERT on unit",))),
            SourceVerdict("pi", "pi", None, "no answer"),
            SourceVerdict("cuaca", "http-json", SourceReport("http-json", "HTTP", "UTC", 1.0, None)),
        ]

    monkeypatch.setattr("deployments.source_checks.check_sources", checked)
    assert said(orchestrating.sources(settings(tmp_path))) == [
        (Mark.WARNING.value, f"csv timbang: CSV: p 2 rows, 3 ms; {doubt}"),
        (Mark.WARNING.value, "sql pabrik: SQLite 3, 1 ms; its account could write"),
        (Mark.BROKEN.value, "pi pi: no answer"),
    ]
