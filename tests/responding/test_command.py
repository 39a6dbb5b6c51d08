"""`wa complaint`, as somebody at a terminal sees it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.responding.conftest import Desk, on_sqlite
from tests.store.test_routing import COMPLAINT
from wa_integrasi.store.tables import audit_log

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def wa(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("WA_DATABASE_URL", database_url)

    def run(*words: str) -> tuple[int, str, str]:
        from deployments.cli import main

        monkeypatch.setattr("sys.argv", ["wa", "complaint", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@on_sqlite
def test_complaints_are_listed_shown_answered_and_tried_again(desk: Desk, wa: Run) -> None:
    desk.people.said(COMPLAINT)
    desk.insert("bukan nomor\x1b[31m")
    desk.respond()
    code, out, _ = wa("list", "--json")
    [bad, good] = json.loads(out)
    assert (code, bad["ticket"], bad["status"], bad["from"]) == (0, "K4011-00002", "aside", "(cannot be read)")
    assert (good["status"], good["from"], good["answered"]) == ("responded", "+62…7890", None)
    assert "81234567890" not in out
    assert "K4011-00001" not in wa("list", "--status", "aside")[1]

    code, out, _ = wa("show", "k4011-1")
    assert code == 0
    assert "AC ruang 3 bocor" in out
    assert "next_escalation  2040-11-20 10:30" in out

    assert wa("answered", "K4011-00001", "--by", "Agus")[:2] == (0, "K4011-00001 is answered\n")
    assert wa("answered", "1")[1].startswith("K4011-00001 was answered before, ")
    assert wa("list", "--unanswered")[1] == "no complaints\n"

    assert wa("retry", "2")[:2] == (0, "K4011-00002 waits for the next run of complaints/respond\n")
    assert [row.status for row in desk.complaints()] == ["responded", "pending"]
    code, _, err = wa("retry", "2")
    assert (code, err) == (1, "error: K4011-00002 is pending: only what was set aside is tried again\n")
    assert wa("show", "K2611-00099")[::2] == (1, "error: no complaint has the ticket K2611-00099\n")
    assert wa("show", "kemarin")[0] == 1
    assert wa("show", "9" * 30)[0] == 1
    done = [(row.action, row.subject) for row in desk.rows(audit_log)]
    assert done == [("complaint.answered", "complaint:1"), ("complaint.retry", "complaint:2")]
