"""Waiting for what another task does."""

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], bool]) -> None:
    """Return once `holds` does; asked in a thread, since it may ask a store."""
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - another task's work
            await asyncio.sleep(0.01)
