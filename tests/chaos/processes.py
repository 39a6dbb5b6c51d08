"""Processes that can be killed: forked from a small server, so that a new one is at work within milliseconds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any


def start(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start `target(*arguments)` as a process of its own."""
    context = multiprocessing.get_context("forkserver")
    # A child imports the program that was started: pytest, where that is it.
    loaded = ["tests.chaos.worker", "tests.chaos.provider", "psycopg", *({"pytest"} & sys.modules.keys())]
    context.set_forkserver_preload(loaded)
    process = context.Process(target=_run, args=(target, *arguments), daemon=True)
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    """End it at once, whatever it is doing, and wait until it is gone."""
    process.kill()
    process.join()


def _run(target: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=_end_with_the_one_that_started_us, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    target(*arguments)


def _end_with_the_one_that_started_us() -> None:
    """However that ended: killed, it cannot stop its children any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)
