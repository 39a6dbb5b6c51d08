"""`wa send` as people type it: what goes into the outbox, and what is refused before it does."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from deployments.cli import app
from tests.conftest import FrozenClock
from wa_integrasi.accounts import save_account
from wa_integrasi.approved import replace_templates
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Action, ApprovedTemplate, Failed
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import wa_outbox

sending = importlib.import_module("deployments.commands.send")  # the name is also the command's
GROUP = "120363012345678901@g.us"
CATALOG = {
    "version": 1,
    "contacts": {
        "budi": {"phone": "0812-3456-7891", "display_name": "Budi"},
        "siti": {"phone": "0812-3456-7890", "display_name": "Siti"},
    },
    "groups": {
        "regu": {"members": ["siti", "budi"]},
        "produksi": {"chat_id": GROUP},
        "malam": {"chat_id": "env"},
    },
}


@pytest.fixture
def wa(store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Run `wa send` over a store with a catalog."""
    apply_catalog(store, Catalog.model_validate(CATALOG))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, ["send", *arguments])


def rows(store: Store) -> list[Any]:
    with store.reading() as connection:
        return list(connection.execute(select(wa_outbox).order_by(wa_outbox.c.id)))


def channel(store: Store, provider: str, account: str = "default") -> None:
    with store.writing() as connection:
        save_account(connection, account, provider, None)


@pytest.mark.parametrize(
    ("recipient", "chats"),
    [
        ("0812-3456-7890", ["+6281234567890"]),
        ("6281234567890@c.us", ["+6281234567890"]),
        (GROUP, [GROUP]),
        ("budi", ["+6281234567891"]),
        ("produksi", [GROUP]),
        ("regu", ["+6281234567890", "+6281234567891"]),
    ],
)
def test_a_message_goes_to_whom_a_number_a_chat_or_a_name_means(
    wa: Any, store: Store, recipient: str, chats: list[str]
) -> None:
    done = wa(recipient, "Mesin 3 jalan lagi")
    assert done.exit_code == 0, done.output
    assert [(row.chat, row.content, row.status) for row in rows(store)] == [
        (chat, "Mesin 3 jalan lagi", "pending") for chat in chats
    ]
    for row in rows(store):
        assert f"message {row.id} to " in done.stdout
        assert row.chat not in done.stdout


def test_it_goes_before_reports_by_its_account_and_quotes(wa: Any, store: Store) -> None:
    channel(store, "waha", "gudang")
    assert wa("budi", "halo", "--account", "gudang", "--reply-to", "3EB0AA").exit_code == 0
    [row] = rows(store)
    assert (row.account, row.reply_to, row.priority) == ("gudang", "3EB0AA", Priority.REPLY)
    assert row.priority < Priority.REPORT


def test_the_same_words_may_be_sent_twice(wa: Any, store: Store) -> None:
    assert [wa("budi", "halo").exit_code for _ in range(2)] == [0, 0]
    assert len(rows(store)) == 2


def test_a_template_with_its_parameters(wa: Any, store: Store) -> None:
    channel(store, "meta")
    done = wa("budi", "--template", "laporan_siap", "--language", "en_GB", "--param", "Kamis", "--param", "7 ton")
    assert done.exit_code == 0, done.output
    [row] = rows(store)
    assert row.type == "template"
    assert json.loads(row.content) == {"name": "laporan_siap", "language": "en_GB", "body": ["Kamis", "7 ton"]}


def test_a_text_that_is_too_long_for_the_channel_becomes_parts(wa: Any, store: Store) -> None:
    channel(store, "twilio")
    done = wa("budi", "kata " * 400, "--reply-to", "SM0")
    assert done.exit_code == 0, done.output
    assert [(row.part, row.parts, row.reply_to) for row in rows(store)] == [(1, 2, "SM0"), (2, 2, None)]
    assert done.stdout.count("message ") == 2


