"""The flows, run for real: a source, the outbox, the provider over HTTP, the phone, its signed receipts."""

from collections import Counter
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from blocks.gateways import MetaCloudApi
from flows.gateway import gateway
from flows.rekap import rekap
from tests.prefect.conftest import House, eventually
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog, load_catalog
from wa_integrasi.history import Entry
from wa_integrasi.outbox import PollLease

RUN = {"only": ["rekap-harian"]}


def read(house: House, slot: str, report: str = "rekap-harian") -> list[Entry]:
    """The report's messages, once the phone has read all of them."""

    def all_read() -> list[Entry]:
        found = house.history.messages(report=report, slot=slot)
        return found if found and all(entry.status == "read" for entry in found) else []

    return eventually(all_read) or house.history.messages(report=report, slot=slot)


def with_report(house: House, name: str, **changes: Any) -> None:
    """Add a report to the catalog: the daily recap with `changes`."""
    document = load_catalog(house.store).model_dump(exclude_defaults=True)
    document["reports"][name] = {**document["reports"]["rekap-harian"], **changes}
    apply_catalog(house.store, Catalog.model_validate({"version": 1, **document}))


async def copy_account(house: House, name: str, **changes: Any) -> None:
    """Save the account `default` under another name, with `changes`."""
    account = house.at.settings.meta_account()
    await MetaCloudApi(**{**asdict(account), **changes}).asave(name, overwrite=True)


async def test_the_recap_is_read_by_everybody_once_however_often_it_runs(house: House) -> None:
    for _ in range(2):
        state = await rekap("daily", slot="2026-11-17", **RUN, return_state=True)
        assert state.is_completed(), state
    entries = read(house, "2026-11-17")
    assert [entry.status for entry in entries] == ["read"] * 3
    on_the_phone = Counter((message["to"], message["body"]) for message in house.phone())
    assert [on_the_phone[entry.chat, entry.content] for entry in entries] == [1, 1, 1]
    assert all("Selamat " in entry.content and "Rekap Produksi Harian" in entry.content for entry in entries)


async def test_the_run_page_shows_the_steps_each_waiting_for_the_one_before(house: House) -> None:
    state = await rekap("daily", slot="2026-11-16", **RUN, return_state=True)
    run_id = str(state.state_details.flow_run_id)

    def steps() -> dict[str, dict]:
        found = house.prefect("task_runs/filter", flow_runs={"id": {"any_": [run_id]}})
        done = [run for run in found if run["state_name"] == "Completed"]
        return {run["name"]: run for run in done} if len(done) == 5 else {}

    [run] = house.prefect("flow_runs/filter", flow_runs={"id": {"any_": [run_id]}})
    assert run["name"] == "rekap daily 2026-11-16"
    runs = eventually(steps)
    names = ["query rekap-harian", "format rekap-harian", "enqueue rekap-harian", "send rekap-harian"]
    assert sorted(runs) == sorted([*names, "notify"])
    for before, after in pairwise(names):
        # Prefect names a step that already runs when it is waited for once more, as a parent.
        inputs = {given["id"] for values in runs[after]["task_inputs"].values() for given in values}
        assert inputs == {runs[before]["id"]}, f"{after} waits for {before}"
    artifacts = house.prefect("artifacts/filter", flow_runs={"id": {"any_": [run_id]}})
    [page] = artifacts
    assert (page["type"], page["key"]) == ("markdown", "rekap-rekap-harian")
    assert "Rekap Produksi Harian" in page["data"]
    people = [contact.display_name for contact in load_catalog(house.store).contacts.values()]
    assert [name for name in people if name in page["data"]] == []
    assert "+62" not in page["data"].replace("+62…", "")
    rows = [line for line in page["data"].splitlines() if line.startswith("| ") and "1/1" in line]
    assert len(rows) == 3
    assert "wa outbox list --report rekap-harian --slot 2026-11-16" in page["data"]


