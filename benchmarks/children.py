"""Processes that a benchmark starts and speaks with, a line at a time."""

import subprocess
import sys
from types import TracebackType
from typing import Self


class Child:
    """`python -m MODULE ARGUMENTS`; stopped when the block is left, whatever happens in it."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._name = module
        command = [sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()  # which ends a child that waits for a line
        try:
            self._process.wait(5 if kind is None else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def tell(self, line: str) -> None:
        """Write a line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """The next line that it writes."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended before it had answered")
        return line.strip()

    def ask(self, line: str) -> str:
        """Write a line to it, and wait for its answer."""
        self.tell(line)
        return self.hear()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None
