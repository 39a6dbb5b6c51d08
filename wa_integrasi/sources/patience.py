"""How often a source that is away is tried again, and when it is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.pause import Pause

_T = TypeVar("_T")


class Reconnect(BaseModel):
    """The policy of one source: attempts of one query, and the pause of all after failures in a row."""

    model_config = ConfigDict(frozen=True)

    attempts: int = Field(default=3, ge=1, le=10, description="How often one query tries, within its time limit.")
    first_wait_s: float = Field(default=0.2, ge=0, le=60, description="Wait before the second try; each doubles it.")
    pause_after: int = Field(default=3, ge=1, le=100, description="Queries in a row that fail so before the pause.")
    pause_s: float = Field(default=30.0, gt=0, le=3_600, description="The first pause; each further one is doubled.")
    longest_pause_s: float = Field(default=600.0, gt=0, le=86_400, description="The longest pause.")


class LeftAloneError(SourceError):
    """The source was not asked: it has failed too often. `until` is when it is asked again, by the wall clock."""

    def __init__(self, until: datetime, wait_s: float) -> None:
        when = f"until {until:%H:%M:%S} UTC ({wait_s:.0f} s)" if wait_s else "until one query knows whether it is back"
        super().__init__(f"the source has failed and is left alone {when}", transient=True, wait_s=wait_s)
        self.until = until


@dataclass
class Patience:
    """Of one source: all its queries in a process share one. Two are equal when their policies are."""

    reconnect: Reconnect = field(default_factory=Reconnect)
    clock: Callable[[], float] = field(default=time.monotonic, compare=False)
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)
    now: Clock = field(default=utc_now, compare=False)
    _pause: Pause = field(init=False, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        policy = self.reconnect
        self._pause = Pause(policy.pause_after, policy.pause_s, max(policy.pause_s, policy.longest_pause_s))

    def ask(self, work: Callable[[], _T], within_s: float) -> _T:
        """What `work` gives, tried again where it raises a transient `SourceError` and there is time.

        Raises `LeftAloneError` at once during a pause.
        """
        with self._lock:
            if not self._pause.enter(self.clock()):
                raise self._left_alone()
        try:
            given = self._insist(work, self.clock() + within_s)
        except SourceError as error:
            with self._lock:
                if error.outage:
                    self._pause.failed(self.clock(), error.wait_s)
                else:
                    self._pause.worked()
            raise
        else:
            with self._lock:
                self._pause.worked()
            return given
        finally:
            with self._lock:
                self._pause.left()

    def _insist(self, work: Callable[[], _T], ends: float) -> _T:
        for tried in range(1, self.reconnect.attempts + 1):
            try:
                return work()
            except SourceError as error:
                wait = max(error.wait_s, self.reconnect.first_wait_s * 2 ** (tried - 1))
                if not error.transient or tried == self.reconnect.attempts or self.clock() + wait >= ends:
                    raise
            self.sleep(wait)
        raise AssertionError("unreachable")

    def _left_alone(self) -> LeftAloneError:
        wait_s = max(0.0, (self._pause.until or 0.0) - self.clock())
        return LeftAloneError(self.now() + timedelta(seconds=wait_s), wait_s)