async def test_one_broken_report_never_stops_the_others_and_the_run_says_which(house: House) -> None:
    with_report(house, "rusak", query="SELECT tidak_ada FROM units")
    state = await rekap("daily", slot="2026-11-15", return_state=True)
    assert state.is_failed()
    assert " reports failed: rusak 2026-11-15: query failed: sqlite: no such column: tidak_ada; " in state.message
    assert [entry.status for entry in read(house, "2026-11-15")] == ["read"] * 3
    assert house.history.messages(report="rusak") == []


async def test_a_run_whose_messages_wait_fails_and_says_what_they_wait_for(house: House) -> None:
    await copy_account(house, "kedaluwarsa", access_token=SecretStr("expired"))
    with_report(house, "lewat-akun-lain", account="kedaluwarsa")
    state = await rekap("daily", slot="2026-11-13", only=["lewat-akun-lain"], return_state=True)
    assert state.is_failed()
    reason = str(state.message)
    assert "3 of 3 messages were not sent: pending, 190: " in reason
    assert "expired" not in reason.replace("has expired", "")
    assert {entry.status for entry in house.history.messages(report="lewat-akun-lain")} == {"pending"}


async def test_who_the_channel_does_not_reach_is_refused_with_the_reason_and_the_others_get_theirs(
    house: House,
) -> None:
    await copy_account(house, "dikenal")
    with house.store.writing() as connection:
        connection.execute(text("DELETE FROM accounts WHERE name = 'dikenal'"))
        connection.execute(text("INSERT INTO accounts (name, provider) VALUES ('dikenal', 'meta')"))
    document = load_catalog(house.store).model_dump(exclude_defaults=True)
    document["groups"]["grup-lama"] = {"chat_id": "120363012345678901@g.us"}
    apply_catalog(house.store, Catalog.model_validate({"version": 1, **document}))
    recipients = [*document["reports"]["rekap-harian"]["recipients"], "grup-lama"]
    with_report(house, "ke-grup", account="dikenal", recipients=recipients)
    preview = house.says("report", "preview", "ke-grup", "--slot", "2026-11-12")
    assert "would be refused: ke-grup to group …8901: recipient: this channel does not reach" in preview.stdout
    assert preview.stdout.endswith("3 messages to 3 recipients for 2026-11-12 by the account dikenal, none enqueued\n")
    state = await rekap("daily", slot="2026-11-12", only=["ke-grup"], return_state=True)
    assert state.is_failed()
    reason = str(state.message)
    assert "1 of 4 messages were not sent: refused, recipient: this channel does not reach existing groups" in reason
    # The phone's receipts come to the account `default`, which says nothing of another's messages.
    found = house.history.messages(report="ke-grup", slot="2026-11-12")
    assert [entry.status for entry in found] == ["sent"] * 3
    run_id = str(state.state_details.flow_run_id)
    [artifact] = house.prefect("artifacts/filter", flow_runs={"id": {"any_": [run_id]}})
    cells = [line.split(" | ") for line in artifact["data"].splitlines() if line.startswith("| ") and "1/1" in line]
    assert ("group …8901", "refused") in [(row[1], row[3]) for row in cells]
    assert len(cells) == 4


async def test_a_source_that_does_not_exist_is_named(house: House) -> None:
    with_report(house, "tanpa-sumber", source="tidak-ada")
    state = await rekap("daily", slot="2026-11-13", only=["tanpa-sumber"], return_state=True)
    assert state.is_failed()
    assert "tanpa-sumber 2026-11-13: query failed: no source block is called tidak-ada: make one in" in state.message
    preview = house.says("report", "preview", "tanpa-sumber", "--slot", "2026-11-13")
    assert preview.returncode == 1
    assert preview.stderr.startswith("error: report tanpa-sumber: no source block is called tidak-ada: make one in")


async def test_an_unknown_report_is_named_with_those_there_are(house: House) -> None:
    state = await rekap("daily", only=["rekap-harain"], return_state=True)
    assert state.is_failed()
    assert "no daily report is called rekap-harain" in state.message
    assert "rekap-harian" in state.message


