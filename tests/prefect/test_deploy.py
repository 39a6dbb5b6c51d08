"""`wa deploy` and `prefect deploy --all` register what `prefect.yaml` says, and the server really schedules it."""

import asyncio
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from deployments.register import register_automations
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
        "half-hourly": [("half-hourly", "*/30 * * * *", "Asia/Jakarta")],
        "respond": [("respond", "*/5 * * * *", "Asia/Jakarta")],
        "upkeep": [("upkeep", "17 * * * *", "Asia/Jakarta")],
        "watches": [("watches", "* * * * *", "Asia/Jakarta")],
        "alarm": [],
        "trigger": [],
    }
    assert {found["entrypoint"] for found in deployments(house).values()} == {
        "flows.rekap.rekap",
        "flows.gateway.gateway",
        "flows.watches.watches",
        "flows.on_demand.on_demand",
        "flows.upkeep.upkeep",
        "flows.alarm.alarm",
        "flows.complaints.complaints",
        "flows.task_delivery.task_delivery",
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


def test_the_check_finds_nothing_after_a_deployment_and_names_what_was_changed_since(house: House) -> None:
    good = house.wa("deploy", "--check")
    assert (good.returncode, good.stdout) == (0, "Prefect has everything as it should be\n")
    automations = {found["name"]: found["id"] for found in house.prefect("automations/filter")}
    assert len(automations) == 3
    gone = "wa: runs whose process is gone"
    httpx.delete(f"{house.at.prefect_url}/api/automations/{automations[gone]}").raise_for_status()
    bad = house.wa("deploy", "--check", "--json", WA_GATEWAY_POLL_CRON="*/5 * * * *", WA_API_KEY="x" * 32)
    assert bad.returncode == 1
    found = {(row["kind"], row["name"]): (row["drift"], row["what"]) for row in json.loads(bad.stdout)}
    assert found.pop(("deployment", "wa-gateway/poll"))[1].startswith("schedules: is [('poll', '*/2 * * * *'")
    [(block, (how, what))] = [item for item in found.items() if item[0][0] == "block"]
    assert (block[1], how, what) == ("meta-cloud-api/default", "different", "access_token")
    assert [name for name in found if name[0] == "automation"] == [("automation", gone)]
    asyncio.run(register_automations())
    assert {found["name"] for found in house.prefect("automations/filter")} == set(automations)


def test_deploying_again_with_another_zone_moves_the_schedules_and_doubles_none(house: House) -> None:
    """Prefect's own command, unaided, from another folder."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(PREFECT_YAML)]
    before = schedules(house)
    variables = {**house.at.environment, "WA_TIMEZONE": "Asia/Makassar"}
    done = subprocess.run(command, env=variables, cwd=house.at.folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()
    moved = {name: [(slug, cron, "Asia/Makassar") for slug, cron, _ in found] for name, found in before.items()}
    assert moved != before
    assert schedules(house) == moved
