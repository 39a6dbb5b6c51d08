"""Work on the store from a worker: in a thread, and again until the store is back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError

from wa_integrasi.store.engine import StoreError, is_away

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0
_YIELD_S = 0.001
"""SQLite has no queue of writers: without a pause between two transactions nobody else would get a turn."""

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class Patience:
    """Waits for a store that is away, and says so once; what was to be written stays in memory until then."""

    def __init__(self, dialect: str) -> None:
        self._one_writer = asyncio.Lock() if dialect == "sqlite" else None
        self._away = False
        self._ends: float | None = None

    def end_at(self, moment: float) -> None:
        """Wait no longer than until `moment` of the loop's clock; after it a store that is away is an error."""
        self._ends = moment

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do `work` in a thread. Raises what it raises, unless the store is away and may come back in time."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                async with self._one_writer or nullcontext():
                    done = await asyncio.to_thread(work, *args, **kwargs)
                    if self._one_writer:
                        await asyncio.sleep(_YIELD_S)
            except (StoreError, DBAPIError) as error:
                if not is_away(error) or self._over():
                    raise
                self._say(error)
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE_S, 2 * pause)
            else:
                if self._away:
                    log.warning("the store is back")
                    self._away = False
                return done

    def _over(self) -> bool:
        return self._ends is not None and asyncio.get_running_loop().time() >= self._ends

    def _say(self, error: Exception) -> None:
        if not self._away:
            cause = error.orig if isinstance(error, DBAPIError) else error
            log.warning("the store is away (%s): waiting for it, nothing is lost", type(cause).__name__)
            self._away = True
