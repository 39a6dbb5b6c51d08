"""`wa serve` with everything on, beside a bare Starlette app that verifies the signature and does one INSERT a request.

Both run as they are started in use, one process each, over a new store for each measurement; what posts to them is a
process of its own. Every webhook is another one, and every one that was answered must be in the store.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.children import Child
from benchmarks.figures import Figures, medians, options, show, verdict
from benchmarks.load import NUMBER_ID, SECRET
from benchmarks.stores import store_url
from tests.ports import free_port
from tests.postgres import postgres
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import inbound_events

PATH = "/webhooks/meta/default"
MANY = (50, 200)
STEADY = 500


@contextmanager
def bare(url: str, port: int) -> Iterator[int]:
    with _server(["-m", "benchmarks.bare_webhook", url, str(port)], port, {}) as pid:
        yield pid


@contextmanager
def ours(url: str, port: int) -> Iterator[int]:
    """`wa serve`, and the id of its process."""
    variables = {
        "WA_DATABASE_URL": url.replace("+pysqlite", "").replace("+psycopg", ""),
        "WA_PROVIDER": "meta",
        "WA_API_KEY": "none",
        "WA_APP_SECRET": SECRET,
        "WA_VERIFY_TOKEN": "bench-verify-token",
        "WA_PHONE_NUMBER_ID": NUMBER_ID,
        "WA_SECRET_KEY": "bench-secret-key-of-at-least-32-characters",
    }
    with _server(["-m", "deployments.cli", "serve", "--port", str(port)], port, variables) as pid:
        yield pid


@contextmanager
def _server(arguments: list[str], port: int, variables: dict[str, str]) -> Iterator[int]:
    """A server's process from its first answer on, ended with the block."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WA_")}
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        # In a folder without an .env; what is imported is this one's.
        environment = {
            **kept,
            **variables,
            "PYTHONPATH": os.pathsep.join([str(Path.cwd()), kept.get("PYTHONPATH", "")]),
        }
        process = subprocess.Popen([sys.executable, *arguments], cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(port, process)
            yield process.pid
        except BaseException:
            log.seek(0)
            print(log.read()[-2000:], file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start")


def measure(
    serving: str, kind: str, server: str, load: Child, *, connections: int, count: int, rate: float = 0
) -> Figures:
    """Post to one of them over a new store, first a little, then as asked."""
    port = free_port()
    with store_url(kind, server) as url, {"bare": bare, "ours": ours}[serving](url, port):
        told = {"port": port, "path": PATH, "connections": connections}
        load.ask(json.dumps({**told, "first": 0, "count": 500}))
        figures = json.loads(load.ask(json.dumps({**told, "first": 500, "count": count, "rate": rate})))
        with Store.open(url) as store, store.reading() as connection:
            kept = connection.execute(select(func.count()).select_from(inbound_events)).scalar_one()
            left = connection.execute(select(func.count(inbound_events.c.due_at))).scalar_one()
        assert figures.pop("bad") == 0, figures
        assert kept == 500 + figures.pop("answered"), kept
        return {**figures, "not yet read": left} if serving == "ours" else figures


def main() -> None:
    chosen = options(__doc__, rounds=3, webhooks=20_000, seconds=10)
    with postgres() as server, Child("benchmarks.load") as load:
        for kind in ("postgresql", "sqlite"):
            for connections in MANY:
                size = {"connections": connections, "count": chosen.webhooks}
                contenders = {name: partial(measure, name, kind, server, load, **size) for name in ("bare", "ours")}
                rows = medians(contenders, chosen.rounds)
                show(f"{kind}, {connections} connections", rows, ",.1f")
                bare_row, our_row = rows["bare"], rows["ours"]
                verdict("requests/s, times the bare app's", our_row["requests/s"] / bare_row["requests/s"], 2)
                if connections == max(MANY):
                    verdict("p99, share of the bare app's", our_row["p99 ms"] / bare_row["p99 ms"], 0.5, at_most=True)
            steady = measure("ours", kind, server, load, connections=50, count=STEADY * chosen.seconds, rate=STEADY)
            show(f"{kind}, {STEADY} requests/s", {"ours": steady}, ",.1f")
            verdict("p99 in milliseconds", steady["p99 ms"], 30, at_most=True)


if __name__ == "__main__":
    main()
