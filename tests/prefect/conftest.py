"""A real Prefect server, the real service with its simulated phone, and the demo registered with both."""

import contextlib
import contextvars
import gc
import inspect
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from deployments.cli import main
from deployments.demo.place import demo_place
from deployments.demo.setup import main as set_up_demo
from deployments.serve import build_app
from deployments.up import Place
from tests.ports import free_port
from wa_integrasi.history import History
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate


@dataclass(frozen=True)
class House:
    """Where everything runs, and the two ways to ask how it is."""

    at: Place
    store: Store

    @property
    def history(self) -> History:
        return History(self.store)

    def phone(self) -> list[dict[str, Any]]:
        """What the phone has received."""
        answer = httpx.get(f"{self.at.service_url}/simulator/messages.json")
        return answer.raise_for_status().json()

    def prefect(self, path: str, **filters: Any) -> Any:
        """Ask the Prefect API."""
        answer = httpx.post(f"{self.at.prefect_url}/api/{path}", json=filters)
        return answer.raise_for_status().json()

    def failures(self, flow_run: Any) -> list[str]:
        """What the tasks of a run that failed have said; Prefect tells for a moment of a state that it has not yet."""
        runs = self.prefect("task_runs/filter", flow_runs={"id": {"any_": [str(flow_run)]}})
        return [run["state"]["message"] for run in runs if run["state"] and run["state_name"] == "Failed"]

    def logs(self) -> list[str]:
        """What runs have logged, the newest first; Prefect gives some 200 of it."""
        return [log["message"] for log in self.prefect("logs/filter", sort="TIMESTAMP_DESC")]

    def says(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in this process: a new one would import everything anew."""
        out, err, ended = io.StringIO(), io.StringIO(), []

        def run() -> None:
            umask = os.umask(0o077)
            with pytest.MonkeyPatch.context() as patch, contextlib.chdir(self.at.folder):
                patch.setattr(sys, "argv", ["wa", *arguments])
                try:
                    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                        main()
                except SystemExit as end:
                    ended.append(int(end.code or 0))
                finally:
                    os.umask(umask)

        # A thread has no event loop yet, which the tests may have; the context has where Prefect is.
        thread = threading.Thread(target=contextvars.copy_context().run, args=(run,))
        thread.start()
        thread.join(100)
        [code] = ended
        return subprocess.CompletedProcess(["wa", *arguments], code, out.getvalue(), err.getvalue())

    def wa(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command line as its user does."""
        return subprocess.run(
            [sys.executable, "-m", "deployments.cli", *arguments],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            cwd=self.at.folder,
            env={**self.at.environment, **variables},
        )


def eventually(check: Any, within_s: float = 30) -> Any:
    """What `check` gives once it gives something true."""
    ends = time.monotonic() + within_s
    while not (found := check()) and time.monotonic() < ends:
        time.sleep(0.2)
    return found


@contextmanager
def _process(arguments: list[str], environment: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", *arguments], env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _service(at: Place, store: Store) -> Iterator[None]:
    settings = load_settings(at.environment, at.folder / ".env")
    app = build_app(settings, store, at.service_url, at.folder / "phone.db")
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=at.port, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert eventually(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        thread.join(15)


def _say_goodbye() -> None:
    """Send what Prefect's client still has to tell, while there is a server to hear it."""
    from prefect._internal.concurrency.api import create_call, from_sync
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    async def drain() -> None:
        for told in (APILogWorker.instance().drain(), EventsWorker.drain_all()):
            if inspect.isawaitable(told):
                await told

    from_sync.call_soon_in_loop_thread(create_call(drain)).result()


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demo without its worker: flows run in the test's own process, against everything else for real."""
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    at = demo_place(tmp_path_factory.mktemp("house"), free_port(), free_port())
    fast = {"PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1"}
    server = ["deployments.prefect_server", "start", "--host", "127.0.0.1"]
    with (
        Store.open(at.settings.database_url.get_secret_value()) as store,
        _process(server, {**at.environment, **fast}, at.folder / "server.log"),
    ):
        migrate(store)
        with _service(at, store), pytest.MonkeyPatch.context() as patch:
            assert eventually(lambda: _healthy(at.prefect_url), 90), (at.folder / "server.log").read_text()
            built = House(at, store)
            for name, value in at.environment.items():
                patch.setenv(name, value)
            updates = {PREFECT_API_URL: f"{at.prefect_url}/api", PREFECT_HOME: at.folder / "client"}
            with temporary_settings(updates=updates):
                deployed = built.says("deploy")
                assert deployed.returncode == 0, deployed.stderr
                set_up_demo(at.folder / "plant.db")
                yield built
                _say_goodbye()
                gc.collect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these last. Prefect leaves connections to its API to the garbage collector, whose warnings would otherwise
    meet whatever test happens to run then; our own connections are watched in tests/providers.

    The demo may run earlier: its Prefect is in processes of its own.
    """
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents and item.path.name != "test_demo.py"]
    for item in ours:
        item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
        item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
    items[:] = [item for item in items if item not in ours] + ours


@pytest.fixture(scope="session", autouse=True)
def _no_other_prefect(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of the developer's own Prefect profile reaches these tests."""
    os.environ["PREFECT_PROFILES_PATH"] = str(tmp_path_factory.mktemp("profiles") / "profiles.toml")
