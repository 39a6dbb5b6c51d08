"""`wa subscription` as people type it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner, Result

from deployments.cli import app
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.commands.grammar.conditions import Operator
from wa_integrasi.store.engine import Store
from wa_integrasi.subscriptions import Kind, Limit, NewSubscription, Subscribe, apply

CATALOG = """
version: 1
contacts:
  budi: {phone: "0812-3456-7891", display_name: Budi}
"""
BUDI, GONE = "+6281234567891", "+6281234567892"
NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)


def wa(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["subscription", *arguments])


@pytest.fixture
def ids(store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Budi's report and limit, and a report of somebody who is no contact any more."""
    monkeypatch.setenv("WA_DATABASE_URL", database_url)
    apply_catalog(store, read_catalog(CATALOG, "catalog.yaml"))
    limit = Limit("suhu boiler 2", Operator.ABOVE, 540.5, timedelta(), timedelta(hours=1), "suhu", "")
    report = NewSubscription("default", BUDI, "budi", BUDI, "id", Kind.REPORT, "rekap-harian")
    watched = NewSubscription("default", BUDI, "budi", BUDI, "id", Kind.LIMIT, "suhu-boiler", {"boiler": 2}, limit)
    gone = NewSubscription("default", GONE, "pergi", GONE, "id", Kind.REPORT, "rekap-harian")
    with store.writing() as connection:
        apply(connection, [Subscribe(each) for each in (report, watched, gone)], "test", NOON)
    return [each["id"] for each in json.loads(wa("list", "--json").stdout)]


def test_listed_and_ended(ids: list[int]) -> None:
    listed = {each["id"]: each for each in json.loads(wa("list", "--json").stdout)}
    assert [(each["who"], each["number"], each["limit"]) for each in listed.values()] == [
        ("budi", 1, None),
        ("budi", 2, "> 540.5"),
        ("", 1, None),
    ]
    shown = wa("list", "--contact", "budi").stdout
    assert "suhu boiler 2" in shown
    assert BUDI not in shown, "a listing names people, and gives no numbers"
    assert wa("list", "--contact", "siapa").exit_code == 1
    done = wa("cancel", str(ids[1]), str(ids[2]))
    assert (done.exit_code, done.stdout) == (0, "2 of 2 ended\n")
    again = wa("cancel", str(ids[1]), str(ids[0]))
    assert (again.exit_code, again.stdout) == (1, "1 of 2 ended\n")
    assert wa("list").stdout == "nobody has subscribed to anything\n"
