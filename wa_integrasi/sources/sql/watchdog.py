"""A second thread that stops a query whose time is over, whether the server listens or not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from wa_integrasi.sources.sql.session import Session

_AFTER_S = 0.5
"""The server's own limit comes first."""

_AGAIN_S = 2.0


@dataclass(slots=True)
class Watch:
    """One query under watch."""

    bit: threading.Event = field(default_factory=threading.Event)
    """Set when the time was over and the query was stopped from outside."""


@contextmanager
def watched(session: Session, timeout_s: float) -> Iterator[Watch]:
    """Within it, a session is asked to stop after `timeout_s`; what does not stop then is cut off."""
    watch, done = Watch(), threading.Event()

    def stop_when_over() -> None:
        if done.wait(timeout_s + _AFTER_S):
            return
        watch.bit.set()
        session.cancel()
        while not done.wait(_AGAIN_S):
            session.sever()

    dog = threading.Thread(target=stop_when_over, name="query time limit", daemon=True)
    dog.start()
    try:
        yield watch
    finally:
        done.set()
        dog.join()
