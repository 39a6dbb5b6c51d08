"""What child processes print: into a file that does not grow for ever, and to the terminal where that is asked for."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

Say = Callable[[str], None]

_LARGEST = 10_000_000
_KEPT = 3
_LONGEST_LINE = 65_536
_TAIL = 25


@contextmanager
def errors_left_to_us() -> Iterator[None]:
    """Within the block the terminal shows no errors of Prefect's runs, which come with tracebacks: we tell the cause.

    `wa --traceback` shows them; Prefect keeps them in either case.
    """

    def passes(record: logging.LogRecord) -> bool:
        return record.levelno < logging.ERROR or not record.name.startswith("prefect")

    handlers = [] if "--traceback" in sys.argv else list(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(passes)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(passes)


class ChildLog:
    """Takes what one child prints, line by line."""

    def __init__(self, name: str, path: Path, say: Say | None = None) -> None:
        """`say` gets each line behind the child's name."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._prefix = f"{name:<14} | "
        self._say = say
        self._last: deque[str] = deque(maxlen=_TAIL)
        self._file = RotatingFileHandler(path, maxBytes=_LARGEST, backupCount=_KEPT, encoding="utf-8")

    @property
    def tail(self) -> list[str]:
        """The newest lines."""
        return list(self._last)

    async def take(self, pipe: int) -> None:
        """Take everything until the child, and whatever it started, has closed its end of the pipe; then close ours."""
        printed = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(printed), os.fdopen(pipe, "rb")
        )
        with closing(transport):
            await self._read(printed)

    async def _read(self, printed: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await printed.read(_LONGEST_LINE):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._add(line)
            if len(rest) > _LONGEST_LINE:
                self._add(rest)
                rest = b""
        if rest:
            self._add(rest)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _add(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        self._last.append(text)
        self._file.handle(logging.makeLogRecord({"msg": text}))
        if self._say is not None:
            self._say(self._prefix + text)
