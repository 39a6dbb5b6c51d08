"""Child processes of `wa up`: started, watched, and all stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from deployments.errors import DeploymentError
from deployments.logs import ChildLog, Say

STOPS_WITHIN_S = 18.0
"""All children together, however they hang."""

_STOP_WITHIN_S = 10.0
_LAST_WORDS_S = 1.0
_PR_SET_PDEATHSIG = 1


class ChildError(DeploymentError):
    """A child could not be started, or ended by itself. Its message has the end of its log."""


class Child:
    """A program that runs as a child process, each time as a new one."""

    def __init__(self, name: str, arguments: Sequence[str], log: ChildLog, rank: int = 0, health: str = "") -> None:
        self.name = name
        self.rank = rank
        self.health = health
        self._arguments = arguments
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._words: asyncio.Task[None] | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The process that was started last."""
        if self._process is None:
            raise ChildError(f"{self.name} was not started")
        return self._process

    async def start(self, environment: Mapping[str, str], runs_in: Path) -> None:
        """Start `python -m …` in a session of its own, so that Ctrl-C reaches only its parent."""
        ours, theirs = os.pipe()  # with asyncio's own pipe the child would not count as ended before its children
        self._words = asyncio.create_task(self._log.take(ours), name=f"log of {self.name}")
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self._arguments,
                cwd=runs_in,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        finally:
            os.close(theirs)

    async def ended(self) -> int:
        """Wait until it has ended, and kill what it has left behind; its exit code."""
        code = await self.process.wait()
        await self._sweep()
        return code

    def why(self) -> str:
        """How it ended."""
        code = self.process.returncode or 0
        return f"{self.name} " + (f"was ended by signal {-code}" if code < 0 else f"exited with code {code}")

    def error(self) -> ChildError:
        """What to say when it is gone and that ends everything."""
        return ChildError("\n".join([f"{self.why()}; the end of {self._log.path}:", *self._log.tail]))

    async def stop(self, within_s: float) -> None:
        """Ask it to stop, then kill it and everything it started."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._process.wait()
        await self._sweep()
        self._log.close()

    async def _sweep(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        if self._words is not None:
            await asyncio.wait({self._words}, timeout=_LAST_WORDS_S)
            self._words.cancel()


class Children:
    """The processes of one `wa up`, in the order of their start."""

    def __init__(self, environment: Mapping[str, str], runs_in: Path, logs: Path, show: Say | None = None) -> None:
        """`show` gets what they print, each line behind the name of its process."""
        self.environment = dict(environment)
        self._runs_in = runs_in
        self._logs = logs
        self._show = show
        self._children: list[Child] = []

    async def start(self, name: str, arguments: Sequence[str], rank: int = 0, health: str = "") -> Child:
        """Start one that is meant to stay.

        Those of a higher rank are stopped first, equal ones together. `health` is an address that answers 200 while
        it is well.
        """
        log = ChildLog(name, self._logs / f"{name.replace(' ', '-')}.log", self._show)
        child = Child(name, arguments, log, rank, health)
        self._children.append(child)
        await child.start(self.environment, self._runs_in)
        return child

    async def run(self, name: str, arguments: Sequence[str]) -> None:
        """Start one that is meant to end, and wait for it. Raises `ChildError` when it fails."""
        child = await self.start(name, arguments, rank=sys.maxsize)
        code = await child.ended()
        self._children.remove(child)
        await child.stop(0)
        if code:
            raise child.error()

    async def watch(self) -> None:
        """Wait until a child ends by itself and raise `ChildError` for it."""
        waits = {asyncio.create_task(child.ended()): child for child in self._children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        raise waits[done.pop()].error()

    async def restart(self, child: Child) -> None:
        """Start one again that has ended."""
        await child.start(self.environment, self._runs_in)

    def __iter__(self) -> Iterator[Child]:
        return iter(list(self._children))

    async def stop(self) -> None:
        """Stop all of them, by rank, within `STOPS_WITHIN_S`."""
        ends, by_rank = time.monotonic() + STOPS_WITHIN_S, attrgetter("rank")
        ranks = [list(rank) for _, rank in groupby(sorted(self._children, key=by_rank, reverse=True), by_rank)]
        self._children.clear()
        for later, rank in zip(range(len(ranks) - 1, -1, -1), ranks, strict=True):
            within = max(1.0, min(_STOP_WITHIN_S, ends - time.monotonic() - later))
            await asyncio.gather(*(child.stop(within) for child in rank))


@asynccontextmanager
async def children(
    environment: Mapping[str, str], runs_in: Path, logs: Path, show: Say | None = None
) -> AsyncIterator[Children]:
    """Child processes that do not outlive the block."""
    started = Children(environment, runs_in, logs, show)
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
