"""The processes of `wa up`: started again when they end or hang, stopped in order, what they print kept."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from deployments.children import ChildError, Children, children
from deployments.logs import ChildLog
from deployments.supervising import supervise
from tests.ports import free_port
from tests.waiting import ended, until

PROGRAMS = {
    "sleeper": "import signal, sys, time\nprint('up', flush=True)\ntime.sleep(600)",
    "stubborn": "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\n"
    "time.sleep(600)",
    "polite": "import pathlib, signal, sys, time\n"
    "def end(*_):\n    open('stopped', 'a').write(sys.argv[1] + '\\n')\n    sys.exit(0)\n"
    "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\ntime.sleep(600)",
    "broken": "print('no such table: plants')\nraise SystemExit(3)",
    "parent": "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print(child.pid, flush=True)\ntime.sleep(600)",
    "hanging": "import signal, socket, sys, time\n"
    "listening = socket.create_server(('127.0.0.1', int(sys.argv[1])))\nprint('up', flush=True)\ntime.sleep(600)",
}


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    for name, text in PROGRAMS.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


@asynccontextmanager
async def going(folder: Path) -> AsyncIterator[tuple[Children, list[str]]]:
    printed: list[str] = []
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    async with children(environment, folder, folder / "logs", printed.append) as processes:
        yield processes, printed


@asynccontextmanager
async def supervised(processes: Children, said: list[str], **how: float) -> AsyncIterator[None]:
    task = asyncio.create_task(supervise(processes, said.append, first_pause_s=0.01, **how))
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_child_that_is_killed_starts_again_and_the_others_stay(programs: Path) -> None:
    said: list[str] = []
    async with going(programs) as (processes, printed):
        killed = await processes.start("killed", ["sleeper"])
        stays = await processes.start("stays", ["sleeper"])
        first, other = killed.process.pid, stays.process.pid
        async with supervised(processes, said):
            await until(lambda: printed.count("killed         | up") == 1)
            killed.process.kill()
            await until(lambda: printed.count("killed         | up") == 2)
        assert killed.process.pid != first
        assert stays.process.pid == other
    assert said == ["killed was ended by signal 9; it starts again in 0 s (see its log)"]


async def test_what_a_killed_child_had_started_is_ended_before_it_starts_again(programs: Path) -> None:
    async with going(programs) as (processes, printed):
        child = await processes.start("parent", ["parent"])
        async with supervised(processes, []):
            await until(lambda: len(printed) == 1)
            child.process.kill()
            await until(lambda: len(printed) == 2)
        assert ended(int(printed[0].split("|")[1]))


async def test_one_that_runs_but_does_not_answer_is_killed_and_starts_again(programs: Path) -> None:
    port, said = free_port(), list[str]()
    async with going(programs) as (processes, printed):
        url = f"http://127.0.0.1:{port}/healthz"
        await processes.start("service", ["hanging", str(port)], health=url)
        await until(lambda: printed.count("service        | up") == 1)
        async with supervised(processes, said, look_every_s=0.05):
            await until(lambda: printed.count("service        | up") == 2)
    assert said[0] == f"service runs but does not answer at {url}: it is killed"


async def test_what_fails_at_the_start_says_its_last_lines(programs: Path) -> None:
    async with going(programs) as (processes, _):
        with pytest.raises(ChildError, match=r"set-up exited with code 3.*\nno such table: plants"):
            await processes.run("set-up", ["broken"])
        await processes.start("service", ["broken"])
        with pytest.raises(ChildError, match=r"service exited with code 3"):
            await processes.watch()


async def test_those_of_a_higher_rank_have_ended_before_the_next_is_asked_to(programs: Path) -> None:
    async with going(programs) as (processes, printed):
        for rank, name in enumerate(["database", "server", "worker"]):
            await processes.start(name, ["polite", name], rank)
            await until(partial(printed.__contains__, f"{name:<14} | up"))
    assert (programs / "stopped").read_text().split() == ["worker", "server", "database"]


async def test_one_that_does_not_stop_is_killed_in_the_time_it_is_given(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.children.STOPS_WITHIN_S", 1.0)
    async with going(programs) as (processes, printed):
        child = await processes.start("stubborn", ["stubborn"])
        await until(lambda: printed.count("stubborn       | up") == 1)
    assert child.process.returncode == -9


def test_a_log_is_turned_over_and_keeps_lines_without_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.logs._LARGEST", 2_000)
    log = ChildLog("worker", tmp_path / "worker.log")
    ours, theirs = os.pipe()
    os.write(theirs, b"".join(b"line %d\n" % number for number in range(1_000)) + b"\xff no end")
    os.close(theirs)
    asyncio.run(log.take(ours))
    log.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["worker.log", "worker.log.1", "worker.log.2", "worker.log.3"]
    assert all(file.stat().st_size <= 2_000 for file in files)
    assert files[0].read_text().splitlines()[-2:] == ["line 999", "� no end"]
    assert log.tail[-1] == "� no end"
