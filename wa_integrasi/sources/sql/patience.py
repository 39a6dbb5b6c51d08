"""How often a database that is away is tried again, and when it is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from wa_integrasi.sources.ai_pause import Pause
from wa_integrasi.sources.base import SourceError

_T = TypeVar("_T")


@dataclass
class Patience:
    """Of one source: attempts with a growing wait, and a pause for all after failures in a row."""

    attempts: int = 3
    first_wait_s: float = 0.2
    pause: Pause = field(default_factory=Pause)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def connect(self, connect: Callable[[], _T], within_s: float) -> _T:
        """What `connect` gives, tried again where it raises a transient `SourceError` and there is time."""
        with self._lock:
            if not self.pause.enter(self.clock()):
                raise SourceError("the source has failed and is left alone for a while", transient=True)
        try:
            connected = self._insist(connect, self.clock() + within_s)
        except SourceError as error:
            with self._lock:
                if error.transient:
                    self.pause.failed(self.clock())
                else:
                    self.pause.worked()
            raise
        else:
            with self._lock:
                self.pause.worked()
            return connected
        finally:
            with self._lock:
                self.pause.left()

    def _insist(self, connect: Callable[[], _T], ends: float) -> _T:
        for tried in range(1, self.attempts + 1):
            try:
                return connect()
            except SourceError as error:
                wait = self.first_wait_s * 2 ** (tried - 1)
                if not error.transient or tried == self.attempts or self.clock() + wait >= ends:
                    raise
            self.sleep(wait)
        raise AssertionError("unreachable")
