"""`wa deploy` and `prefect deploy --all` register what `prefect.yaml` says, and the server really schedules it."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.prefect.conftest import House, eventually

PREFECT_YAML = Path(__file__).parents[2] / "prefect.yaml"
JAKARTA = ZoneInfo("Asia/Jakarta")


def deployments(house: House) -> dict[str, dict]:
    return {found["name"]: found for found in house.prefect("deployments/filter")}


def schedules(house: House) -> dict[str, list[tuple[str, str, str]]]:
    return {
        name: [(s["slug"], s["schedule"]["cron"], s["schedule"]["timezone"]) for s in found["schedules"]]
        for name, found in deployments(house).items()
    }


def test_every_deployment_has_its_schedule_in_the_business_zone(house: House) -> None:
    assert schedules(house) == {
        "daily": [("daily", "0 7 * * *", "Asia/Jakarta")],
        "weekly": [("weekly", "0 7 * * 1", "Asia/Jakarta")],
        "monthly": [("monthly", "0 7 1 * *", "Asia/Jakarta")],
        "poll": [("poll", "*/2 * * * *", "Asia/Jakarta")],
        "upkeep": [("upkeep", "17 * * * *", "Asia/Jakarta")],
        "watches": [("watches", "* * * * *", "Asia/Jakarta")],
        "trigger": [],
    }
    assert {found["entrypoint"] for found in deployments(house).values()} == {
        "flows.rekap.rekap",
        "flows.gateway.gateway",
        "flows.watches.watches",
        "flows.on_demand.on_demand",
        "flows.upkeep.upkeep",
    }


def test_the_server_schedules_runs_for_them(house: House) -> None:
    def planned(name: str) -> list[datetime]:
        runs = house.prefect(
            "flow_runs/filter",
            deployments={"id": {"any_": [deployments(house)[name]["id"]]}},
            flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}},
        )
        return [datetime.fromisoformat(run["expected_start_time"]).astimezone(JAKARTA) for run in runs]

    for name in ("daily", "weekly", "monthly"):
        times = eventually(lambda name=name: planned(name))
        assert times, f"rekap/{name} was not scheduled"
        assert {(time.hour, time.minute) for time in times} == {(7, 0)}
        if name == "weekly":
            assert {time.weekday() for time in times} == {0}
        if name == "monthly":
            assert {time.day for time in times} == {1}


def test_deploying_again_with_another_zone_moves_the_schedules_and_doubles_none(house: House) -> None:
    """Prefect's own command, unaided, from another folder."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(PREFECT_YAML)]
    for zone in ("Asia/Makassar", "Asia/Jakarta"):
        variables = {**house.at.environment, "WA_TIMEZONE": zone}
        done = subprocess.run(command, env=variables, cwd=house.at.folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode()
        assert {name: [s[2] for s in found] for name, found in schedules(house).items()} == {
            "daily": [zone],
            "weekly": [zone],
            "monthly": [zone],
            "poll": [zone],
            "upkeep": [zone],
            "watches": [zone],
            "trigger": [],
        }


def test_a_wrong_zone_stops_the_deployment_with_one_clear_line(house: House) -> None:
    done = house.wa("deploy", WA_TIMEZONE="WIB")
    assert done.returncode == 2
    assert "WA_TIMEZONE: found 'WIB', must be an IANA zone" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_prefect_that_is_away_is_said_in_one_line(house: House) -> None:
    done = house.wa("deploy", PREFECT_API_URL="http://127.0.0.1:1/api")
    assert done.returncode == 1
    assert "http://127.0.0.1:1/api" in done.stderr
    assert "Traceback" not in done.stderr
