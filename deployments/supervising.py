"""What `wa up` does while nothing is asked of it: whoever ends, or hangs, starts again."""

from __future__ import annotations

import asyncio
import time

import aiohttp

from deployments.children import Child, Children
from deployments.logs import Say

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_WELL_AFTER_S = 60.0
"""Who has lived so long starts again after the shortest pause."""

_LOOK_EVERY_S = 20.0
_ANSWERS_WITHIN_S = 15.0
_SILENT_TIMES = 3


async def supervise(
    processes: Children, say: Say, *, first_pause_s: float = _FIRST_PAUSE_S, look_every_s: float = _LOOK_EVERY_S
) -> None:
    """Start each child again that ends by itself, after a pause that grows; kill those that no longer answer.

    Goes on until it is cancelled.
    """
    async with asyncio.TaskGroup() as group:
        for child in processes:
            group.create_task(_keep(processes, child, say, first_pause_s), name=f"keeps {child.name}")
            if child.health:
                group.create_task(_look_at(child, say, look_every_s), name=f"looks at {child.name}")


async def _keep(processes: Children, child: Child, say: Say, first_pause_s: float) -> None:
    pause = first_pause_s
    while True:
        began = time.monotonic()
        await child.ended()
        if time.monotonic() - began > _WELL_AFTER_S:
            pause = first_pause_s
        say(f"{child.why()}; it starts again in {pause:.0f} s (see its log)")
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE_S, 2 * pause)
        try:
            await processes.restart(child)
        except OSError as error:
            say(f"{child.name} cannot be started: {error.strerror}")


async def _look_at(child: Child, say: Say, every_s: float) -> None:
    """Kill a child that runs and has been silent `_SILENT_TIMES` in a row; a new one is given as long to begin."""
    process, silent = child.process, 0
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=min(every_s, _ANSWERS_WITHIN_S))) as session:
        while True:
            await asyncio.sleep(every_s)
            if child.process is not process:
                process, silent = child.process, -_SILENT_TIMES
            silent = 0 if await _answers(session, child.health) else silent + 1
            if silent >= _SILENT_TIMES and process.returncode is None:
                say(f"{child.name} runs but does not answer at {child.health}: it is killed")
                process.kill()


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
