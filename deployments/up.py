"""`wa up`: Prefect server, `wa serve`, a worker and `wa live` on one machine, started and stopped together."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import hashlib
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from deployments import postgres
from deployments.children import ChildError, Children, check_port, children
from deployments.logs import Say as Say
from deployments.register import POOL
from deployments.supervising import supervise
from wa_integrasi.settings import ProviderName, Settings, load_settings, wa_variables
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import migrate

HOST = "127.0.0.1"
_SERVER_STARTS_WITHIN_S = 120.0
_SERVE_STARTS_WITHIN_S = 30.0
_POSTGRES_STARTS_WITHIN_S = 60.0


@dataclass(frozen=True)
class Place:
    """Where one `wa up` runs: its folder, its ports, and what its children find in their environment."""

    folder: Path
    """For logs and Prefect's files."""
    runs_in: Path
    """Where the processes run, and so where they look for a `.env`."""
    port: int
    prefect_port: int
    environment: Mapping[str, str]
    postgres: bool = False
    """Whether store and Prefect have an embedded PostgreSQL, kept in `folder`."""

    @property
    def service_url(self) -> str:
        """Of `wa serve`."""
        return f"http://{HOST}:{self.port}"

    @property
    def prefect_url(self) -> str:
        """Of the Prefect UI."""
        return f"http://{HOST}:{self.prefect_port}"

    @property
    def settings(self) -> Settings:
        """What the children read."""
        return load_settings(self.environment, self.runs_in / ".env")


@dataclass(frozen=True)
class Up:
    """What runs, and where: with an embedded PostgreSQL the place has its addresses."""

    at: Place
    processes: Children


Job = Callable[[Place, Children, Say], Awaitable[None]]


def own_place(folder: Path, port: int, prefect_port: int) -> Place:
    """The environment as it is; what it does not say about Prefect is kept in `folder`."""
    settings = load_settings()
    secret = settings.secret_key.get_secret_value() if settings.secret_key else kept_secret(folder)
    given = {name: value for name, value in os.environ.items() if name.startswith("PREFECT_")}
    # Flow runs start in folders of their own: there is no .env, and a relative path would mean another file.
    given |= wa_variables() | {
        "WA_DATABASE_URL": settings.database_url.get_secret_value(),
        "WA_SECRET_KEY": secret,
        "WA_MEDIA_PATH": str(settings.media_path),
        "WA_FILES_PATH": str(settings.files_path),
        "WA_CSV_PATH": str(settings.csv_path),
        "WA_ARCHIVE_PATH": str(settings.archive_path),
    }
    return place(folder, port, prefect_port, given, secret, runs_in=Path.cwd())


def place(
    folder: Path, port: int, prefect_port: int, extra: Mapping[str, str], secret: str, runs_in: Path | None = None
) -> Place:
    """Put an environment together: the given one, `extra` over it, and Prefect kept in `folder`."""
    folder = folder.absolute()
    api = f"http://{HOST}:{prefect_port}/api"
    prefect = {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": api,
        "PREFECT_UI_API_URL": api,
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(prefect_port),
        # Prefect's own default lets the page of any site ask it for the blocks with their secrets.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{prefect_port},http://localhost:{prefect_port}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ENCRYPTION_KEY": _fernet_key(secret),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "DO_NOT_TRACK": "1",
    }
    return Place(folder, runs_in or folder, port, prefect_port, {**os.environ, **prefect, **extra})


def kept_secret(folder: Path) -> str:
    """The secret that belongs to `folder`; made when it is first asked for, readable by its owner only."""
    file = folder / "secret.key"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
            output.write(secrets.token_hex(32))
    return file.read_text()


def _fernet_key(secret: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(f"prefect blocks:{secret}".encode()).digest()).decode()


@asynccontextmanager
async def running(at: Place, say: Say, *set_up: Sequence[str], show: Say | None = None) -> AsyncIterator[Up]:
    """Everything up and registered; all of it is stopped at the end of the block.

    `set_up` are further modules to run once Prefect answers, each with its arguments; `show` gets what the processes
    print. Raises `ChildError`, `PostgresError`, `SettingsError`, `StoreError`.
    """
    check_port(HOST, at.port, "--port")
    check_port(HOST, at.prefect_port, "--prefect-port")
    at.settings.account()
    with _alone_in(at.folder):
        async with children(at.environment, at.runs_in, at.folder / "logs", show) as processes:
            if at.postgres:
                at = await _with_postgres(at, say, processes)
            await _start(at, say, processes, set_up)
            yield Up(at, processes)


