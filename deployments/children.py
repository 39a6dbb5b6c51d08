"""Child processes of `wa up`: started, watched, and all stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deployments.errors import DeploymentError

_STOP_WITHIN_S = 10.0
_TAIL = 25
_PR_SET_PDEATHSIG = 1


class ChildError(DeploymentError):
    """A child could not be started, or ended by itself. Its message has the end of its log."""


@dataclass(frozen=True)
class Child:
    """One running process with its log file."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    def ended(self) -> ChildError:
        """What to say when it is gone."""
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL:]
        how = self.process.returncode or 0
        reason = f"was ended by signal {-how}" if how < 0 else f"exited with code {how}"
        return ChildError("\n".join([f"{self.name} {reason}; the end of {self.log}:", *lines]))

    async def stop(self) -> None:
        """Ask it to stop, then kill it and everything it started."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), _STOP_WITHIN_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()


class Children:
    """The processes of one `wa up`, in the order of their start."""

    def __init__(self, environment: Mapping[str, str], runs_in: Path, logs: Path) -> None:
        self._environment = dict(environment)
        self._runs_in = runs_in
        self._logs = logs
        self._children: list[Child] = []

    async def start(self, name: str, arguments: Sequence[str]) -> Child:
        """Start `python -m …` in a session of its own, so that Ctrl-C reaches only its parent."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name.replace(' ', '-')}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *arguments,
                cwd=self._runs_in,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    async def run(self, name: str, arguments: Sequence[str]) -> None:
        """Start one that is meant to end, and wait for it. Raises `ChildError` when it fails."""
        child = await self.start(name, arguments)
        code = await child.process.wait()
        self._children.remove(child)
        if code:
            raise child.ended()

    async def watch(self) -> None:
        """Wait until a child ends by itself and raise `ChildError` for it."""
        waits = {asyncio.create_task(child.process.wait()): child for child in self._children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        raise waits[done.pop()].ended()

    async def stop(self) -> None:
        """Stop all of them, the last started first."""
        while self._children:
            await self._children.pop().stop()


@asynccontextmanager
async def children(environment: Mapping[str, str], runs_in: Path, logs: Path) -> AsyncIterator[Children]:
    """Child processes that do not outlive the block."""
    started = Children(environment, runs_in, logs)
    try:
        yield started
    finally:
        await started.stop()


def check_port(host: str, port: int, option: str) -> None:
    """Raise `ChildError` when something listens on `port` already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ChildError(f"port {port} is in use ({error.strerror}): choose another with {option}") from error


def _end_with_parent() -> None:
    """Linux ends the child when its parent is killed and cannot stop it any more."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
