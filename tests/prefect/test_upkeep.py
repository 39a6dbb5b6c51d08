"""The hourly upkeep: every step is taken, and the run names those that failed."""

from pathlib import Path

import pytest
from sqlalchemy import insert

from flows.upkeep import upkeep
from tests.prefect.conftest import House, eventually
from wa_integrasi.clock import utc_now
from wa_integrasi.store.tables import wa_outbox

STEPS = ["archive", "database", "media", "missed", "notify", "retention", "second channel", "sessions", "templates"]
OTHERS = {"templates", "sessions"}
"""What accounts that other tests have left make fail."""


def steps(house: House, run_id: str) -> dict[str, str]:
    """What each step of a run that has ended says."""
    runs = house.prefect("task_runs/filter", flow_runs={"id": {"any_": [run_id]}})
    ended = [run for run in runs if run["state"] and run["state_type"] in ("COMPLETED", "FAILED")]
    return {run["name"]: f"{run['state_name']}: {run['state']['message']}" for run in ended}


def failed(message: str) -> set[str]:
    """The steps that a run says have failed."""
    return set(message.removeprefix("failed: ").split("; ")[0].split(", ")) if message.startswith("failed") else set()


async def test_every_step_is_taken_and_one_that_fails_stops_no_other(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = utc_now().replace(year=utc_now().year - 2, day=1)
    row = {"recipient": "+6281200000077", "content": "x", "status": "read", "created_at": old}
    with house.store.writing() as connection:
        connection.execute(insert(wa_outbox).values(row))
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("WA_ARCHIVE_PATH", str(blocked / "archive"))
    state = await upkeep(return_state=True)
    assert "archive" in failed(state.message)
    assert failed(state.message) - {"archive"} <= OTHERS

    monkeypatch.setenv("WA_ARCHIVE_PATH", str(tmp_path / "archive"))
    state = await upkeep(return_state=True)
    assert failed(state.message) <= OTHERS
    run_id = str(state.state_details.flow_run_id)
    said = eventually(lambda: set(STEPS) <= set(found := steps(house, run_id)) and found)
    assert [name for name in sorted(said) if name in STEPS] == STEPS
    assert said["archive"] == "Completed: 1 messages archived"
    assert "default: no session" in said["sessions"]
    assert len(list((tmp_path / "archive").iterdir())) == 1
