"""The demo as its user starts it, in a folder of its own, until it is at work. The rest is in tests/scale."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo import Demo, children


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("demo"))


def test_a_job_that_was_interrupted_is_not_done_and_leaves_nobody_behind(demo: Demo) -> None:
    with demo.up("--once") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Blocks"):
                break
        below = children(process.pid)
        assert len(below) >= 2, "Prefect's server and the service"
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=40)
    assert process.returncode == 1
    assert "stopped before the job was done" in printed
    assert [pid for pid in below if Path(f"/proc/{pid}").exists()] == []


def test_a_busy_port_is_named_with_the_option_that_changes_it(demo: Demo) -> None:
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", int(demo.ports[1])))
        squatter.listen()
        code, printed = demo.once()
    assert code == 1
    assert f"port {demo.ports[1]} is in use" in printed
    assert "--port" in printed


def test_once_without_the_demo_is_wrong_usage(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deployments.cli", "up", "--once"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 2
