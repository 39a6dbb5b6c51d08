"""`wa outbox` as somebody at a terminal sees it: what waits for what, and decisions about messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from deployments.cli import app
from tests.conftest import FrozenClock
from wa_integrasi.content import Text
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, Failed
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import wa_outbox

PEOPLE = [Recipient.parse(f"+62812345678{number:02}") for number in range(3)]


@pytest.fixture
def wa(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Run `wa outbox` over the store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, ["outbox", *arguments])


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, clock=clock)


@pytest.fixture
def ids(outbox: Outbox) -> list[int]:
    """Three messages of a report: one sent, one dead, one that waits behind nothing."""
    made = outbox.enqueue(
        [NewMessage(person, Text(body="rekap"), report="harian", slot="2026-11-19") for person in PEOPLE]
    )
    claimed = outbox.claim("test", {"default": AccountRules()}, limit=2)
    wrong = Failed(Action.DEAD, "131026", "Message undeliverable")
    outbox.settle(list(zip(claimed, [Accepted("w1"), wrong], strict=True)))
    return [row.id for row in made]


def test_a_message_says_when_it_is_due_or_whom_it_waits_for(wa: Any, outbox: Outbox) -> None:
    first, second = (
        row.id for row in outbox.enqueue([NewMessage(PEOPLE[0], Text(body=body)) for body in ("satu", "dua")])
    )
    assert "pending (due 2040-11-20 07:00:00)" in wa("show", str(first)).stdout
    assert f"pending (waits behind message {first} of the same chat)" in wa("show", str(second)).stdout
    [claimed] = outbox.claim("test", {"default": AccountRules()})
    outbox.settle([(claimed, Failed(Action.RETRY, "130429", "Rate limit hit"))])
    said = wa("show", str(first)).stdout
    assert "pending (130429: Rate limit hit; due 2040-11-20 07:0" in said


def test_a_message_of_a_held_account_says_so(wa: Any, outbox: Outbox) -> None:
    [row] = outbox.enqueue([NewMessage(PEOPLE[0], Text(body="satu"))])
    outbox.hold("default", "session_lost", "SCAN_QR_CODE")
    assert "the account default is held: session_lost: SCAN_QR_CODE" in wa("show", str(row.id)).stdout


def test_a_row_that_nobody_has_read_yet_is_shown(wa: Any, store: Store) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO wa_outbox (recipient, content) VALUES ('0812-3456-7890', 'halo')")
    assert "(not addressed), pending (due " in wa("show", "1").stdout
    assert "(not addressed)" in wa("list").stdout


def test_json_has_what_the_text_has(wa: Any, ids: list[int]) -> None:
    said = json.loads(wa("show", str(ids[1]), "--json").stdout)
    steps = said.pop("steps")
    assert said == {
        "id": ids[1],
        "to": "+62…7801",
        "status": "dead",
        "reason": "131026: Message undeliverable",
        "account": "default",
        "report": "harian",
        "slot": "2026-11-19",
        "part": "1/1",
        "attempts": 1,
        "created": "2040-11-20 07:00:00",
        "content": "rekap",
    }
    assert [(step["at"], step["status"]) for step in steps][-1] == ("2040-11-20 07:00:00", "dead")


def test_the_list_has_times_of_the_business_zone_and_is_narrowed(wa: Any, store: Store, ids: list[int]) -> None:
    with store.writing() as connection:
        connection.execute(update(wa_outbox).where(wa_outbox.c.id == ids[2]).values(account="gudang"))
    assert "2040-11-20 07:00" in wa("list").stdout
    assert [row["id"] for row in json.loads(wa("list", "--code", "131026", "--json").stdout)] == [ids[1]]
    assert [row["id"] for row in json.loads(wa("list", "--account", "gudang", "--json").stdout)] == [ids[2]]


def test_messages_that_stay_as_they_are_are_named(wa: Any, ids: list[int]) -> None:
    sent, dead, _ = map(str, ids)
    done = wa("requeue", sent, dead, "999", "--reason", "coba lagi")
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        f"message {sent}: it is sent, not dead or refused",
        "message 999: there is none",
    ]
    assert done.stdout == "messages that wait again: 1\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["requeue", "999"], "message 999: there is none"),
        (["discard", "1"], "message 1: it is sent, not dead or refused or unknown"),
        (["cancel", "2"], "message 2: it is dead, not pending"),
        (["requeue", "2", "--report", "bulanan"], "message 2: does not fit report bulanan"),
        (["requeue", "--report", "bulanan"], "no message fits: report bulanan"),
        (["cancel", "--account", "gudang", "--slot", "x"], "no message fits: slot x, account gudang"),
        (["requeue", "--code", "1"], "no message fits: code 1"),
        (["cancel", "--report", "harian", "2"], "message 2: it is dead, not pending"),
    ],
)
def test_a_decision_that_changes_nothing_says_why(wa: Any, ids: list[int], words: list[str], said: str) -> None:
    done = wa(*words, "--reason", "coba lagi")
    assert (done.exit_code, done.stderr) == (1, f"{said}\n")
    assert done.stdout.endswith(": 0\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["requeue", "0"], "Input should be greater than or equal to 1"),
        (["discard", str(2**63)], f"Input should be less than or equal to {2**63 - 1}"),
        (["cancel"], "say which messages: ids, --report, --slot or --account"),
    ],
)
def test_what_names_no_message_is_wrong_usage(wa: Any, ids: list[int], words: list[str], said: str) -> None:
    done = wa(*words, "--reason", "coba lagi")
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())
