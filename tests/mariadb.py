"""A MariaDB server for tests and benchmarks, and databases on it."""

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pymysql
from sqlalchemy import make_url

MACHINE = "mysql://root@127.0.0.1:3306/"
"""Where a machine's own server is, when it lets root in without a password."""

_STARTS_WITHIN_S = 60


class NoServerError(Exception):
    """There is no server, and none can be started; it says why."""


@contextmanager
def mariadb() -> Iterator[str]:
    """The address of a server: `WA_TEST_MARIADB_URL`, the machine's, or one that runs as long as the block."""
    if given := os.environ.get("WA_TEST_MARIADB_URL"):
        yield given
    elif _answers(MACHINE):
        yield MACHINE
    else:
        with tempfile.TemporaryDirectory(prefix="wa-mariadb-") as folder, _started(Path(folder)) as url:
            yield url


@contextmanager
def mariadb_plant(server: str) -> Iterator[str]:
    """The address of a new database; dropped at the end."""
    name = f"wa_{uuid.uuid4().hex[:12]}"
    run(server, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        run(server, f"DROP DATABASE {name}")


def run(url: str, *statements: str) -> list[Any]:
    """Run statements as the account of `url`; gives the rows of the last one."""
    at = make_url(url)
    given: dict[str, Any] = {**at.translate_connect_args(username="user"), **at.query}
    rows: list[Any] = []
    with closing(pymysql.connect(**given, charset="utf8mb4", autocommit=True)) as admin, admin.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
            rows = list(cursor.fetchall())
    return rows


def _answers(url: str) -> bool:
    try:
        run(url, "SELECT 1")
    except pymysql.MySQLError:
        return False
    return True


@contextmanager
def _started(folder: Path) -> Iterator[str]:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    server, installer = (shutil.which(name, path=path) for name in ("mariadbd", "mariadb-install-db"))
    if server is None or installer is None:
        raise NoServerError(f"no MariaDB answers at {MACHINE}, and mariadbd is not installed (package mariadb-server)")
    data, line = folder / "data", folder / "s"
    own = ["--no-defaults", f"--datadir={data}", *(["--user=root"] if os.getuid() == 0 else [])]
    made = subprocess.run(
        [installer, *own, "--auth-root-authentication-method=normal", "--skip-test-db"], capture_output=True, text=True
    )
    if made.returncode:
        raise NoServerError(f"mariadb-install-db ended with {made.returncode}: {made.stderr.strip()[-300:]}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [server, *own, f"--socket={line}", "--skip-networking", f"--pid-file={folder}/pid"], stdout=log, stderr=log
        )
        try:
            url = f"mysql://root@localhost/?unix_socket={line}"
            _wait_for(url, process, folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + _STARTS_WITHIN_S
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > ends:
            raise NoServerError(f"mariadbd did not start: {log.read_text(errors='replace')[-300:]}")
        time.sleep(0.1)
