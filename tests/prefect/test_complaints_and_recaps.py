"""The complaint response and the task-delivery recap, run for real: rows, runs, the phone, and what Prefect shows."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from flows.complaints import complaints
from flows.gateway import gateway
from flows.task_delivery import task_delivery
from tests.prefect.conftest import House, eventually

ANI = "+6281200000077"


def shown(house: House, state: Any) -> tuple[dict[str, set[str]], str]:
    """A run as its page shows it: each task with those it waits for, and the artifacts."""
    run = {"flow_runs": {"id": {"any_": [str(state.state_details.flow_run_id)]}}}
    tasks = house.prefect("task_runs/filter", **run)
    names = {task["id"]: task["name"] for task in tasks}
    waits = {
        task["name"]: {names[each["id"]] for inputs in task["task_inputs"].values() for each in inputs if "id" in each}
        for task in tasks
    }
    artifacts = house.prefect("artifacts/filter", artifacts={"flow_run_id": run["flow_runs"]["id"]})
    return waits, json.dumps([artifact["data"] for artifact in artifacts])


async def test_a_complaint_of_another_program_is_acknowledged_and_a_bad_row_is_set_aside(house: House) -> None:
    rows = "('0812-0000-0077', 'Halo {nama}, tiket {tiket} kami proses.'), ('bukan nomor', NULL)"
    with house.store.writing() as connection:
        connection.execute(text(f"INSERT INTO complaint_queue (complainant, response_template) VALUES {rows}"))
    for _ in range(2):
        state = await complaints(return_state=True)
        assert state.is_completed(), state
    assert (await gateway("default", return_state=True)).is_completed()

    def answers() -> list[str]:
        return [message["body"] for message in house.phone() if message["to"] == ANI]

    assert eventually(answers)[0].startswith("Halo Bapak/Ibu, tiket K")
    assert len(answers()) == 1
    tasks, _ = shown(house, state)
    assert set(tasks) == {"respond", "escalate", "set aside"}
    listed = json.loads(house.says("complaint", "list", "--status", "aside", "--json").stdout)
    assert [row["note"][:40] for row in listed] == ["complainant: not a phone number, a group"]
    assert house.says("complaint", "answered", str(listed[0]["ticket"]), "--by", "Agus").returncode == 0
    assert eventually(lambda: "1 aside, 1 responded" in house.logs())
    logs = house.logs()
    assert [line for line in logs if "81200000077" in line or "bukan nomor" in line] == []


async def test_a_recap_of_tasks_is_told_once_and_then_only_when_something_changes(house: House) -> None:
    first = await task_delivery(force=True, return_state=True)
    assert first.is_completed(), first
    [entry] = house.history.messages(report="rekap-tugas")
    assert eventually(lambda: house.history.messages(report="rekap-tugas", status="read"))
    assert entry.content.startswith("*Rekap Tugas*\n")
    tasks, artifacts = shown(house, first)
    assert tasks == {
        "query rekap-tugas": set(),
        "format rekap-tugas": {"query rekap-tugas"},
        "tell rekap-tugas": {"query rekap-tugas", "format rekap-tugas"},
        "send rekap-tugas": {"tell rekap-tugas"},
        "notify": set(),
    }
    assert "# Rekap Tugas, " in artifacts
    assert "| since | until | because | rows |" in artifacts
    assert "it was asked for" in artifacts
    assert "wa outbox list --report rekap-tugas --slot " in artifacts
    assert "Crusher" not in artifacts
    again = await task_delivery(only=["rekap-tugas"], return_state=True)
    assert again.is_completed()
    assert eventually(lambda: any("nothing has changed since" in line for line in house.logs()))
    assert len(house.history.messages(report="rekap-tugas")) == 1
