"""`wa messages` as somebody at a terminal sees it: the list, the export, the bill, the figures."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text
from typer.testing import CliRunner

from deployments.cli import app
from tests.conftest import FrozenClock
from wa_integrasi.audit.export import Documents, write_csv, write_json
from wa_integrasi.audit.ledger import COLUMNS
from wa_integrasi.content import Text
from wa_integrasi.message import Receipt
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, ReceiptEvent
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import inbound_messages, wa_outbox
from wa_integrasi.upkeep.archive import archive

SITI = Recipient.parse("+6281234567890")
WAMID = "wamid.HBgNNjI4MTIzNDU2Nzg5MBUCABEYEjQ1"


@pytest.fixture
def wa(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Run `wa messages` over the store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "250")
    return lambda *arguments: CliRunner().invoke(app, ["messages", *arguments])


@pytest.fixture(autouse=True)
def _ledger(store: Store, clock: FrozenClock) -> None:
    """A report that was read and billed, and what its reader wrote back."""
    outbox = Outbox(store, clock=clock)
    body = "=HYPERLINK(0) hubungi Pak Budi 0812-3456-7891"
    outbox.enqueue([NewMessage(SITI, Text(body=body), report="harian", slot="2040-11-19")])
    [claimed] = outbox.claim("test", {"default": AccountRules()})
    outbox.settle([(claimed, Accepted(WAMID))])
    at = clock() + timedelta(seconds=3)
    outbox.apply([ReceiptEvent(WAMID, Receipt.DELIVERED, at, price_category="utility", billable=True)])
    outbox.apply([ReceiptEvent(WAMID, Receipt.READ, at + timedelta(seconds=60))])
    values = {"event_id": 1, "provider": "meta", "account": "default", "chat": SITI.chat, "kind": "text", "raw": "{}"}
    values |= {"sender": SITI.chat, "sender_name": "Siti", "text": "terima\nkasih", "message_id": "m1", "state": "done"}
    with store.writing() as connection:
        moments = {"at": at + timedelta(days=1), "received_at": at + timedelta(days=1)}
        connection.execute(insert(inbound_messages).values({**values, **moments}))


def table(written: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written.removeprefix("\ufeff"), newline="")))


def test_the_list_is_newest_first_with_masked_numbers_and_without_texts(wa: Any) -> None:
    said = wa("list").stdout
    assert said.index("received") < said.index("read")
    assert "+62…7890" in said
    assert "2040-11-20 07:00" in said
    for hidden in ("81234567890", "hubungi", "kasih"):
        assert hidden not in said


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ([], 2),
        (["--direction", "in"], 1),
        (["--chat", "0812-3456-7890"], 2),
        (["--chat", "0812-3456-7891"], 0),
        (["--status", "read"], 1),
        (["--status", "received"], 1),
        (["--report", "harian", "--account", "default"], 1),
        (["--since", "2040-11-21"], 1),
        (["--until", "2040-11-20"], 1),
        (["--limit", "1"], 1),
    ],
)
def test_the_list_is_narrowed(wa: Any, arguments: list[str], count: int) -> None:
    assert len(json.loads(wa("list", "--json", *arguments).stdout)) == count


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--chat", "Pak Budi"], "--chat"),
        (["list", "--since", "kemarin"], "--since"),
        (["list", "--since", "2040-11-21", "--until", "2040-11-20"], "--until is before --since"),
        (["list", "--status", "gone"], "--status"),
        (["billing", "--month", "2040-13"], "--month"),
        (["export", "--format", "xml"], "--format"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(wa: Any, arguments: list[str], said: str) -> None:
    result = wa(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_the_export_is_json_oldest_first_and_names_nobody(wa: Any) -> None:
    result = wa("export")
    first, second = json.loads(result.stdout)
    assert (first["direction"], first["chat"], first["status"]) == ("out", "+62…7890", "read")
    assert (first["seconds_to_delivered"], first["seconds_to_read"]) == (3, 63)
    assert first["created_at"] == "2040-11-20T07:00:00+07:00"
    assert (second["direction"], second["sender"], second["content"]) == ("in", "+62…7890", "terima\nkasih")
    for hidden in ("81234567890", "0812-3456-7891", "Siti", WAMID[:20]):
        assert hidden not in result.stdout


def test_it_is_in_full_for_whoever_asks_for_that(wa: Any) -> None:
    first, second = json.loads(wa("export", "--clear").stdout)
    assert (first["chat"], first["provider_message_id"]) == (SITI.chat, WAMID)
    assert "0812-3456-7891" in first["content"]
    assert second["sender_name"] == "Siti"


def test_the_table_runs_nothing_in_a_spreadsheet_and_reads_as_utf8(wa: Any) -> None:
    written = wa("export", "--format", "csv", "--clear").stdout
    assert written.startswith("\ufeffdirection,id,")
    first, second = table(written)
    assert first["content"].startswith("'=HYPERLINK")
    assert first["chat"] == f"'{SITI.chat}"
    assert second["content"] == "terima\nkasih"
    assert (first["seconds_to_read"], second["seconds_to_read"]) == ("63.0", "")


def test_a_file_is_whole_and_for_its_owner_only(wa: Any, tmp_path: Path) -> None:
    file = tmp_path / "outgoing-messages.json"
    result = wa("export", "--out", str(file), "--direction", "out")
    assert (result.exit_code, result.stdout) == (0, f"1 messages in {file}\n")
    assert [each["direction"] for each in json.loads(file.read_text())] == ["out"]
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_file_stays_as_it_was_when_the_export_fails(
    wa: Any, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kept"
    file.write_text("before")
    full = OSError(28, "No space left on device")

    def fail(self: Documents, row: object) -> dict[str, Any]:
        raise full

    monkeypatch.setattr(Documents, "__call__", fail)
    result = wa("export", "--format", form, "--out", str(file))
    assert result.exit_code == 1
    assert "No space left on device; nothing was changed" in str(result.exception)
    assert file.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".kept")] == []


def test_a_folder_that_is_not_there_is_named(wa: Any, tmp_path: Path) -> None:
    result = wa("export", "--out", str(tmp_path / "gone" / "x.json"))
    assert result.exit_code == 1
    assert "x.json cannot be written: No such file or directory" in str(result.exception)


def test_an_empty_export_is_an_empty_array(wa: Any) -> None:
    assert json.loads(wa("export", "--since", "2041-01-01").stdout) == []
    assert table(wa("export", "--since", "2041-01-01", "--format", "csv").stdout) == []


def test_whatever_another_program_wrote_is_exported(wa: Any, store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(wa_outbox).values(recipient="@x", content="\t1", error_code="-1"))
        if store.dialect == "sqlite":
            spoiled = "INSERT INTO wa_outbox (recipient, content, created_at, part, account) VALUES "
            connection.execute(text(f"{spoiled} (x'ff', 9e999, 'never', 'x', 5)"))
    for arguments in (["--clear"], []):
        documents = json.loads(wa("export", *arguments).stdout, parse_constant=pytest.fail)
        assert len(documents) == (4 if store.dialect == "sqlite" else 3)
        for row in table(wa("export", "--format", "csv", *arguments).stdout):
            assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in row.values())


@given(st.lists(st.text(), min_size=3, max_size=3))
def test_whatever_is_written_reads_back(texts: list[str]) -> None:
    row = {**dict.fromkeys(COLUMNS), **dict(zip(("content", "sender_name", "report"), texts, strict=True)), "id": 1}
    document = Documents("Asia/Jakarta", clear=True)(row)
    out = io.StringIO(newline="")
    write_json([document, document], out)
    assert json.loads(out.getvalue()) == [document, document]
    out = io.StringIO(newline="")
    write_csv([document], out, COLUMNS)
    [read] = table(out.getvalue())
    for name in ("content", "sender_name", "report"):
        assert read[name].removeprefix("'") == document[name].removeprefix("'")
        assert not read[name].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_the_bill_is_a_table_or_json(wa: Any) -> None:
    said = wa("billing", "--month", "2040-11").stdout
    assert ["2040-11", "default", "utility", "yes", "1", "1"] in [line.split() for line in said.splitlines()]
    [line] = json.loads(wa("billing", "--json").stdout)
    assert line == {
        "month": "2040-11",
        "account": "default",
        "category": "utility",
        "billable": True,
        "messages": 1,
        "deliveries": 1,
    }
    assert "no channel has told a price" in wa("billing", "--month", "2040-12").stdout


def test_the_figures_are_a_table_or_json(wa: Any) -> None:
    assert "3.0 / 3.0 / 3.0" in wa("sla").stdout
    [its] = json.loads(wa("sla", "--json", "--since", "2040-11-20", "--until", "2040-11-20").stdout)
    assert its["to_read"] == pytest.approx({"p50": 63, "p90": 63, "p99": 63}, abs=0.01)
    assert (its["account"], its["report"], its["statuses"], its["share_failed"]) == (
        "default",
        "harian",
        {"read": 1},
        {},
    )


def test_where_older_messages_are_in_the_archive_it_says_from_when_on_all_are_there(
    wa: Any, store: Store, clock: FrozenClock, tmp_path: Path
) -> None:
    assert archive(store, tmp_path / "archive", clock.now + timedelta(days=1), "Asia/Jakarta").messages == 1
    said = "complete from 2040-11-20 07:01 on: of messages before that some are in the archive"
    for arguments in (["list"], ["export"], ["sla", "--since", "2040-11-20"], ["billing", "--month", "2040-11"]):
        assert said in wa(*arguments).stderr, arguments
    assert wa("sla", "--since", "2040-11-21").stderr == ""
    assert json.loads(wa("sla", "--json").stdout) == []