async def _with_postgres(at: Place, say: Say, processes: Children) -> Place:
    """The place with the addresses of its PostgreSQL server, once that has started."""
    folder = at.folder / "postgres"
    postgres.address_file(folder).unlink(missing_ok=True)
    say("PostgreSQL starts …")
    await processes.start("postgres", ["deployments.postgres", str(folder)])

    async def listens() -> bool:
        return postgres.address_file(folder).exists()

    await _until(listens, "PostgreSQL", _POSTGRES_STARTS_WITHIN_S, processes)
    processes.environment |= postgres.addresses(folder)
    return replace(at, environment=processes.environment)


async def _start(at: Place, say: Say, processes: Children, set_up: Sequence[Sequence[str]]) -> None:
    with Store.open(at.settings.database_url.get_secret_value()) as store:
        await asyncio.to_thread(migrate, store)
    say("Prefect server starts (the first time takes up to half a minute) …")
    health = f"{at.prefect_url}/api/health"
    await processes.start("prefect server", ["deployments.prefect_server", "start", "--host", HOST], 1, health)
    serve = ["deployments.cli", "serve", "--port", str(at.port), "--phone-file", str(at.folder / "phone.db")]
    await processes.start("wa serve", serve, 2, f"{at.service_url}/healthz")
    await _answers(f"{at.service_url}/readyz", _SERVE_STARTS_WITHIN_S, processes)
    await _answers(health, _SERVER_STARTS_WITHIN_S, processes)
    say("Blocks, work pool and deployments are registered …")
    # One after the other: Prefect refuses a block type that two processes register at the same moment.
    await processes.run("wa deploy", ["deployments.cli", "deploy"])
    for module, *arguments in set_up:
        await processes.run(module, [module, *arguments])
    worker = ["prefect", "worker", "start", "--pool", POOL, "--type", "process", "--name", "wa-up"]
    await processes.start("prefect worker", worker, 3)
    await processes.start("wa live", ["deployments.cli", "live"], 3)


async def stay_up(
    at: Place, say: Say, set_up: Sequence[Sequence[str]] = (), job: Job | None = None, show: Say | None = None
) -> None:
    """Run everything until Ctrl-C, or until `job` is done. Raises `DeploymentError`."""
    async with until_signal() as stop:
        work = asyncio.create_task(_stay(at, say, set_up, job, show))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
            else:
                say("Stopping …")
                if job is not None:
                    raise ChildError("stopped before the job was done")
        finally:
            for task in (work, stopped):
                task.cancel()
            await asyncio.gather(work, stopped, return_exceptions=True)


async def _stay(at: Place, say: Say, set_up: Sequence[Sequence[str]], job: Job | None, show: Say | None) -> None:
    async with running(at, say, *set_up, show=show) as up:
        if job is not None:
            await job(up.at, up.processes, say)
            return
        at = up.at
        say(f"Prefect UI  {at.prefect_url}\nConsole     {at.service_url}/console")
        if at.settings.provider is ProviderName.SIMULATOR:
            say(f"Phone       {at.service_url}/simulator/")
        if at.postgres:
            say(f"Store       {at.settings.database_url.get_secret_value()}")
        say(f"Logs        {at.folder / 'logs'}\nCtrl-C stops everything.")
        _tell_systemd("READY=1")
        await supervise(up.processes, say)


def _tell_systemd(word: str) -> None:
    """Say it to the service manager, where one has started us and asked to be told (`Type=notify`)."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, contextlib.suppress(OSError):
            line.sendto(word.encode(), "\0" + address[1:] if address.startswith("@") else address)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder: a second `wa up` there would give the first one's accounts its own addresses."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ChildError(f"another 'wa up' runs in {folder}: stop it, or choose another with --folder") from error
        number = folder / "wa-up.pid"
        number.write_text(f"{os.getpid()}\n")
        try:
            yield
        finally:
            number.unlink(missing_ok=True)


@asynccontextmanager
async def until_signal() -> AsyncIterator[asyncio.Event]:
    """An event that Ctrl-C or SIGTERM sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _answers(url: str, within_s: float, processes: Children) -> None:
    """Wait until `url` answers 200."""

    async def answered() -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(url) as response:
                return response.status == 200
        return False

    async with aiohttp.ClientSession() as session:
        await _until(answered, url, within_s, processes)


async def _until(ready: Callable[[], Awaitable[bool]], what: str, within_s: float, processes: Children) -> None:
    """Wait until `ready`; a child that ends meanwhile is the better message. Raises `ChildError`."""
    watch = asyncio.create_task(processes.watch())
    try:
        async with asyncio.timeout(within_s):
            while not watch.done():
                if await ready():
                    return
                await asyncio.sleep(0.2)
        await watch
    except TimeoutError:
        raise ChildError(f"{what} did not answer within {within_s:.0f} s") from None
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
