"""`wa up --demo` as its user starts it, in a folder and on ports of its own."""

import contextlib
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

WITHIN_S = 200


class Demo:
    """`wa up --demo` in one folder, on ports that nobody else has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = ["--port", str(free_port()), "--prefect-port", str(free_port())]
        self.store = folder / ".wa" / "demo" / "wa.db"

    @contextmanager
    def up(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.cli", "up", "--demo", *self.ports, *options],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=60)

    def once(self) -> tuple[int, str]:
        """Run the main job once: its exit code and what it printed."""
        with self.up("--once") as process:
            printed, _ = process.communicate(timeout=WITHIN_S)
        return process.returncode, printed

    def messages(self) -> Counter[tuple[str, str]]:
        """How many messages of each kind stand where: of a report, of what their key begins with, or by hand."""
        kind = "coalesce(report, substr(dedupe_key, 1, instr(dedupe_key, '/') - 1), 'by hand')"
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(self.store, timeout=1)) as store:
            return Counter(store.execute(f"SELECT {kind}, status FROM wa_outbox"))
        return Counter()


def children(pid: int) -> list[int]:
    """Every process below `pid`."""
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [found for child in map(int, listed) for found in (child, *children(child))]
