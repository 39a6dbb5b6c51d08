"""`wa template` as its user meets it: against the simulated phone's account."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from tests.prefect.conftest import House
from tests.prefect.test_flows import copy_account
from wa_integrasi.approved import approved_of, replace_templates


@pytest.fixture(autouse=True)
def _never_synced(house: House) -> None:
    for account in ("default", "tanpa-waba", "kunci-lama"):
        replace_templates(house.store, account, [])


def test_a_sync_brings_the_templates_and_the_list_shows_them(house: House) -> None:
    empty = house.says("template", "list")
    assert (empty.returncode, empty.stdout) == (0, "no templates: 'wa template sync' asks the channels for them\n")
    synced = house.says("template", "sync", "--account", "default")
    assert (synced.returncode, synced.stdout) == (0, "default: 2 templates\n"), synced.stderr
    listed = json.loads(house.says("template", "list", "--json").stdout)
    shown = [(row["account"], row["name"], row["language"], row["status"], row["parameters"]) for row in listed]
    assert shown == [
        ("default", "hello_world", "en_US", "APPROVED", ""),
        ("default", "laporan_siap", "id", "APPROVED", "body: 2"),
    ]
    assert "laporan_siap" in house.says("template", "list", "--account", "default").stdout
    unknown = house.says("template", "list", "--account", "lain")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no account is called lain; there are: default" in unknown.stderr


async def test_each_account_that_fails_has_a_line_of_its_own_and_the_others_are_synced(house: House) -> None:
    await copy_account(house, "tanpa-waba", waba_id=None)
    await copy_account(house, "kunci-lama", access_token=SecretStr("expired"))
    synced = house.says("template", "sync")
    assert synced.returncode == 1
    assert "default: 2 templates" in synced.stdout
    lines = synced.stderr.splitlines()
    assert "error: tanpa-waba: waba_id: the account names no waba_id, so its templates cannot be listed" in lines
    assert [line for line in lines if line.startswith("error: kunci-lama: 190: ")]
    assert "expired" not in synced.stderr.replace("has expired", "")
    with house.store.reading() as connection:
        assert len(approved_of(connection, "default") or []) == 2


def test_an_account_without_a_block_is_said(house: House) -> None:
    synced = house.says("template", "sync", "--account", "tidak-ada")
    assert synced.returncode == 1
    assert synced.stderr.startswith("error: tidak-ada: gateway: no block belongs to the account 'tidak-ada'")
