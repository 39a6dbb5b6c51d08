"""Waiting for what another task, or another process, does."""

import asyncio
import subprocess
from collections.abc import Callable


async def until(holds: Callable[[], bool], within_s: float = 10) -> None:
    """Return once `holds` does; asked in a thread, since it may ask a store."""
    async with asyncio.timeout(within_s):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - another task's work
            await asyncio.sleep(0.01)


def ended(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has asked yet how."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return state.strip()[:1] in {"", "Z"}
