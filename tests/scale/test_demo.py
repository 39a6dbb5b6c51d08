"""The demo whole: what its main job shows, what a crash of its worker leaves behind, and how it is stopped."""

import contextlib
import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.demo import WITHIN_S, Demo, children


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("demo"))


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
    own = {"rekap-harian": 3, "by hand": 1, "command": 1}
    messages = demo.messages()
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