async def test_the_poll_sends_what_another_program_wrote(house: House) -> None:
    with house.store.writing() as connection:
        insert = (
            "INSERT INTO wa_outbox (recipient, content, type) VALUES ('0812-0000-0009', 'dari sistem lama', 'text')"
        )
        connection.execute(text(insert))
    state = await gateway("default", return_state=True)
    assert state.is_completed()
    received = [message for message in house.phone() if message["body"] == "dari sistem lama"]
    assert [message["to"] for message in received] == ["+6281200000009"]


async def test_prefect_holds_no_secret_no_number_and_no_name(house: House) -> None:
    await rekap("daily", slot="2026-11-14", **RUN, return_state=True)
    folder = house.at.folder / "prefect"
    kept = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"rekap-harian" in kept, "these are Prefect's files"
    account = house.at.settings.meta_account()
    secrets = [account.access_token, account.app_secret, account.verify_token]
    for secret in (s.get_secret_value().encode() for s in secrets):
        assert secret not in kept
    for personal in (b"81200000001", b"Budi"):
        assert personal not in kept


async def test_a_report_reaches_the_phone_with_its_chart_and_its_file(house: House) -> None:
    chart = {"kind": "bar", "x": "unit", "y": ["pct:Capaian (%)"], "target": 100}
    with_report(house, "rekap-bergambar", chart=chart, attach="xlsx", enabled=False)
    state = await rekap("daily", slot="2026-11-13", only=["rekap-bergambar"], return_state=True)
    assert state.is_completed(), state
    entries = read(house, "2026-11-13", "rekap-bergambar")
    assert Counter((entry.part, entry.parts, entry.status) for entry in entries) == {
        (part, 3, "read"): 3 for part in (1, 2, 3)
    }
    on_the_phone = [message for message in house.phone() if message["to"] == entries[0].chat][-3:]
    assert [message["type"] for message in on_the_phone] == ["text", "image", "document"]


async def test_a_forced_report_is_sent_again_as_a_correction_and_a_dry_run_sends_nothing(house: House) -> None:
    for options in ({}, {"force": True}, {"dry_run": True}, {}):
        state = await rekap("daily", slot="2026-11-11", **RUN, **options, return_state=True)
        assert state.is_completed(), (options, state)
    entries = read(house, "2026-11-11")
    corrections = [entry for entry in entries if entry.content.startswith("_Koreksi: menggantikan rekap")]
    assert (len(entries), len(corrections)) == (6, 3)


async def test_a_range_is_sent_with_its_oldest_period_first(house: House) -> None:
    state = await rekap("daily", slot="2026-11-07", until="2026-11-09", **RUN, return_state=True)
    assert state.is_completed(), state
    ids = {day: [e.id for e in read(house, f"2026-11-0{day}")] for day in (7, 8, 9)}
    assert max(ids[7]) < min(ids[8]) < max(ids[8]) < min(ids[9])


async def test_what_waits_for_its_readers_hours_fails_no_run_and_a_day_off_sends_nothing(house: House) -> None:
    document = load_catalog(house.store).model_dump(exclude_defaults=True)
    document["calendars"] = {"libur": {"closed": {"2026-11-10": "Perbaikan kiln"}}}
    owner = document["reports"]["rekap-harian"]["owner"]
    document["groups"]["malam"] = {"members": [owner], "quiet_hours": "00:00-12:00,12:00-23:59", "zone": "WIT"}
    apply_catalog(house.store, Catalog.model_validate({"version": 1, **document}))
    with_report(house, "tenang", recipients=["malam"])
    with_report(house, "hari-kerja", calendar="libur", workdays_only=True)
    state = await rekap("daily", slot="2026-11-10", only=["tenang", "hari-kerja"], return_state=True)
    assert state.is_completed(), state
    [waiting] = house.history.messages(report="tenang")
    assert (waiting.status, waiting.error_code) == ("pending", "quiet_hours")
    assert house.history.messages(report="hari-kerja") == []


async def test_a_poll_ends_at_once_while_another_drains_its_account(house: House) -> None:
    lease = PollLease(house.store, "default", "another run")
    assert lease.take()
    try:
        state = await gateway("default", return_state=True)
    finally:
        lease.give_back()
    assert (state.is_completed(), state.message) == (True, "another run drains default")
    assert (await gateway("default", return_state=True)).message != "another run drains default"
