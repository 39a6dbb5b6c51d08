"""What is named and is not there: every command ends with 1 and one line, for programs with one object of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.cli import main
from wa_integrasi.store.engine import Store

Run = Callable[[str], tuple[int, str, str]]


@pytest.fixture
def wa(
    store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_DATABASE_URL", database_url)

    def run(line: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["wa", *line.split()])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


ACCOUNT = "no account is called nope; there are: none; 'wa deploy' tells the store of new ones"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("report preview nope", "no report is called nope; there are: none"),
        ("report run nope", "no report is called nope; there are: none"),
        ("trigger test halo --as nope", "no contact is called nope; there are: none"),
        ("trigger test halo --group nope", "no group chat is called nope; there are: none"),
        ("template preview nope", "no chat template is called nope; there are: none"),
        ("template list --account nope", ACCOUNT),
        ("template nudge sapa --account nope", ACCOUNT),
        ("send 081234567890 halo --account nope", ACCOUNT),
        ("key create kunci --scope send --account nope", ACCOUNT.replace("none", "default")),
        ("key revoke nope", "no key is called nope; 'wa key list' has them"),
        ("contact block 081234567890 --reason x --account nope", ACCOUNT.replace("none", "default")),
        ("contact start 081234567890 --reason x --account nope", ACCOUNT.replace("none", "default")),
        ("contact start 081234567890 --reason x", "081234567890 has not said STOP"),
        ("subscription list --contact nope", "no contact is called nope; there are: none"),
        ("complaint show nope", "no complaint has the ticket nope; one is such as K2611-00042, or its number"),
        ("complaint answered K2611-00042", "no complaint has the ticket K2611-00042"),
        ("outbox show 99", "no message has the id 99; 'wa outbox list' shows which there are"),
        ("media export 99 --out berkas", "no file has the id 99; 'wa media list' shows which there are"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(wa: Run, line: str, said: str) -> None:
    code, out, err = wa(line)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"error: {said}")


@pytest.mark.parametrize("line", ["contact block nope --reason x", "contact unblock nope", "send nope halo"])
def test_a_recipient_that_is_neither_a_number_nor_a_name_is_said_in_one_line(wa: Run, line: str) -> None:
    code, out, err = wa(line)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.endswith("and no contact or group of the catalog is called so\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("outbox show x --json", "Invalid value for 'ID': "),
        ("outbox list --limit 0 --json", "Invalid value for '--limit': "),
        ("report nope --json", "No such command 'nope'"),
        ("report preview x --json", "No such option"),
        ("trigger test halo --language fr --json", "Invalid value: --language: found 'fr', must be one of: id, en"),
    ],
)
def test_wrong_usage_is_an_object_for_programs_too(wa: Run, line: str, said: str) -> None:
    code, out, err = wa(line)
    assert (code, out) == (2, "")
    assert json.loads(err)["error"].startswith(said)


@pytest.mark.parametrize(
    "line",
    ["trigger test halo --as nope", "template list --account nope", "complaint show 17", "outbox show 99", "send no x"],
)
def test_programs_read_it_as_an_object(wa: Run, line: str) -> None:
    _, _, plain = wa(line)
    code, out, err = wa(f"{line} --json")
    assert (code, out) == (1, "")
    assert json.loads(err) == {"error": plain.removeprefix("error: ").rstrip("\n")}
