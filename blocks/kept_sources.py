"""What a process knows of its sources: that one is away, where tags are, a token."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

T = TypeVar("T")


class KeptSources:
    """Sources by kind and name. One whose block says what it said before stays the same object, with its memory."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def same(self, kind: str, name: str, loaded: T) -> T:
        """`loaded`, or the equal one that was loaded before it."""
        with self._lock:
            known: Any = self._known.get((kind, name))
            if type(known) is not type(loaded) or known != loaded:
                self._known[kind, name] = known = loaded
            return known  # type: ignore[no-any-return]


KEPT = KeptSources()
"""Of this process: the tasks of a run share nothing else, yet what is down is down for all of them."""