def test_what_is_still_pending_after_waiting_says_why_and_for_what(
    wa: Any, store: Store, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    async def sent(_store: Store, _account: str, messages: Sequence[NewMessage], _files: OutgoingFiles) -> list[int]:
        """Both wait: the first is tried in vain, so the second never is."""
        outbox = Outbox(store, clock=clock)
        ids = [row.id for row in outbox.enqueue(messages)]
        for row in outbox.claim("test", {"default": AccountRules()}):
            outbox.settle([(row, Failed(Action.RETRY, "130429", "Rate limit hit"))])
        return ids

    monkeypatch.setattr(sending, "_sent", sent)
    first, second = (wa("budi", "halo", "--wait") for _ in range(2))
    assert (first.exit_code, second.exit_code) == (1, 1)
    assert "message 1 to +62…7891: pending (130429: Rate limit hit; due 2040-11-20 07:00:" in first.stdout
    assert "message 2 to +62…7891: pending (waits behind message 1 of the same chat)" in second.stdout


def test_json_for_programs(wa: Any, store: Store) -> None:
    said = json.loads(wa("budi", "halo", "--json").stdout)
    [row] = rows(store)
    assert said == [{"id": row.id, "to": "+62…7891", "status": "pending", "error": None, "reason": None}]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["budi"], "say either a text or a --template"),
        (["budi", "halo", "--template", "x"], "say either a text or a --template"),
        (["budi", "halo", "--param", "x"], "--param belongs to a --template"),
        (["budi", " \n"], "the text is empty"),
        (["budi", "\udcff"], "the text must be UTF-8"),
        (["budi", "x" * 4097], "body: 4097 characters, must be at most 4096"),
        (["budi", "--template", "Laporan Siap"], "name: String should match pattern"),
        (["budi", "--template", "x", "--param", ""], "body.0: 0 characters, must be at least 1"),
        (["malam", "halo"], "WA_GROUP_MALAM_ID is not set"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_enqueued(
    wa: Any, store: Store, arguments: list[str], reason: str
) -> None:
    done = wa(*arguments)
    assert done.exit_code == 2
    assert reason in " ".join(done.output.replace("│", " ").split())
    assert rows(store) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["tono", "halo"], "no contact or group of the catalog is called so"),
        (["bdui", "halo"], "no contact or group of the catalog is called so (did you mean 'budi'?)"),
        (["", "halo"], "it is empty"),
        (["0812", "halo"], "no phone number of the region ID looks like this (4 characters)"),
        (["budi", "halo", "--account", "gudang"], "no account is called gudang; there are: none; 'wa deploy' tells"),
    ],
)
def test_whoever_is_not_there_is_sent_nothing(wa: Any, store: Store, arguments: list[str], reason: str) -> None:
    done = wa(*arguments)
    assert done.exit_code == 1
    assert reason in str(done.exception)
    assert rows(store) == []


@pytest.mark.parametrize(
    ("provider", "arguments", "reason"),
    [
        ("meta", ["produksi", "halo"], "does not reach existing groups"),
        ("waha", ["budi", "--template", "laporan_siap"], "this channel has no templates"),
        ("meta", ["budi", "--template", "laporan_siapp"], "did you mean laporan_siap?"),
        ("meta", ["budi", "--template", "laporan_siap", "--language", "en"], "language: must be one of id"),
        ("meta", ["budi", "--template", "laporan_siap"], "body: must have 1 parameter, has 0"),
    ],
)
def test_what_the_channel_could_never_send_is_refused_at_once(
    wa: Any, store: Store, provider: str, arguments: list[str], reason: str
) -> None:
    channel(store, provider)
    if provider == "meta":
        ready = ApprovedTemplate("laporan_siap", "id", "APPROVED", "UTILITY", body=1)
        replace_templates(store, "default", [ready])
    done = wa(*arguments)
    assert done.exit_code == 2
    assert reason in " ".join(done.output.replace("│", " ").split())
    assert rows(store) == []
