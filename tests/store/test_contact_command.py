"""`wa contact` as somebody at a terminal sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from deployments.cli import app
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.clock import utc_now
from wa_integrasi.inbox.contacts import Consent, note_contacts
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import audit_log, learned_ids


@pytest.fixture
def wa(store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Run `wa contact` over the store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, ["contact", *arguments])


def test_a_block_is_listed_and_lifted(wa: Any) -> None:
    assert wa("blocked").stdout == "nobody is blocked\n"
    assert wa("block", "0812-3456-7890", "--reason", "penipu").stdout == "+6281234567890 is blocked\n"
    [row] = json.loads(wa("blocked", "--json").stdout)
    assert (row["account"], row["address"], row["reason"]) == ("*", "+6281234567890", "penipu")
    assert row["by"].startswith("cli:")
    assert "penipu" in wa("blocked").stdout
    assert wa("unblock", "+62 812 3456 7890").stdout == "+6281234567890 is heard again\n"
    gone = wa("unblock", "+62 812 3456 7890")
    assert gone.exit_code == 1
    assert "is not blocked for all accounts" in gone.stderr


def test_a_contact_is_blocked_by_name_and_both_changes_are_in_the_audit(wa: Any, store: Store) -> None:
    siti = {"siti": {"phone": "0812-3456-7890", "display_name": "Siti"}}
    apply_catalog(store, Catalog.model_validate({"version": 1, "contacts": siti}))
    assert wa("block", "siti", "--reason", "x").stdout == "+6281234567890 is blocked\n"
    assert wa("unblock", "siti").stdout == "+6281234567890 is heard again\n"
    assert wa("unblock", "siti").exit_code == 1
    with store.reading() as connection:
        rows = connection.execute(select(audit_log).order_by(audit_log.c.id)).all()
    assert [row.action for row in rows] == ["block_contact", "unblock_contact"]
    for row in rows:
        assert (row.actor[:4], row.outcome, row.details) == ("cli:", "done", {"account": "*", "contact": "+62…7890"})


def test_a_block_of_one_account_is_lifted_there(wa: Any) -> None:
    wa("block", "0812-3456-7890", "--reason", "x", "--account", "default")
    assert wa("unblock", "0812-3456-7890").exit_code == 1
    assert wa("unblock", "0812-3456-7890", "--account", "default").exit_code == 0


def test_who_said_stop_is_written_to_again_when_a_person_says_so(wa: Any, store: Store) -> None:
    siti = {"siti": {"phone": "0812-3456-7890", "ids": ["112233445566778@lid"], "display_name": "Siti"}}
    apply_catalog(store, Catalog.model_validate({"version": 1, "contacts": siti}))
    unsaid = wa("start", "siti", "--reason", "x")
    assert (unsaid.exit_code, unsaid.stderr) == (1, "error: siti has not said STOP\n")
    with store.writing() as connection:
        learned = {"account": "default", "phone": "+6281234567890", "believed": True, "at": utc_now()}
        connection.execute(learned_ids.insert().values(address="ID.1349120865", **learned))
        for chat in ("+6281234567890", "112233445566778@lid", "ID.1349120865"):
            note_contacts(connection, [], [Consent("default", chat, False, utc_now(), "wrote stop")])
    assert wa("start", "siti", "--reason", "x", "--account", "default").stdout.splitlines() == [
        "+6281234567890 gets messages of default again",
        "112233445566778@lid gets messages of default again",
        "ID.1349120865 gets messages of default again",
    ]
    assert wa("start", "siti", "--reason", "x").exit_code == 1
    with store.reading() as connection:
        rows = connection.execute(select(audit_log).order_by(audit_log.c.id)).all()
    assert [(row.action, row.details["contact"], row.details["reason"]) for row in rows] == [
        ("start_contact", "+62…7890", "x"),
        ("start_contact", "lid …6778", "x"),
        ("start_contact", "bsuid …0865", "x"),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["block", "120363000000000000@g.us", "--reason", "x"], "must be a person"),
        (["block", "0812-3456-7890", "--reason", " "], "--reason: must say something"),
        (["block", "0812-3456-7890"], "--reason"),
        (["start", "0812-3456-7890"], "--reason"),
        (["start", "120363000000000000@g.us", "--reason", "x"], "must be a person"),
    ],
)
def test_wrong_usage_says_what_is_wrong(wa: Any, arguments: list[str], said: str) -> None:
    result = wa(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
