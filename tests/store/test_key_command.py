"""`wa key`, as somebody at a terminal sees it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from deployments.cli import main
from wa_integrasi.accounts import save_account
from wa_integrasi.keys import Keyring, Scope
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import api_keys, audit_log

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def wa(
    store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> Run:
    with store.writing() as connection:
        save_account(connection, "gudang", "waha", None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["wa", "key", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def kept(store: Store, table: Any) -> list[Any]:
    with store.reading() as connection:
        return list(connection.execute(select(table)))


def test_a_key_is_printed_once_and_kept_as_its_hash(wa: Run, store: Store) -> None:
    code, key, _ = wa("create", "erp", "--scope", "send", "--scope", "read", "--account", "gudang")
    key = key.strip()
    assert code == 0
    [row] = kept(store, api_keys)
    assert (row.name, row.scopes, row.accounts, row.expires_at) == ("erp", ["read", "send"], ["gudang"], None)
    assert row.hash == hashlib.sha256(key.encode()).hexdigest()
    assert key[16:] not in str([row, *kept(store, audit_log)])
    found = Keyring(store).find(key)
    assert found is not None
    assert (found.name, found.scopes, found.may_use("gudang"), found.may_use("default")) == (
        "erp",
        {Scope.SEND, Scope.READ},
        True,
        False,
    )
    for words in (["list"], ["list", "--json"]):
        _, listed, _ = wa(*words)
        assert "erp" in listed
        assert key not in listed
        assert row.hash not in listed


def test_keys_are_listed_also_when_they_are_good_no_more(
    wa: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no key" in wa("list")[1]
    wa("create", "lama", "--scope", "read", "--expires", "2100-01-01", "--per-minute", "60")
    wa("create", "erp", "--scope", "send")
    wa("revoke", "erp")
    monkeypatch.setenv("WA_BOT_API_KEY", "k" * 32)
    listed = json.loads(wa("list", "--json")[1])
    assert [(key["name"], key["good"], key["per_minute"]) for key in listed] == [
        ("environment", True, 600),
        ("lama", True, 60),
        ("erp", False, 600),
    ]
    assert listed[1]["expires"] == "2099-12-31T17:00:00+00:00", "it begins the day in Jakarta as expired"
    assert "2100-01-01 00:00" in wa("list")[1]


def test_a_key_is_revoked_for_good_and_its_name_is_not_given_again(wa: Run, store: Store) -> None:
    wa("create", "erp", "--scope", "send")
    assert wa("revoke", "erp")[:2] == (0, "erp is revoked\n")
    assert wa("revoke", "erp")[:2] == (0, "erp was revoked before\n")
    code, _, said = wa("create", "erp", "--scope", "send")
    assert code == 2
    assert "there is or was a key called erp" in said
    assert [(row.actor, row.action, row.subject, row.outcome) for row in kept(store, audit_log)] == [
        ("cli", "key.create", "key:erp", "done"),
        ("cli", "key.revoke", "key:erp", "done"),
    ]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["create", "ERP", "--scope", "send"], "a name has up to 40 small letters"),
        (["create", "environment", "--scope", "send"], "is that of WA_BOT_API_KEY"),
        (["create", "erp"], "Missing option '--scope'"),
        (["create", "erp", "--scope", "all"], "'all' is not one of 'send', 'run', 'read'"),
        (["create", "erp", "--scope", "send", "--expires", "2020-01-01"], "must be a day in the future"),
        (["create", "erp", "--scope", "send", "--expires", "besok"], "does not match the format"),
        (["create", "erp", "--scope", "send", "--per-minute", "0"], "greater than or equal to 1"),
        (["revoke", "environment"], "take it out of the environment"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(wa: Run, store: Store, words: list[str], reason: str) -> None:
    code, _, said = wa(*words)
    assert code == 2
    assert reason in " ".join(said.replace("│", " ").split())
    assert kept(store, api_keys) == []
