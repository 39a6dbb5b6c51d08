"""Ports for servers that a test starts later, stops, and starts again at the same place."""

import fcntl
import os
import socket
import tempfile
from itertools import chain
from pathlib import Path

_FIRST, _LAST = 20_000, 32_000
"""Below those that the system gives away by itself (from 32,768 on Linux), so that no other test's server gets one."""

_PLACE = Path(tempfile.gettempdir()) / f"wa-test-ports-{os.getuid()}"
_locks: dict[int, int] = {}


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses, and that no other call is given until this process ends."""
    _PLACE.mkdir(exist_ok=True)
    begin = _FIRST + os.getpid() * 7 % (_LAST - _FIRST)
    return next(port for port in chain(range(begin, _LAST), range(_FIRST, begin)) if _take(port))


def _take(port: int) -> bool:
    if port in _locks:
        return False
    lock = os.open(_PLACE / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OSError:
        os.close(lock)
        return False
    _locks[port] = lock
    return True
