"""Prefect's server as `wa up` starts it: `python -m deployments.prefect_server`, and what follows `prefect server`.

On SQLite it would stand still for a minute now and then: Python's garbage collector frees cursors wherever it happens
to run, mostly in the only event loop; to free one, SQLite waits for the cursor's connection; that may be waiting, for
up to a minute, for a writer that only the event loop could let go on. So a thread that may wait collects garbage.

There, too, a transaction that reads before it writes fails at once, without waiting, when another wrote meanwhile.
Automations count events in such ones: the end of a run was given up after four tries, and ten minutes later the run
was taken for dead. So a transaction is a writer from its beginning, and waits for its turn.
"""

import gc
import runpy
import sys
import threading
import time
from contextlib import AbstractAsyncContextManager
from itertools import count
from typing import Any

from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy.ext.asyncio import AsyncSession

_EVERY_S = 2.0
_ALL_AT = 60
"""Every so many times what has long been there is looked through as well, which takes a fraction of a second."""


def collect_apart(every_s: float = _EVERY_S) -> None:
    """Collect garbage in a thread of its own from now on, once in `every_s` seconds."""
    gc.disable()
    threading.Thread(target=_collect, args=(every_s,), name="garbage", daemon=True).start()


def wait_for_turns() -> None:
    """Let each transaction of SQLite wait for the writers before it, from now on."""
    begin = AioSqliteConfiguration.begin_transaction

    def begin_writing(
        self: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = True
    ) -> AbstractAsyncContextManager[Any]:
        return begin(self, session, with_for_update=True)

    AioSqliteConfiguration.begin_transaction = begin_writing  # type: ignore[assignment, method-assign]


def _collect(every_s: float) -> None:
    for times in count(1):
        time.sleep(every_s)
        gc.collect(1 if times % _ALL_AT else 2)


if __name__ == "__main__":
    collect_apart()
    wait_for_turns()
    sys.argv[1:1] = ["server"]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
