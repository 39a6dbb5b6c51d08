"""The demo as its user starts it, in a folder of its own: the main job once, and what a crash leaves behind."""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import free_port

WITHIN_S = 200


class Demo:
    """`wa up --demo` in one folder, on ports that nobody else has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = ["--port", str(free_port()), "--prefect-port", str(free_port())]
        self.store = folder / ".wa" / "demo" / "wa.db"

    @contextmanager
    def up(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.cli", "up", "--demo", *self.ports, *options],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=60)

    def once(self) -> tuple[int, str]:
        """Run the main job once: its exit code and what it printed."""
        with self.up("--once") as process:
            printed, _ = process.communicate(timeout=WITHIN_S)
        return process.returncode, printed

    def messages(self) -> Counter[tuple[str, str]]:
        """How many messages of each kind stand where: of a report, of what their key begins with, or by hand."""
        kind = "coalesce(report, substr(dedupe_key, 1, instr(dedupe_key, '/') - 1), 'by hand')"
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(self.store, timeout=1)) as store:
            return Counter(store.execute(f"SELECT {kind}, status FROM wa_outbox"))
        return Counter()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("demo"))


def children(pid: int) -> list[int]:
    """Every process below `pid`."""
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [found for child in map(int, listed) for found in (child, *children(child))]


def worker_of(pid: int) -> int | None:
    """The Prefect worker below `pid`, once it has started a flow run."""
    for child in children(pid):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if b"worker" in words and children(child):
                return child
    return None


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the worker through /proc, which this system lacks")
@pytest.mark.timeout(4 * WITHIN_S)
def test_a_killed_worker_loses_nothing_and_repeats_nothing(demo: Demo) -> None:
    with demo.up("--once") as process:
        ends = time.monotonic() + WITHIN_S
        while "rekap-harian" not in {kind for kind, _ in demo.messages()} and process.poll() is None:
            assert time.monotonic() < ends
            time.sleep(0.002)
        worker = worker_of(process.pid)
        assert worker, "the worker runs the recap"
        for pid in (worker, *children(worker)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "prefect worker was ended by signal 9" in printed
    assert "Traceback" not in printed

    code, printed = demo.once()
    assert code == 0, printed
    messages = demo.messages()
    own = {"rekap-harian": 3, "by hand": 1, "command": 1}
    assert {key: count for key, count in messages.items() if key[0] in own} == {
        (kind, "read"): count for kind, count in own.items()
    }
    # What the killed run had begun of these may go on beside the second one, and need not be read at its end.
    assert messages["complaint", "read"] in (1, 2)
    assert messages["rekap-tugas", "read"] >= 1
    assert "Pesan Komplain" in printed
    assert re.search(r"Nomor tiket:\* K\d{4}-\d{5}", printed)
    assert "*Rekap Tugas*" in printed
    assert "The phone asks: produksi kemarin" in printed
    assert re.search(r"The answer was on the phone \d+\.\d\d s after the question was typed", printed)
    assert re.search(r"by hand was on the phone \d+\.\d\d s after it was written", printed)
    assert "Selamat" in printed
    assert "Rekap Produksi Harian" in printed
    assert [printed.count(f" {status} ") or printed.count(f" {status}\n") for status in ("delivered", "read")] == [5, 5]


@pytest.mark.timeout(2 * WITHIN_S)
def test_ctrl_c_stops_every_child(demo: Demo) -> None:
    with demo.up() as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Ctrl-C stops everything"):
                break
        below = children(process.pid)
        assert len(below) >= 4
        code, printed = Demo(demo.folder).once()
        assert code == 1
        assert "another 'wa up' runs in" in printed
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=40)
    assert process.returncode == 0
    assert [pid for pid in below if Path(f"/proc/{pid}").exists()] == []


def test_a_job_that_was_interrupted_is_not_done(demo: Demo) -> None:
    with demo.up("--once") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=40)
    assert process.returncode == 1
    assert "stopped before the job was done" in printed


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
